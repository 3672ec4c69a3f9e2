#!/bin/sh
# Runs a daemon until the file $1 is there, a moment longer, and ends it: for-a-while.sh FILE COMMAND…
wanted=$1
shift
"$@" >"$wanted.said" 2>&1 &
daemon=$!
count=0
while [ $count -lt 100 ] && [ ! -s "$wanted" ] && kill -0 $daemon 2>/dev/null; do
  sleep 0.1
  count=$((count + 1))
done
sleep 0.3
kill $daemon 2>/dev/null
wait $daemon
echo "exit $?"
