// The doorbells of the ranks on one host: a small file in shared memory that all of them map.
//
// MPI's word on who shares a host is not enough: containers on one host may have separate /dev/shm.
// So the leader writes a random token into a file with a random name, and who cannot read that very
// token is no neighbour; those who could not try again among themselves. The file's name is gone
// before `open` returns.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "transport/doorbell.h"
#include "transport/mpi/mpi_call.h"

namespace heddle::mpi {

class NodeDoorbells {
 public:
  NodeDoorbells() = default;
  NodeDoorbells(const NodeDoorbells&) = delete;
  NodeDoorbells& operator=(const NodeDoorbells&) = delete;
  ~NodeDoorbells();

  // Collective over all ranks of `node`. Without shared memory every rank is left with a bell of
  // its own.
  void open(MPI_Comm node, RankId self);

  DoorbellCell& own() { return *own_; }
  // Null when that rank shares no memory with this one.
  DoorbellCell* of(RankId rank) const {
    const auto found = cells_.find(rank);
    return found == cells_.end() ? nullptr : found->second;
  }
  // Ranks that can ring this one, itself included.
  std::size_t size() const { return cells_.size(); }

 private:
  // One try among the ranks of `group`. True when this rank shares memory with its leader.
  bool try_open(MPI_Comm group, RankId self, bool& everybody_does);
  void use_private_cell(RankId self);

  DoorbellCell private_cell_;
  DoorbellCell* own_ = &private_cell_;
  std::unordered_map<RankId, DoorbellCell*>
      cells_;  // Of this host only: never O(ranks of the job).
  void* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
};

}  // namespace heddle::mpi
