#!/bin/sh
# Writes limits, signals and stdin (what it is, whether it can be written to) as a program inherits them into the file $1, and stays.
{
  grep -E '^Max (core file|processes|address)' /proc/self/limits | tr -s ' '
  grep -E '^Sig(Blk|Ign)' /proc/self/status
  test -p /proc/$$/fd/0 && echo stdin: a pipe
  grep '^flags' /proc/$$/fdinfo/0 | sed 's|.*\(.\)$|access mode: \1|'
} >"$1.part" 2>&1
mv "$1.part" "$1"
exec sleep 1000
