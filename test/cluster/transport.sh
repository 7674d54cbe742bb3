#!/bin/bash
# The transport contract between two hosts, under both MPIs: frames must go over the network, and do.
#
#   transport.sh [FOLDER]    where mpi-contract and heddle-mpi-*.so are; default: build/Release
#
# Needs root. Ends with 0 when every rank of every job passed.
set -euo pipefail
HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
FOLDER=$(realpath "${1:-$HERE/../../build/Release}")
MEGABYTE=1000000

"$HERE/two-hosts.sh" up
trap '"$HERE/two-hosts.sh" down' EXIT
for flavour in mpich openmpi; do
  for ranks in 2 3; do # With 3, rank 0 has one peer that rings its bell, and one that cannot.
    before=$("$HERE/two-hosts.sh" bytes)
    "$HERE/two-hosts.sh" mpiexec "$flavour" "$ranks" "$FOLDER/mpi-contract" "$FOLDER/heddle-mpi-$flavour.so" --no-colors
    crossed=$((($("$HERE/two-hosts.sh" bytes) - before) / MEGABYTE))
    # The frame of 100 MB alone must show on the cable.
    if [ "$crossed" -lt 100 ]; then
      echo "transport.sh: $flavour, $ranks ranks: only $crossed MB crossed between the hosts" >&2
      exit 1
    fi
    echo "$flavour, $ranks ranks on two hosts: passed, $crossed MB crossed"
  done
done
