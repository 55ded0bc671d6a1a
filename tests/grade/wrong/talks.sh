#!/bin/sh
# Reports the result on standard output.
[ $# -gt 0 ] || set -- sh
unshare --uts -- "$@"
status=$?
echo "the command has ended with $status"
exit $status
