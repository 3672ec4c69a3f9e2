#!/bin/sh
# Stands for a program that serves no port: says hello, waits, and ends in good order when told to.
# sh worker.sh NAME
trap 'echo "$1: closing"; kill "$!"; exit 0' TERM
echo "$1: ready"
while :; do
  sleep 5 &
  wait "$!"
done
