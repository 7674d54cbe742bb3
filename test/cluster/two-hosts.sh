#!/bin/bash
# Two hosts on one machine, to test what only happens between hosts. Needs root, iproute2 and util-linux.
#
#   two-hosts.sh up                             make h1 and h2 (does nothing when they are up)
#   two-hosts.sh down                           end what runs on them, and remove them
#   two-hosts.sh on h1 COMMAND...               run a command on a host
#   two-hosts.sh mpiexec mpich|openmpi N COMMAND...    run an MPI job, the first half of its ranks on h1, the rest on h2
#   two-hosts.sh bytes                          bytes that have crossed the cable so far, both directions
#
# A host is a network namespace (joined by a cable to the other, and to nothing else), a host name, an IPC namespace
# and a /dev/shm of its own: no shared memory crosses. Both see the same files and processes.
#
# HEDDLE_HOSTS_DIR      where the namespaces are pinned (default: heddle-two-hosts in TMPDIR)
# HEDDLE_HOSTS_NAME     what the names of the network namespaces begin with (default: heddle)
# HEDDLE_HOSTS_SECONDS  longest run of one MPI job (default: 180)
set -euo pipefail
DIR=${HEDDLE_HOSTS_DIR:-${TMPDIR:-/tmp}/heddle-two-hosts}
NETWORK=192.0.2 # TEST-NET-1: documentation addresses, which never leave the cable.
SELF=$(realpath "${BASH_SOURCE[0]}")
export HEDDLE_HOSTS_DIR=$DIR

die() {
  echo "two-hosts: $*" >&2
  exit 2
}
namespace() { echo "${HEDDLE_HOSTS_NAME:-heddle}-$1"; }
is_up() { [ -e "$DIR/up" ]; }

up() {
  is_up && return
  for tool in ip nsenter unshare; do command -v $tool >/dev/null || die "$tool is missing: apt-get install -y iproute2 util-linux"; done
  [ "$(id -u)" = 0 ] || die "must be root"
  # Those of another folder, perhaps in use: not to be touched.
  [ ! -e "/run/netns/$(namespace h1)" ] || die "there are hosts already, made with another HEDDLE_HOSTS_DIR than $DIR"
  trap down ERR # Leave nothing half made.
  mkdir -p "$DIR"
  for h in h1 h2; do
    mkdir -p "/etc/netns/$(namespace $h)" "$DIR/shm.$h"
    printf '127.0.0.1 localhost\n%s.1 h1\n%s.2 h2\n' $NETWORK $NETWORK >"/etc/netns/$(namespace $h)/hosts"
    ip netns add "$(namespace $h)"
    touch "$DIR/uts.$h" "$DIR/ipc.$h"
    unshare --uts="$DIR/uts.$h" --ipc="$DIR/ipc.$h" hostname $h
    mount -t tmpfs -o mode=1777 "heddle-$h" "$DIR/shm.$h"
  done
  ip -n "$(namespace h1)" link add eth0 type veth peer name eth0 netns "$(namespace h2)"
  for n in 1 2; do
    ip -n "$(namespace h$n)" addr add $NETWORK.$n/24 dev eth0
    ip -n "$(namespace h$n)" link set lo up
    ip -n "$(namespace h$n)" link set eth0 up
  done
  for h in h1 h2; do
    for _ in $(seq 100); do
      ip -n "$(namespace $h)" link show eth0 | grep -q 'state UP' && break
      sleep 0.05
    done
  done
  trap - ERR
  touch "$DIR/up"
}

down() {
  for h in h1 h2; do
    if [ -e "/run/netns/$(namespace $h)" ]; then
      # Whatever runs in the namespace was started there by this script.
      for pid in $(ip netns pids "$(namespace $h)"); do kill -KILL "$pid" 2>/dev/null || true; done
      ip netns delete "$(namespace $h)" || true
    fi
    for file in "$DIR/uts.$h" "$DIR/ipc.$h" "$DIR/shm.$h"; do umount "$file" 2>/dev/null || true; done
    rm -rf "/etc/netns/$(namespace $h)"
    rm -f "$DIR/uts.$h" "$DIR/ipc.$h"
    rmdir "$DIR/shm.$h" 2>/dev/null || true
  done
  rm -f "$DIR/up" "$DIR/agent"
  rmdir "$DIR" 2>/dev/null || true
}

on() {
  local host=$1
  shift
  is_up || die "the hosts are down: run $0 up"
  case $host in h1 | h2) ;; *) die "no host $host: h1 or h2" ;; esac
  # `ip netns exec` gives the command a mount namespace, so this /dev/shm is seen there alone.
  exec nsenter --uts="$DIR/uts.$host" --ipc="$DIR/ipc.$host" ip netns exec "$(namespace "$host")" \
    sh -c 'mount --bind "$0" /dev/shm && exec "$@"' "$DIR/shm.$host" "$@"
}

# Called by mpiexec in place of ssh: options, a host, and a command line for its shell.
agent() {
  while [ "${1#-}" != "$1" ]; do shift; done
  local host=$1
  shift
  on "$host" sh -c "$*"
}

run_mpi() {
  local flavour=$1 ranks=$2
  shift 2
  local half=$(((ranks + 1) / 2)) agent="$DIR/agent"
  printf '#!/bin/sh\nexec bash "%s" agent "$@"\n' "$SELF" >"$agent"
  chmod +x "$agent"
  local -a command
  case $flavour in
    mpich) command=(mpiexec.mpich -launcher ssh -launcher-exec "$agent" -hosts h1,h2 -ppn "$half" -n "$ranks") ;;
    openmpi)
      export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
      command=(mpiexec.openmpi --mca plm_rsh_agent "$agent" --host "h1:$half,h2:$half" --bind-to none -n "$ranks")
      ;;
    *) die "no MPI $flavour: mpich or openmpi" ;;
  esac
  on h1 timeout --kill-after=10 "${HEDDLE_HOSTS_SECONDS:-180}" "${command[@]}" "$@"
}

bytes() {
  local counters
  counters=$(ip netns exec "$(namespace h1)" cat /sys/class/net/eth0/statistics/{rx,tx}_bytes)
  echo $((${counters/$'\n'/+}))
}

case ${1:-} in
  up | down) "$1" ;;
  on | agent) "$@" ;;
  mpiexec)
    [ $# -ge 4 ] || die "mpiexec mpich|openmpi N COMMAND..."
    shift
    run_mpi "$@"
    ;;
  bytes) bytes ;;
  *) die "up | down | on HOST COMMAND... | mpiexec mpich|openmpi N COMMAND... | bytes" ;;
esac
