#!/bin/sh
# Writes each further argument as a line of so many bytes, in one piece, with $1 seconds between
# them, and stays.
pause=$1
shift
for size; do
  printf "%0$((size - 1))d\n" 0
  sleep "$pause"
done
exec sleep 1000
