#!/bin/sh
# The arguments become one text, which a shell splits again.
[ $# -gt 0 ] || set -- sh
exec unshare --uts -- sh -c "$*"
