#!/bin/sh
# Crashes after a few seconds, again and again.
echo 'flaky: all is well'
sleep $((3 + $$ % 4))
echo 'flaky: lost the connection to the coffee machine' >&2
exit 1
