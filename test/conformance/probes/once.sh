#!/bin/sh
# Ends as $2 says, an exit code or a signal, when it is run for the first time, after $3 seconds;
# afterwards it stays. The file $1 remembers.
if [ -e "$1" ]; then exec sleep 1000; fi
: >"$1"
sleep "${3:-1.6}"
case $2 in
  [0-9]*) exit "$2" ;;
  *) kill -"$2" $$; sleep 5 ;;
esac
