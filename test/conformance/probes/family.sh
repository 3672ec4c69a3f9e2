#!/bin/sh
# A program with a child in its own process group, whose pid goes to the file $1. With $2 both
# ignore TERM.
[ -n "$2" ] && trap '' TERM
sleep 1000 &
echo $! >"$1"
wait
