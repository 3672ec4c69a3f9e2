#!/bin/sh
# Appends the name of each signal that arrives to the file $1, and stays, unless it is told by $2
# at which one to end.
for name in TERM INT HUP QUIT USR1 USR2 WINCH CONT; do
  trap "echo $name >>'$1'; [ '$2' = $name ] && { kill \$sleeper; exit 0; }" $name
done
while :; do
  sleep 1000 & sleeper=$!
  while kill -0 $sleeper 2>/dev/null; do wait $sleeper; done
done
