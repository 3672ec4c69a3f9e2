#!/bin/sh
# Stands for a program that serves no port: says that it is ready, and is there.
# sh worker.sh NAME
echo "$1: ready"
exec sleep 1000000
