#!/bin/bash
# A real Slurm on two hosts of one machine (two-hosts.sh). Needs root and, besides what those need, the Debian packages
# munge, slurmctld, slurmd, slurm-client and slurm-wlm-basic-plugins; no service of the machine is used or changed.
#
#   slurm.sh serve            start it, print "ready", and run until standard input ends; then nothing of it is left
#   slurm.sh on COMMAND...    run a command where a user would log in (h1): sbatch, salloc, srun, squeue, scancel, ...
#
# HEDDLE_SLURM_DIR  where everything of it lives (default: heddle-slurm in TMPDIR); removed at the end
set -euo pipefail
DIR=${HEDDLE_SLURM_DIR:-${TMPDIR:-/tmp}/heddle-slurm}
HOSTS=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/two-hosts.sh
# Hosts of its own: those of the two-hosts tests may be up at the same time.
export HEDDLE_HOSTS_DIR=$DIR/hosts HEDDLE_HOSTS_NAME=heddle-slurm SLURM_CONF=$DIR/slurm.conf
CPUS=2           # Pretended for each host, whatever the machine has: four ranks fill both hosts.
READY_SECONDS=30 # Takes about two.

die() {
  echo "slurm: $*" >&2
  exit 2
}

configure() {
  mkdir -p "$DIR"/{state,log,run}
  chmod 755 "$DIR"
  dd if=/dev/urandom of="$DIR/munge.key" bs=1024 count=1 status=none
  chmod 600 "$DIR/munge.key"
  # Processes are told by their parents, not by cgroups: a container may have none that can be written.
  printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' >"$DIR/cgroup.conf"
  cat >"$SLURM_CONF" <<CONF
ClusterName=heddle
SlurmctldHost=h1
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge.sock
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool.%n
TmpFS=$DIR/tmp.%n
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/slurmctld
SlurmdLogFile=$DIR/log/slurmd.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
SchedulerParameters=bf_interval=1,sched_min_interval=0
NodeName=h[1-2] CPUs=$CPUS Boards=1 SocketsPerBoard=1 CoresPerSocket=$CPUS ThreadsPerCore=1
PartitionName=test Nodes=ALL Default=YES MaxTime=00:05:00 State=UP
CONF
}

on() {
  local host=$1
  shift
  "$HOSTS" on "$host" "$@"
}

# All in the foreground and on a host: what removes the hosts ends them, and whatever they started.
daemons() {
  on h1 munged --foreground --force --key-file="$DIR/munge.key" --socket="$DIR/munge.sock" --pid-file="$DIR/run/munged.pid" \
    --log-file="$DIR/log/munged" --seed-file="$DIR/munge.seed" &
  for _ in $(seq 100); do
    [ -S "$DIR/munge.sock" ] && break
    sleep 0.05
  done
  on h1 slurmctld -D &
  for host in h1 h2; do
    mkdir -p "$DIR/spool.$host" "$DIR/tmp.$host"
    on $host slurmd -D -N $host &
  done
}

await_ready() {
  local end=$((SECONDS + READY_SECONDS))
  until [ "$(on h1 timeout 5 sinfo --noheader -o '%D %T' 2>/dev/null)" = "2 idle" ]; do
    if [ $SECONDS -ge $end ]; then
      tail -n 20 "$DIR"/log/* >&2
      die "not ready after $READY_SECONDS s"
    fi
    sleep 0.1
  done
}

down() {
  "$HOSTS" down
  wait
  rm -rf "$DIR" "$DIR.lock"
}

serve() {
  for tool in munged slurmctld slurmd sbatch; do
    command -v $tool >/dev/null ||
      die "$tool is missing: apt-get install -y --no-install-recommends munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins"
  done
  [ "$(id -u)" = 0 ] || die "must be root"
  # The lock goes with this process, however it ends; what a killed one left is removed here.
  exec 9>"$DIR.lock"
  flock --nonblock 9 || die "another one runs in $DIR"
  [ ! -e "$DIR" ] || down
  trap down EXIT
  trap 'exit 1' INT TERM HUP
  "$HOSTS" up 9>&-
  configure
  daemons >"$DIR/log/daemons" 2>&1 </dev/null 9>&-
  await_ready 9>&-
  echo ready
  cat >/dev/null 9>&-
}

case ${1:-} in
  serve) serve ;;
  on)
    shift
    [ -e "$SLURM_CONF" ] || die "it is not up: run $0 serve"
    exec "$HOSTS" on h1 "$@"
    ;;
  *) die "serve | on COMMAND..." ;;
esac
