#!/usr/bin/env bash
#
# What runs inside a lab kernel, as root, started by the units beside this file.
#
#   guest.sh prepare   makes the machine what the mode (lab.mode=) asks for
#   guest.sh test      runs every test program and sends the results to the host
#
# Results leave as tar archives, one after the other, through a virtio port: what
# has been sent is safe, whatever becomes of this machine afterwards. For each
# test program there is a directory PASS/PROGRAM with
#   started    when it was started: the last one without a status hangs
#   status     its exit status, as the shell gives it
#   seconds    how long it took
#   gtest.xml  what GoogleTest says, absent after a crash
#   output     what it printed, the end of it
#   left       what it left behind, a line each
# and a file `finished` at the very end.

set -euo pipefail

readonly PROJECT=/mydocker
readonly PORT=/dev/virtio-ports/results
readonly RESULTS=/run/lab-results

# kernel_word NAME: the value of NAME=value on the kernel's command line.
kernel_word() { tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"; }

MODE=$(kernel_word lab.mode)
readonly MODE
# No program takes this long, not even on an emulated machine: it hangs.
LIMIT=$(kernel_word lab.limit)
readonly LIMIT

prepare() {
  # rows and columns of the host's terminal, which a serial line cannot tell
  local terminal
  terminal=$(kernel_word lab.terminal)
  echo "LAB_TERM=${terminal%%:*}" >/run/lab-terminal
  [[ $terminal != *:*:* ]] || { terminal=${terminal#*:}; stty -F /dev/ttyS0 rows "${terminal%:*}" cols "${terminal#*:}"; }

  "$PROJECT/vagrant/provision.sh" swap 1G
  if [[ $MODE == *-controllers ]]; then
    # systemd owns the root's subtree_control and takes back what it does not
    # want itself. So it is asked to want them, as on a host with tuned services.
    systemctl set-property --runtime system.slice CPUWeight=100 IOWeight=100 AllowedCPUs=0-1
  fi
}

# --- what a test must not leave behind ----------------------------------------

# A line for each thing that outlives its maker. systemd's own comes and goes.
inventory() {
  find /sys/fs/cgroup -type d -printf 'cgroup %p\n' |
    grep -Ev '/(system\.slice|user\.slice|init\.scope)(/|$)' || true
  findmnt -rno TARGET,FSTYPE | grep -Ev '^/run/(credentials|user)/' | sed 's/^/mount /'
  echo "propagation of / $(findmnt -rno PROPAGATION /)"
  echo "host name $(hostname)"
  ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/network device \1/'
  ipcs -q | awk '/^0x/ { print "message queue", $2 }'
  awk 'NR > 1 { print "swap", $1 }' /proc/swaps
  processes
  lsns -rno NS,TYPE | sed 's/^/namespace /'
}

# Every process but the kernel's own, those of systemd and of other services,
# this script and what it runs.
processes() {
  ps -ewwo pid=,ppid=,cgroup=,args= | awk '
    $1 == 2 || $2 == 2 { next }
    $3 ~ /(name=systemd|0:):\/(init.scope|user.slice|system.slice\/)/ && $3 !~ /lab-test.service/ { next }
    { parent[$1] = $2; $3 = ""; line[$1] = $0 }
    /tests\/lab\/guest.sh/ { ours[$1] = 1 }
    END {
      for (pid in line)
        if (!(pid in ours) && !(parent[pid] in ours)) {
          sub(/^[0-9]+ [0-9]+ +/, "", line[pid])
          print "process", pid, line[pid]
        }
    }'
}

# left_behind BEFORE: what is there now and was not. The kernel finishes some of
# its cleaning after the last process has ended: a thing counts when it is still
# there after a while. What has gone counts where a test could have taken it
# away; a process that ends late is not the fault of the program that runs then.
left_behind() {
  local try
  for try in 1 2 3 4 5 6; do
    [[ $try -eq 1 ]] || sleep 0.5
    inventory | sort >/run/lab-after
    comm -13 "$1" /run/lab-after >/run/lab-left
    comm -23 "$1" /run/lab-after | grep -Ev '^(process|namespace|cgroup) ' | sed 's/^/gone: /' >>/run/lab-left || true
    [[ -s /run/lab-left ]] || return 0
  done
  cat /run/lab-left
}

# --- running the tests --------------------------------------------------------

send() { tar -C "$RESULTS" -cf - "$@" >"$PORT"; }

# run_one PASS PROGRAM
run_one() {
  local pass=$1 program=$2 dir status=0 start=$SECONDS
  dir=$pass/${program#build/tests/}
  mkdir -p "$RESULTS/$dir"
  cd "$RESULTS/$dir"
  date >started
  send "$dir"

  inventory | sort >/run/lab-before
  (
    cd "$PROJECT"
    export MYDOCKER_LAB=$pass
    exec timeout --kill-after=10 "$LIMIT" "$program" --gtest_output="xml:$RESULTS/$dir/gtest.xml"
  ) </dev/null >/run/lab-output 2>&1 || status=$?
  tail -c 20000 /run/lab-output >output
  left_behind /run/lab-before >left
  echo "$status" >status
  echo $((SECONDS - start)) >seconds
  send "$dir"
  cd /
}

# run_pass PASS [PATTERN]: all programs, or those whose name matches.
run_pass() {
  local program
  while read -r program; do
    run_one "$1" "$program"
  done < <(cd "$PROJECT" && find build/tests -name '*_test' -type f -perm -u+x | grep -E "${2:-.}" | sort)
}

test_all() {
  mkdir -p "$RESULTS"
  {
    echo "kernel $(uname -r)"
    echo "cgroup $("$PROJECT/vagrant/provision.sh" current-cgroup)"
    echo "cpus $(nproc)"
    awk 'NR > 1 { print "swap", $1 }' /proc/swaps
    [[ ! -f /sys/fs/cgroup/cgroup.subtree_control ]] || echo "controllers $(</sys/fs/cgroup/cgroup.subtree_control)"
    # What Vagrant would run, once more: there must be nothing left to do, or say.
    if [[ $MODE == v1 || $MODE == v2 ]]; then
      "$PROJECT/vagrant/provision.sh" lab "$MODE" 2>&1 | sed 's/^/provisioned again: /'
    fi
  } >"$RESULTS/machine"
  send machine

  run_pass "$MODE"
  # Without swap a memory limit ends in the OOM killer: the other half of chapters 7 and 8.
  if [[ $MODE == v1 || $MODE == v2 ]]; then
    swapoff -a
    run_pass "$MODE-noswap" "$(kernel_word lab.noswap)"
  fi
  touch "$RESULTS/finished"
  send finished
}

case ${1:-} in
  prepare) prepare ;;
  test) test_all ;;
  *) echo "usage: guest.sh prepare|test" >&2; exit 2 ;;
esac
