#!/bin/sh
# Writes limits, signals and stdin as a program inherits them into the file $1, and stays.
{
  grep -E '^Max (core file|processes|address)' /proc/self/limits | tr -s ' '
  grep -E '^Sig(Blk|Ign)' /proc/self/status
  ls -l /proc/$$/fd/0 | sed 's|.*-> ||; s|[0-9][0-9]*|N|'
} >"$1.part" 2>&1
mv "$1.part" "$1"
exec sleep 1000
