// Question: what does a frame cost between two ranks, through the library as the engine loads it?
// Expect:   a round trip of a few us while both poll and a few tens when both sleep; large frames
// at memory speed. Read:     one JSON line per case; p50 over the round trips, rates over the whole
// run.
//
//   mpiexec -n 2 mpi-bandwidth LIBRARY [CASE]
//   mpiexec -n 16 mpi-bandwidth LIBRARY idle SECONDS     CPU time that ranks burn while all are
//   idle
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "transport/plugin.h"

namespace heddle {

namespace {

constexpr Duration kSleep = milliseconds(100);

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Bench {
 public:
  Bench(Transport& transport, const heddle_mpi_info& info) : transport_(transport), info_(info) {}

  // Rank 0 sends, rank 1 answers. A sleeper pauses between two rounds, so that its peer is asleep
  // too.
  void round_trip(const char* name, int rounds, bool asleep) {
    std::vector<std::int64_t> times;
    for (int round = 0; round < rounds; ++round) {
      if (transport_.self() == 1) {
        receive(1, asleep);
        send(0, 8);
        continue;
      }
      if (asleep) transport_.wait(milliseconds(2));
      const std::int64_t start = now_ns();
      send(1, 8);
      receive(1, asleep);
      times.push_back(now_ns() - start);
    }
    if (transport_.self() != 0) return;
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
      return 1e-3 * static_cast<double>(
                        times[static_cast<std::size_t>(share * static_cast<double>(times.size()))]);
    };
    std::printf(
        "{\"bench\":\"transport\",\"case\":\"%s\",\"mpi\":\"%s\",\"p50_us\":%.2f,\"p99_us\":%.2f}"
        "\n",
        name, info_.flavour, at(0.5), at(0.99));
  }

  // Rank 0 sends as fast as the queue takes it, rank 1 says when it has everything.
  void stream(const char* name, int frames, std::size_t size) {
    const double cpu_before = cpu_seconds();
    const std::int64_t start = now_ns();
    if (transport_.self() == 1) {
      receive(frames, true);
      return send(0, 8);
    }
    for (int i = 0; i < frames; ++i) send(1, size);
    receive(1, true);
    const double seconds = 1e-9 * static_cast<double>(now_ns() - start);
    std::printf(
        "{\"bench\":\"transport\",\"case\":\"%s\",\"mpi\":\"%s\",\"frames_per_s\":%.0f,\"gb_per_"
        "s\":%.3f,\"cpu_s\":%.2f}\n",
        name, info_.flavour, frames / seconds, 1e-9 * frames * static_cast<double>(size) / seconds,
        cpu_seconds() - cpu_before);
  }

  void idle(int seconds_idle) {
    const Duration cap = transport_.has_remote_peers() ? milliseconds(1) : kSleep;
    const double before = cpu_seconds();
    const std::int64_t end = now_ns() + seconds(seconds_idle);
    while (now_ns() < end) {
      transport_.poll(64, [](RankId, const SharedBytes&) {});
      transport_.wait(cap);
    }
    std::printf(
        "{\"bench\":\"transport\",\"case\":\"idle\",\"mpi\":\"%s\",\"rank\":%u,\"ranks\":%u,\"cpu_"
        "percent\":%.3f}\n",
        info_.flavour, info_.rank, info_.ranks, 100 * (cpu_seconds() - before) / seconds_idle);
  }

 private:
  void send(RankId to, std::size_t size) {
    Buffer filled(size);
    std::memset(filled.data(), 1, size);
    auto frame = SharedBytes::from(std::move(filled));
    while (!transport_.send(to, frame).ok()) {
      transport_.poll(64, [](RankId, const SharedBytes&) {});
      transport_.wait(kSleep);
    }
  }

  void receive(int frames, bool asleep) {
    const auto on_frame = [&frames](RankId, const SharedBytes&) { --frames; };
    while (frames > 0) {
      if (transport_.poll(64, on_frame) == 0 && asleep) transport_.wait(kSleep);
    }
  }

  Transport& transport_;
  const heddle_mpi_info& info_;
};

// All cases, or the one of that name.
void run(Bench& bench, const std::string& only) {
  const auto wanted = [&](const char* name) { return only.empty() || only == name; };
  bench.round_trip("warm-up", 1'000, false);
  if (wanted("awake")) bench.round_trip("awake", 100'000, false);
  if (wanted("asleep")) bench.round_trip("asleep", 1'000, true);
  if (wanted("small frames")) bench.stream("small frames", 2'000'000, 64);
  if (wanted("4 KiB frames")) bench.stream("4 KiB frames", 200'000, 4096);
  if (wanted("64 KiB frames")) bench.stream("64 KiB frames", 40'000, 65'536);
  if (wanted("1 MiB frames")) bench.stream("1 MiB frames", 3'000, 1u << 20);
}

}  // namespace

}  // namespace heddle

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: mpiexec -n RANKS %s LIBRARY [CASE | idle SECONDS]\n", argv[0]);
    return 2;
  }
  heddle::Status status;
  heddle_mpi_info info{};
  const auto transport = heddle::open_plugin(argv[1], status, &info);
  if (transport == nullptr) {
    std::fprintf(stderr, "%s: %s\n", status.code.c_str(), status.message.c_str());
    return 1;
  }
  heddle::Bench bench(*transport, info);
  if (argc > 3 && std::string(argv[2]) == "idle") {
    bench.idle(std::atoi(argv[3]));
  } else if (info.ranks == 2) {
    heddle::run(bench, argc > 2 ? argv[2] : "");
  } else {
    std::fprintf(stderr, "this bench needs 2 ranks, not %u\n", info.ranks);
    transport->abort(2);
  }
  return transport->close(heddle::seconds(60)) ? 0 : 1;
}
