#!/bin/sh
# Appends "start NAME" and, on TERM, "stop NAME" to the file $2. Takes $3 seconds to stop.
trap 'echo "stop $1" >>"$2"; kill $! 2>/dev/null; sleep "${3:-0}"; echo "gone $1" >>"$2"; exit 0' TERM
echo "start $1" >>"$2"
while :; do sleep 1000 & wait $!; done
