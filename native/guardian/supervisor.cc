#include "guardian/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "guardian/tree.h"

namespace heddle::guardian {
namespace {

// No pipe holds more without privileges; what somebody outside of the tree still writes is not
// waited for.
constexpr std::size_t kDrainMax = 1 << 20;

// Reads what is in the pipe now, at most `limit` bytes.
void read_available(const Stream& stream, Capture& capture, std::size_t limit) {
  static char chunk[64 * 1024];  // A whole pipe in one call.
  while (stream.reader.valid() && limit > 0) {
    const ssize_t got = read(stream.reader.get(), chunk, std::min(sizeof chunk, limit));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    capture.append({chunk, static_cast<std::size_t>(got)});
    limit -= static_cast<std::size_t>(got);
  }
}

void clear(int signals) {
  signalfd_siginfo pending;
  while (read(signals, &pending, sizeof pending) < 0 && errno == EINTR) {
  }
}

}  // namespace

struct Supervisor::Job {
  Job(const Request& of, Child& started, Instant at)
      : request(of), child(started), begin(at), out(of.capture_bytes), err(of.capture_bytes) {}

  const Request& request;
  Child& child;
  Instant begin;
  Capture out, err;
  Phase phase = Phase::running;
  Instant deadline = kNever;  // Of the phase.
  Instant give_up = kNever;
  std::optional<int> status;  // Of the main process, when it was reaped.
  Instant end;                // Of the main process.
  bool tree_gone = false;
  bool timed_out = false, killed = false, rank_gone = false;
};

Instant now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return {time.tv_sec * seconds(1) + time.tv_nsec};
}

bool Supervisor::run(const Request& request, Outcome& outcome) {
  Child child;
  const Instant begin = now();
  if (const Status status = launch(request, child); !status.ok()) {
    outcome.code = status.code;
    outcome.message = status.message;
    return true;
  }
  Job job(request, child, begin);
  if (request.walltime > 0) job.deadline = begin + request.walltime;
  // What came together with the request wakes no poll: a kill, and the end of the rank after it.
  if (slot_.holds_bytes()) listen(job);
  while (!job.tree_gone && now() < job.give_up) {
    advance(job);
    wait(job);
  }
  finish(job, outcome);
  return !job.rank_gone;
}

void Supervisor::wait(Job& job) {
  pollfd on[4] = {{signals_, POLLIN, 0},
                  {job.child.out.reader.get(), POLLIN, 0},
                  {job.child.err.reader.get(), POLLIN, 0},
                  {job.rank_gone ? -1 : socket_, POLLIN, 0}};
  timespec left{};
  if (job.deadline != kNever) {
    const Duration rest = std::max<Duration>(0, job.deadline - now());
    left = {rest / seconds(1), rest % seconds(1)};
  }
  if (ppoll(on, 4, job.deadline == kNever ? nullptr : &left, nullptr) <= 0) return;
  if (on[0].revents != 0) reap(job);
  if (job.tree_gone) return;  // `finish` reads what is left in the pipes.
  // One chunk a turn, so that a flood on one stream starves neither the other nor the clock.
  if (on[1].revents != 0) read_available(job.child.out, job.out, 64 * 1024);
  if (on[2].revents != 0) read_available(job.child.err, job.err, 64 * 1024);
  if (on[3].revents != 0) listen(job);
}

void Supervisor::reap(Job& job) {
  clear(signals_);
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0) job.tree_gone = true;  // ECHILD: all that ran below is dead and reaped.
    if (pid <= 0) return;
    if (pid == job.child.pid) job.status = status, job.end = now();
  }
}

void Supervisor::listen(Job& job) {
  Bytes frame;
  while (true) {
    const FrameReader::Result result = slot_.next(false, frame);
    if (result == FrameReader::Result::nothing) return;
    if (result == FrameReader::Result::closed) {
      job.rank_gone = true;
      return;
    }
    Reader in(frame);
    const bool is_kill = in.u8() == static_cast<std::uint8_t>(Message::kill);
    if (is_kill && in.u64() == job.request.id && job.phase == Phase::running && !job.status)
      job.killed = true;
  }
}

void Supervisor::advance(Job& job) {
  if (job.tree_gone) return;
  const Instant time = now();
  if (job.phase == Phase::running) {
    job.timed_out = !job.status && !job.killed && time >= job.deadline;
    if (job.killed || job.timed_out) {
      terminate_tree();
      job.phase = Phase::terminating;
      job.deadline = time + kGrace;
    }
  }
  const bool is_over = job.rank_gone || (job.phase == Phase::running && job.status);
  if (job.phase != Phase::killing && (is_over || time >= job.deadline)) {
    job.phase = Phase::killing;
    job.give_up = time + kGiveUp;
  }
  if (job.phase == Phase::killing) {
    // Once it was reaped, its number may come to name somebody else's group.
    kill_tree(job.status ? 0 : job.child.pid);
    job.deadline = time + kKillAgain;
  }
}

void Supervisor::finish(Job& job, Outcome& outcome) {
  read_available(job.child.out, job.out, kDrainMax);
  read_available(job.child.err, job.err, kDrainMax);
  const int status = job.status.value_or(SIGKILL);  // It did not even die: as good as killed.
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  outcome.timed_out = job.timed_out;
  outcome.killed = job.killed;
  outcome.last = !job.tree_gone;
  outcome.out = job.out.take();
  outcome.err = job.err.take();
  outcome.out_bytes = job.out.total();
  outcome.err_bytes = job.err.total();
  outcome.elapsed = (job.status ? job.end : now()) - job.begin;
  for (const auto& [path, stream] : {std::pair(&job.request.stdout_path, &job.child.out),
                                     std::pair(&job.request.stderr_path, &job.child.err)}) {
    if (!path->empty() && device_is_full(stream->child)) outcome.no_space = true;
  }
}

}  // namespace heddle::guardian
