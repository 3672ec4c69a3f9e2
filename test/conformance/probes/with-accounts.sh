#!/bin/sh
# Runs a command where the file $1 is /etc/passwd and $2 is /etc/group, in a mount namespace of its
# own: with-accounts.sh PASSWD GROUP COMMAND…
if [ -z "$HAS_NAMESPACE" ]; then
  HAS_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi
mount --bind "$1" /etc/passwd
mount --bind "$2" /etc/group
shift 2
unset HAS_NAMESPACE
exec "$@"
