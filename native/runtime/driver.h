// Joins one scheduler, one transport and the rank's threads.
//
// The scheduler's state lies under one lock that is held for a microsecond at a time: workers fetch
// and report chunks, the program submits and the fabric thread delivers frames, each by stepping
// the scheduler itself, so nothing waits for another thread's turn. Only what touches the transport
// is the fabric thread's alone: frames to send are put into an outbox, and the thread is woken. Its
// loop: send, poll, tick, and when nothing happens spin briefly, then sleep on the transport's
// doorbell.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "runtime/brief_mutex.h"
#include "runtime/merge.h"
#include "runtime/node_share.h"
#include "runtime/places.h"
#include "runtime/process/command.h"
#include "runtime/program.h"
#include "runtime/spawner.h"
#include "runtime/worker_slot.h"
#include "scheduler/rank.h"
#include "transport/transport.h"

namespace heddle {

// In the place of a number of slots: as many as the cores that are this rank's share of its node.
constexpr std::uint32_t kShareOfNode = 0xffffffff;

struct DriverOptions {
  std::uint32_t js_workers = 0, process_slots = 0, native_slots = 0;
  NodeCard card;  // The same that the transport was opened with.
  // Where its process has several executors: cores that each takes (0: of what is left), and which
  // it is.
  std::vector<std::uint32_t> cores_taken;
  std::size_t cores_own = 0;
  bool bind = false;                 // Each slot to a core of its own, where there are enough.
  std::vector<std::string> devices;  // GPUs of this rank and of others with the same list.
  std::uint64_t memory = 0;          // Bytes that tasks of this rank may ask for; 0: by the next.
  std::uint64_t node_memory = 0;     // Bytes that ranks of the node share evenly.
  TokenCounts tokens{};              // Of each kind, in the whole job.
  bool sets_threads = true;          // Commands are told OMP_NUM_THREADS.
  std::string guardian_path;
  std::vector<std::pair<std::string, std::uint64_t>> apps;  // Sorted by name.
  std::unordered_map<AppId, CommandTemplate> commands;
  std::unordered_map<AppId, NativeFunction> native_apps;  // Besides the builtin ones.
  Duration spin = microseconds(50);
  Duration lost_after = seconds(4);
  std::string host;
  std::uint64_t seed = 0;
  // Called on any thread, without the lock, when there is news for the main thread and `take_news`
  // was called since the last call.
  std::function<void()> notify;
};

class Driver {
 public:
  // Opens the transport on the fabric thread (MPI wants one thread for all its calls) and starts
  // the workers.
  using Opener = std::function<std::unique_ptr<Transport>(Status&)>;
  static std::unique_ptr<Driver> open(DriverOptions options, const Opener& opener, Status& status);
  ~Driver();

  RankId rank() const { return rank_id_; }
  std::uint32_t ranks() const { return ranks_; }
  // Of a kind; fixed once the driver is open.
  std::uint32_t slots(WorkerKind kind) const;
  // The devices that slot `slot` of a kind has.
  std::vector<std::string> devices(WorkerKind kind, std::uint32_t slot) const;
  // Binds the calling thread, which is that slot's, where slots are bound.
  void bind_slot(WorkerKind kind, std::uint32_t slot) const;
  // For a chunk of tasks that take several cores; afterwards `bind_slot` again.
  static void bind_to(const Work& work);
  // What each rank has; fixed once the driver is open.
  const Capacities& capacities() const { return *capacities_; }
  const Nodes& nodes() const { return *nodes_; }

  // The program's side.
  std::uint64_t submit(BatchHeader header, Range range, Arguments arguments,
                       std::shared_ptr<OwnedBatch> owned);
  void cancel(std::uint64_t sequence);
  void consumed(std::uint64_t sequence, std::uint64_t bytes);
  bool has_news(ClientId client = 0) const { return clients_[client]->has_news.load(); }
  // While the program polls `has_news` by itself, `notify` is not called. After turning it off it
  // must look once more.
  void set_polling(bool on, ClientId client = 0) { clients_[client]->polling.store(on); }
  News take_news(ClientId client = 0);
  // For worker `client` - 1, whose `next` also returns early when there is news for it.
  void set_notify(ClientId client, std::function<void()> notify);
  void fail(std::string code, std::string message);
  Stats stats() const;
  std::vector<Stats> gather_stats(Duration timeout);
  std::vector<std::int64_t> ping(RankId rank, std::uint32_t repetitions, Duration pause);

  // A worker's side; JS workers are 0 .. js_workers-1.
  std::optional<Work> next(WorkerId worker, Duration timeout);
  void finish(WorkerId worker, std::vector<Record> records, Duration elapsed);
  // Sets the task `index` of the worker's chunk aside: `records` cover what lies before it. Returns
  // the ticket that ends it.
  std::uint64_t park(WorkerId worker, std::uint64_t index, std::vector<Record> records,
                     Duration elapsed);
  void finish_parked(std::uint64_t ticket, std::vector<Record> records);
  // What the worker's tasks submitted is cancelled.
  void worker_gone(WorkerId worker, std::optional<std::uint64_t> culprit,
                   std::vector<std::uint8_t> error, std::vector<std::uint8_t> aside_error = {});
  bool closed(WorkerId worker) const { return slots_[worker]->closed(); }
  // Where the worker says which task it runs; see WorkerSlot. As long as the driver is there.
  double& current(WorkerId worker) { return slots_[worker]->current; }

  // A native slot's side, where its app spawns.
  // Somebody waits for work, and none is queued here.
  bool hungry() const { return hungry_.load(std::memory_order_relaxed); }
  // Its chunk was cancelled, or the slot is to end.
  bool ended(WorkerId worker) const {
    return slots_[worker]->interrupted.load(std::memory_order_relaxed) || closed(worker);
  }
  // Tasks that were spawned and run by their slot itself, for the counts.
  void count_spawned(std::uint64_t tasks) { spawned_.fetch_add(tasks); }
  // Makes a batch of `count` tasks that the task of `spawner` spawned.
  void spawn(const std::shared_ptr<Spawner>& spawner, Arguments arguments, std::uint64_t count);
  // The slot has done its own part: `total` is the result of that, or `error`. `records` cover what
  // lies before the task in the chunk.
  void set_aside(WorkerId worker, std::shared_ptr<Spawner> spawner, std::vector<Record> records,
                 Bytes total, std::vector<std::uint8_t> error);

  // Orderly end on every rank; false if the others did not come in time. Afterwards only
  // destruction is allowed.
  bool close(Duration timeout);
  // Kills what runs, then the job. Returns if the job is this process alone.
  void abort(int exit_code);

 private:
  explicit Driver(DriverOptions options);
  void step(Event event);
  void act(const std::function<void()>& change);
  void follow_up();
  void part_done(const std::shared_ptr<Spawner>& spawner);
  void abandon(const std::shared_ptr<Spawner>& spawner);
  News& tell(ClientId client);
  void announce(ClientId client);
  void carry_out(Send& a);
  void carry_out(Run& a);
  void carry_out(Deliver& a);
  void carry_out(Begun& a);
  void carry_out(BatchDone& a);
  void carry_out(Interrupt& a);
  void carry_out(ParkedDropped& a);
  void carry_out(JobFailed& a);
  void carry_out(JobClosed& a);
  void carry_out(Ponged& a);
  void carry_out(StatsArrived& a);
  void settle_slots();
  void settle_ranks();
  Capacity capacity() const;
  bool binds(WorkerKind kind) const;
  void occupy(WorkerId worker, Work& work);
  void vacate(WorkerId worker);
  void start_workers();
  void stop_workers();
  void fabric_main(const Opener& opener, std::promise<Status>& opened);
  void fabric_loop();
  void look();
  bool send_outbox();
  void receive(RankId from, const SharedBytes& frame);
  void native_main(WorkerId worker);
  NativeFunction native_function(AppId id) const;
  void process_main(WorkerId worker);
  void place_command(Command& command, const Work& work, WorkerId slot, std::uint64_t index) const;
  Record run_command(WorkerId worker, const Work& work, std::uint64_t index) const;
  std::vector<WorkerKind> worker_kinds() const;

  DriverOptions options_;
  RankId rank_id_ = 0;
  std::uint32_t ranks_ = 1;
  std::unique_ptr<Transport> transport_;
  NodeShare share_;
  std::uint32_t node_ranks_ = 1;
  std::uint64_t node_lowest_ = 0;     // Rank of this node.
  std::vector<std::string> devices_;  // This rank's.
  std::shared_ptr<const Capacities> capacities_;
  std::shared_ptr<const Nodes> nodes_;

  mutable BriefMutex lock_;  // Everything down to the next blank line.
  std::unique_ptr<Rank> scheduler_;
  Actions actions_;
  std::vector<Send> outbox_;
  struct Client {
    News news;  // Under `lock_`, as is `notify`.
    std::function<void()> notify;
    std::atomic<bool> has_news{false}, notified{false}, polling{false};
  };
  // What running tasks have: cores by kind of worker, devices, and both by worker.
  std::array<Places, kWorkerKinds> free_cores_;
  Places free_devices_;
  struct Occupied {
    std::vector<std::uint32_t> cores, devices;
  };
  std::unordered_map<WorkerId, Occupied> occupied_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<ClientId> told_;  // Have news by this step.
  std::unordered_map<std::uint64_t, std::shared_ptr<OwnedBatch>> owned_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
      consumed_;  // Payload consumed while carrying out.
  std::unordered_map<std::uint64_t, std::shared_ptr<Spawner>> spawners_;  // Set aside, by ticket.
  std::vector<std::shared_ptr<Spawner>> whole_;  // Ended while carrying out.
  std::vector<std::uint64_t> unwanted_;          // Batches of spawners that failed meanwhile.
  std::vector<WorkerId> woken_;
  std::uint64_t next_sequence_ = 1, next_ticket_ = 1;
  std::vector<Stats> stats_;
  std::vector<std::uint8_t> stats_arrived_;
  std::size_t stats_missing_ = 0;
  struct {
    RankId to = 0;
    std::uint32_t left = 0;
    bool chain = false;
    std::vector<std::int64_t> samples;
  } ping_;
  std::condition_variable_any arrived_;  // A pong, or stats.

  std::atomic<bool> stopping_{false};
  std::atomic<int> abort_code_{-1};
  std::atomic<std::int64_t> timer_ns_{kNever.ns}, fabric_wakes_ns_{0};
  std::atomic<std::int64_t> ping_sent_ns_{0};
  std::atomic<bool> hungry_{false};
  std::atomic<std::uint64_t> spawned_{0};
  std::atomic<std::uint64_t> frames_sent_{0}, frames_received_{0}, bytes_sent_{0};
  std::deque<std::pair<RankId, SharedBytes>>
      unsent_;                                  // Fabric thread: refused by the transport for now.
  std::unordered_map<RankId, Message> halves_;  // Fabric thread: their arguments come next.
  Duration close_timeout_ = 0;
  bool closed_in_time_ = true;

  std::vector<std::unique_ptr<WorkerSlot>> slots_;
  std::vector<std::unique_ptr<ProcessSlot>> process_slots_;  // By worker - js_workers.
  std::vector<std::thread> threads_;
  std::thread fabric_;
  std::thread::id fabric_id_;
};

}  // namespace heddle
