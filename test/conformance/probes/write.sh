#!/bin/sh
# Writes $1 lines of $2 characters, one every 0.1 seconds, and stays.
line=$(printf "%0$(($2 - 1))d" 0)
count=0
while [ $count -lt "$1" ]; do
  echo "$line"
  count=$((count + 1))
  sleep 0.1
done
exec sleep 1000
