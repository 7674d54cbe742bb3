// A fabric of ranks in one process, each with a driver of its own, for the tests of the runtime.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/driver.h"
#include "transport/threads/thread_transport.h"

namespace heddle {

// What the program of one rank hears: waits for news and gathers it.
class Program {
 public:
  void notify() {
    const std::lock_guard guard(lock_);
    rang_ = true;
    bell_.notify_all();
  }

  // Gathers news until `enough(news)`; false after a minute, which no healthy run takes.
  template <typename Enough>
  bool wait(Driver& driver, Enough&& enough) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (;;) {
      take(driver.take_news());
      if (enough(news)) return true;
      std::unique_lock guard(lock_);
      if (!bell_.wait_until(guard, deadline, [&] { return rang_; })) return false;
      rang_ = false;
    }
  }

  News news;  // All of it so far.

 private:
  void take(News more) {
    std::ranges::move(more.records, std::back_inserter(news.records));
    std::ranges::move(more.begun, std::back_inserter(news.begun));
    news.finished.insert(news.finished.end(), more.finished.begin(), more.finished.end());
    news.overdue.insert(news.overdue.end(), more.overdue.begin(), more.overdue.end());
    if (!more.fatal_code.empty())
      news.fatal_code = more.fatal_code, news.fatal_message = more.fatal_message;
    news.closed = news.closed || more.closed;
  }

  std::mutex lock_;
  std::condition_variable bell_;
  bool rang_ = false;
};

class TestFabric {
 public:
  explicit TestFabric(std::uint32_t ranks, std::uint32_t native_slots = 1,
                      std::uint32_t js_workers = 0)
      : TestFabric(ranks, [&](RankId) {
          DriverOptions options;
          options.native_slots = native_slots;
          options.js_workers = js_workers;
          return options;
        }) {}

  template <typename MakeOptions>
    requires std::is_invocable_r_v<DriverOptions, MakeOptions, RankId>
  TestFabric(std::uint32_t ranks, MakeOptions&& make) : hub(ranks) {
    for (RankId rank = 0; rank < ranks; ++rank) {
      programs.push_back(std::make_unique<Program>());
      DriverOptions options = make(rank);
      options.host = "host" + std::to_string(rank);
      options.seed = 17;
      options.notify = [program = programs.back().get()] { program->notify(); };
      Status status;
      drivers.push_back(
          Driver::open(std::move(options), [&](Status&) { return hub.open(rank); }, status));
      REQUIRE(status.ok());
    }
  }
  ~TestFabric() { CHECK(close()); }

  // Every rank but the first closes when it has heard of the end. True when all came.
  bool close() {
    std::vector<std::thread> threads;
    std::vector<int> closed(drivers.size(), 0);
    for (RankId rank = 0; rank < drivers.size(); ++rank) {
      threads.emplace_back([&, rank] {
        if (rank > 0 &&
            !programs[rank]->wait(*drivers[rank], [](const News& news) { return news.closed; }))
          return;
        closed[rank] = drivers[rank]->close(seconds(60)) ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    drivers.clear();
    return std::ranges::count(closed, 0) == 0;
  }

  bool finish(RankId rank, std::uint64_t sequence) {
    return programs[rank]->wait(*drivers[rank], [&](const News& news) {
      return std::ranges::count(news.finished, sequence) == 1;
    });
  }

  ThreadHub hub;
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<std::unique_ptr<Driver>> drivers;
};

// A batch for native slots.
inline BatchHeader native_batch(std::string_view app, ResultMode results, ElementType element) {
  BatchHeader header;
  header.app = app_id(app);
  header.worker = WorkerKind::Native;
  header.results = results;
  header.element = element;
  return header;
}

}  // namespace heddle
