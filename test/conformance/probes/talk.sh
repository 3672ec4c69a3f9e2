#!/bin/sh
# Says something on both streams, and stays.
echo "to stdout"
echo "to stderr" >&2
exec sleep 1000
