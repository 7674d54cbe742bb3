// One rank of the fabric: what it holds, whom it gave what, and everything it decides.
//
// Sans-IO: `step` takes one event and the time and appends actions; nothing else happens. The
// driver (native/runtime) and the simulator (native/sim) carry the actions out and never look
// inside.
//
// What a rank holds of a batch is a *holding*: the owned batch itself, or a range granted by a
// victim. A range it gives away stays on record with the holding it was cut from until the thief
// has reported every task of it; results travel back along these records and merge on the way. So
// the tree of steals is also the way of results, of cancels and of recovery, and no rank knows more
// than its neighbours in it. When a rank is lost, its victims run again what it has not reported,
// and its thieves drop what they have from it.
//
// A task that waits for tasks of its own is *parked*: its worker is free for others meanwhile, so
// tasks may submit tasks to any depth and never wait for a worker that waits for them.
//
// A task that needs more of its rank than a worker (cores, memory, GPUs) begins when that much is
// free; where not every rank has that much, the owner deals it out. Tasks that need tokens stay
// with their owner until rank 0 grants them; see tokens.h.
//
// Invariants: every unreported task of a holding is in the queue, in a worker's chunk, parked,
// still to be sent to its target, kept back (for tokens) or in one given range; `unfinished` counts
// them.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "scheduler/action.h"
#include "scheduler/event.h"
#include "scheduler/nodes.h"
#include "scheduler/peers.h"
#include "scheduler/queue.h"
#include "scheduler/steal.h"
#include "scheduler/task_time.h"
#include "scheduler/tokens.h"

namespace heddle {

struct RankConfig {
  RankId id = 0;
  std::uint32_t ranks = 1;
  std::vector<WorkerKind> workers;  // The kind of each worker.
  std::uint64_t seed = 0;           // Chooses victims.
  std::string host;
  std::vector<std::pair<std::string, std::uint64_t>> apps;  // Name and fingerprint, sorted by name.
  Duration lost_after = 0;  // Silence of a peer after which it is lost; 0: never.
  bool recover = false;     // Others than rank 0 may be lost: their work runs elsewhere.
  // What each rank has; null: all have as many cores as this one has workers, and nothing else.
  std::shared_ptr<const Capacities> capacities;
  std::shared_ptr<const Nodes> nodes;  // Null: each rank has one of its own.
  TokenCounts tokens{};                // Of each kind, in the whole job.
};

class Rank {
 public:
  explicit Rank(RankConfig config);

  // Appends what is to be done. The first step on more than one rank also greets the neighbours.
  void step(Event event, Instant now, Actions& out);

  // When a Tick is due; kNever: nothing is pending.
  Instant next_timer() const;

  // Does a worker run, or has it set aside, a task whose owner wants to know? Then looks are of
  // use.
  bool watches() const;

  // For the driver's idle policy and for checks: nothing queued, running, held or owed.
  bool quiet() const { return holdings_.empty() && given_.empty(); }
  // Somebody waits for work of this kind, here or on a lifeline, and none is queued.
  bool hungry(WorkerKind kind) const {
    const auto k = static_cast<std::size_t>(kind);
    return queues_[k].empty() && (!idle_[k].empty() || searches_[k].lifelines.anyone_waits());
  }
  std::uint64_t queued(WorkerKind kind) const {
    return queues_[static_cast<std::size_t>(kind)].tasks();
  }
  std::size_t state_size() const { return holdings_.size() + given_.size(); }
  std::size_t grants_out() const { return given_.size(); }
  std::uint64_t waiting_bytes() const;
  const Stats& stats() const { return stats_; }
  // Rank 0: every token is back.
  bool tokens_home() const { return tokens_ == nullptr || tokens_->idle(); }

 private:
  struct Holding {
    BatchRef batch;
    bool owned = false;
    RankId victim = 0;  // Not owned: who gave it, under which grant.
    GrantId grant = 0;
    std::uint64_t unfinished = 0;  // Tasks whose outcome has not reached this holding.
    std::uint64_t local = 0;       // Of these, queued or running here.
    RecordBuffer news;             // To go to the victim or the program.
    std::int64_t window = limits::kResultWindow;  // Payload bytes that may still go to the victim.
    std::uint64_t delivered = 0;  // Owned: payload bytes the program has not consumed.
    std::uint64_t counted = 0;    // Its part of `waiting_`.
    Instant flush_at = kNever;
    std::set<GrantId> owed;    // Given ranges whose thief waits for credit.
    std::uint32_t placed = 0;  // Ranges sent where nobody asked and not yet reported back.
    bool revoked = false;      // Cancelled, but its tokens come back only with its tasks.
  };
  struct Given {
    HeldId held = 0;
    RankId thief = 0;
    Range range;
    std::uint64_t unfinished = 0;
    std::uint64_t owed = 0;  // Payload bytes received and not credited.
    // To run it again, where ranks may be lost: which tasks are unreported, and their arguments.
    RangeSet unreported;
    Arguments arguments;
  };
  struct Worker {
    WorkerKind kind = WorkerKind::Js;
    HeldId held = 0;  // 0: no chunk.
    BatchRef batch;
    Range range;
    Arguments arguments;
    Instant deadline = kNever;
    std::int64_t seen = -1;  // What it ran when it was last looked at; -1: nothing that is watched.
    bool told = false;       // Its owner knows of `seen`.
  };

  // The first task of a kind that does not fit what is free, and since when.
  struct Starving {
    HeldId held = 0;  // 0: none.
    Need need;
    Instant since;
  };
  // Tasks with tokens that a lost rank had: some of them may be running yet, until then.
  struct Cooling {
    Instant until;
    Entry entry;
  };

  struct Parked {
    WorkerId worker = 0;
    HeldId held = 0;
    BatchRef batch;
    Range range;  // One task.
    Arguments arguments;
    bool seen = false, told = false;  // As for a worker.
  };

  // Events (rank.cc).
  void on(Submit& e, Actions& out);
  void on(CancelBatch& e, Actions& out);
  void on(Consumed& e, Actions& out);
  void on(WorkerIdle& e, Actions& out);
  void on(ChunkDone& e, Actions& out);
  void on(TaskParked& e, Actions& out);
  void on(ParkedDone& e, Actions& out);
  void on(WorkerGone& e, Actions& out);
  void on(Received& e, Actions& out);
  void on(Look& e, Actions& out);
  void on(Tick& e, Actions& out);
  void on(Close& e, Actions& out);
  void on(Fail& e, Actions& out);

  // Work (rank_work.cc): who runs what, who is given what, where to look for more.
  void on(RankId from, StealRequest& m, Actions& out);
  void on(RankId from, LifelineRequest& m, Actions& out);
  void on(RankId from, Grant& m, Actions& out);
  // With new work that is meant for this rank and the `span` - 1 ranks before it: those of them who
  // wait get theirs at once.
  void distribute(WorkerKind kind, Actions& out, std::uint32_t span = 1);
  void pay(WorkerKind kind, std::uint32_t span, Actions& out);
  void offer(Actions& out);
  bool run_next(WorkerId worker, Actions& out);
  void put_down(Worker& worker);  // What its chunk took is free again.
  Grant give(WorkerKind kind, const Lifelines::Share& share, const std::optional<Room>& free = {});
  void search(WorkerKind kind, Actions& out);
  void ask(RankId victim, WorkerKind kind, const std::optional<Room>& free, Actions& out);
  void accept(RankId victim, GrantedRange& granted, Actions& out);
  GrantedRange record_given(Entry entry, RankId thief);
  void requeue(const Worker& worker, Range range);
  void fail_parked(WorkerId worker, const std::vector<std::uint8_t>& error, Actions& out);
  void set_deadline(Worker& worker, Instant at);
  // Without workers of a kind a rank passes on work of that kind for those who wait on it; see
  // lifeline.h.
  bool relays(WorkerKind kind) const { return worker_count_[static_cast<std::size_t>(kind)] == 0; }

  // Resources (rank_place.cc): what fits here and now, and what is to run elsewhere.
  Entry* next_entry(WorkerKind kind);
  bool may_overtake(WorkerKind kind, const Need& need) const;
  const Starving& starving_of(WorkerKind kind) const {
    return starving_[static_cast<std::size_t>(kind)];
  }
  bool deals(const BatchHeader& batch) const;
  bool hands_out(const BatchHeader& batch) const;
  template <typename Visit>
  void each_receiver(const BatchHeader& batch, const Visit& visit) const;
  bool any_receiver(const BatchHeader& batch) const;
  void fail_without_receiver(const BatchHeader& batch, Actions& out);
  Room free(WorkerKind kind) const { return free_.room(kind); }
  std::optional<Room> partly_free(WorkerKind kind) const;  // None: nothing is taken.
  Queue::Leaving leaving(WorkerKind kind, const std::optional<Room>& room = {}) const;
  void send_off(Entry entry, Actions& out);  // To the queue, or on its way to its target.
  void place(Actions& out);                  // Sends what is on its way, as far as there is room.
  std::optional<RankId> receiver_of(const BatchHeader& batch, HeldId held);
  std::uint64_t piece_of(const Entry& entry, RankId receiver) const;
  void placed_back(HeldId id, Holding& holding, RankId from);
  void check_receivers(Actions& out);
  bool stranded(const BatchHeader& batch) const;
  void fail_stranded(const BatchHeader& batch, Actions& out);

  // Tokens (rank_tokens.cc): tasks that wait for them, and rank 0's count.
  void on(RankId from, TokenRequest& m, Actions& out);
  void on(RankId from, TokenGrant& m, Actions& out);
  void on(RankId from, TokenReturn& m, Actions& out);
  template <typename M>
  void tell_home(M message, Actions& out) {
    if (config_.id == 0)
      on(0, message, out);
    else
      out.push_back(Send{0, message});
  }
  void keep_for_tokens(Entry entry, Actions& out);
  void release(std::uint64_t sequence, std::uint64_t units, Actions& out);
  void grant_tokens(Actions& out);
  void revoke(HeldId id, Actions& out);
  void report_revoked(HeldId id, const std::vector<Range>& ranges, Actions& out);
  void cooled(Actions& out);
  bool outlived_lease() const;
  bool outlived_by(const Worker& worker) const {
    return worker.held != 0 && worker.batch->need.any_token() && !holdings_.contains(worker.held);
  }
  void end_outlived(Actions& out);
  // So long after a rank was lost nothing that it had given runs any more.
  Duration lease() const { return 2 * config_.lost_after; }

  // Tasks that have begun (rank_begun.cc): their owners are told.
  using BegunByOwner = std::map<RankId, std::vector<BegunTask>>;
  void on(RankId from, TasksBegun& m, Actions& out);
  void look_at(Worker& worker, WorkerId id, std::int64_t current, BegunByOwner& begun);
  void tell_begun(BegunByOwner begun, Actions& out);
  bool wanted(HeldId held) const;

  // Results (rank_results.cc): up the steal tree to the owner's program.
  void on(RankId from, Results& m, Actions& out);
  void on(RankId from, ResultCredit& m, Actions& out);
  void on(RankId from, CancelGrant& m, Actions& out);
  void report(HeldId id, std::vector<Record> records, bool from_here, Actions& out);
  void report_own(HeldId id, std::vector<Record> records, Actions& out);
  void flush(HeldId id, Holding& holding, Actions& out);
  void deliver(HeldId id, Holding& holding, Actions& out);
  void send_results(HeldId id, Holding& holding, Actions& out);
  void forget(HeldId id);
  void set_flush(HeldId id, Holding& holding, Instant at);
  void flush_aged(Actions& out);
  static bool awaited(const BatchHeader& batch) {
    return batch.results == ResultMode::Collect || batch.stream;
  }
  void pay_credit(Holding& holding, Actions& out);
  void cancel(HeldId id, Actions& out);  // Its batch is over.
  void drop(HeldId id, bool lost, Actions& out);
  bool blocked(const BatchHeader& batch) const;
  bool any_to_give(WorkerKind kind) const {
    return queues_[static_cast<std::size_t>(kind)].any_to_give(leaving(kind));
  }
  void recount(Holding& holding);
  std::uint64_t waiting_bytes(const Holding& holding) const {
    return holding.news.payload_bytes() + holding.delivered;
  }

  // Lost ranks (rank_lost.cc): their work runs elsewhere, and nobody waits for them.
  void on(RankId from, Lost& m, Actions& out);
  void learn(const std::vector<RankId>& lost, Actions& out);
  void take_back(RankId lost, Actions& out);
  void take_back(Entry entry);
  void place_anew(RankId lost, Actions& out);
  void drop_orphans(RankId lost, Actions& out);
  void predecessor_lost(Actions& out);

  // Peers (rank.cc): the start, silence, the end.
  void on(RankId from, Hello& m, Actions& out);
  void on(RankId from, AppsDiffer& m, Actions& out);
  void on(RankId from, Fatal& m, Actions& out);
  void on(RankId, Heartbeat&, Actions&) {}
  void on(RankId from, Shutdown& m, Actions& out);
  void on(RankId from, Ping& m, Actions& out);
  void on(RankId from, Pong& m, Actions& out);
  void on(RankId from, StatsRequest& m, Actions& out);
  void on(RankId from, Stats& m, Actions& out);
  Hello hello() const;
  void greet(Actions& out);
  void fail(std::string code, std::string message, Actions& out);
  void shutdown(Actions& out);

  Queue& queue(WorkerKind kind) { return queues_[static_cast<std::size_t>(kind)]; }
  std::vector<WorkerId>& idle(WorkerKind kind) { return idle_[static_cast<std::size_t>(kind)]; }
  Search& searching(WorkerKind kind) { return searches_[static_cast<std::size_t>(kind)]; }
  bool room_for_grants() const { return given_.size() < limits::kGrantsOutMax; }

  RankConfig config_;
  Instant now_;
  Random random_;
  bool greeted_ = false, closed_ = false, failed_ = false;
  bool look_again_ = false;  // A batch is no longer blocked, or there is room for grants again.
  std::array<Queue, kWorkerKinds> queues_;
  Queue outbound_;  // Own batches that run elsewhere: what is not yet sent there.
  std::unordered_map<HeldId, Entry> kept_;  // Own batches that need tokens: what was not granted.
  std::vector<Cooling> cooling_;
  Capacity free_;
  std::array<Starving, kWorkerKinds> starving_;                        // By kind.
  std::unordered_map<HeldId, std::map<RankId, std::uint32_t>> dealt_;  // Pieces under way.
  std::unique_ptr<Tokens> tokens_;                                     // Rank 0.
  bool tokens_moved_ = false;
  std::array<Search, kWorkerKinds> searches_;  // By kind.
  std::array<std::vector<WorkerId>, kWorkerKinds>
      idle_;  // Stacks: the one that went idle last runs first.
  std::array<std::uint32_t, kWorkerKinds> worker_count_{};
  std::vector<Worker> workers_;
  std::unordered_map<std::uint64_t, Parked> parked_;  // By ticket.
  std::uint32_t timed_ = 0;  // Workers with a deadline: mostly none, and then nobody looks for it.
  std::unordered_map<HeldId, Holding> holdings_;
  std::unordered_map<GrantId, Given> given_;
  std::map<std::pair<RankId, GrantId>, HeldId> by_grant_;  // Holdings that are not owned.
  std::unordered_map<std::uint64_t, HeldId> by_sequence_;  // Owned holdings.
  std::unordered_map<BatchId, std::uint64_t>
      waiting_;                    // Payload bytes on this rank, over its holdings.
  std::size_t blocked_count_ = 0;  // Batches of `waiting_` past kHeldBytesMax.
  std::set<std::pair<Instant, HeldId>> flushes_;
  std::array<Instant, kWorkerKinds> offer_at_{kNever, kNever, kNever};  // By kind.
  std::uint32_t patience_ = 1;       // News that nobody waits for may be so many times as old.
  std::vector<BatchId> tombstones_;  // Oldest first.
  std::vector<std::pair<RankId, WorkerKind>> early_;  // Lifeline requests of no thief known yet.
  std::size_t announced_ = 0;  // Lost ranks of the longest list passed down the tree.
  TaskTimes times_;
  Peers peers_;
  Stats stats_;
  HeldId next_held_ = 1;
  GrantId next_grant_ = 1;
};

}  // namespace heddle
