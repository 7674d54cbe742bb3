#include "scheduler/rank.h"

#include <algorithm>

#include "base/assert.h"

namespace heddle {
namespace {

std::uint64_t fingerprint_of(const std::vector<std::pair<std::string, std::uint64_t>>& apps) {
  std::uint64_t hash = fnv1a("heddle");
  for (const auto& [name, print] : apps)
    hash = fnv1a(std::to_string(print), fnv1a(name + "\n", hash));
  return hash;
}

using AppList = std::vector<std::pair<std::string, std::uint64_t>>;

const std::uint64_t* find_app(const AppList& apps, const std::string& name) {
  for (const auto& app : apps) {
    if (app.first == name) return &app.second;
  }
  return nullptr;
}

// The first few differences between two lists of apps, in words.
std::string differences(const AppList& here, const AppList& there, RankId peer) {
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> found;
  const std::string other = "rank " + std::to_string(peer);
  for (const auto& [name, print] : here) {
    const auto* match = find_app(there, name);
    if (match == nullptr)
      found.push_back("\"" + name + "\" is not defined on " + other);
    else if (*match != print)
      found.push_back("\"" + name + "\" has another definition on " + other);
  }
  for (const auto& [name, print] : there) {
    if (find_app(here, name) == nullptr)
      found.push_back("\"" + name + "\" is defined only on " + other);
  }
  std::string out;
  for (std::size_t k = 0; k < std::min(found.size(), kNamed); ++k)
    out += (k == 0 ? "" : "; ") + found[k];
  if (found.size() > kNamed) out += "; and " + std::to_string(found.size() - kNamed) + " more";
  return out;
}

}  // namespace

Rank::Rank(RankConfig config)
    : config_(std::move(config)),
      random_(config_.seed ^ (0x9e3779b97f4a7c15ull * (config_.id + 1))),
      searches_{Search(config_.id, config_.ranks), Search(config_.id, config_.ranks),
                Search(config_.id, config_.ranks)},
      peers_(config_.id, config_.ranks, config_.lost_after) {
  HEDDLE_ASSERT(config_.id < config_.ranks);
  if (config_.id == 0 && config_.tokens != TokenCounts{})
    tokens_ = std::make_unique<Tokens>(config_.tokens);
  for (Search& search : searches_) search.skip_random();
  workers_.reserve(config_.workers.size());
  for (const WorkerKind kind : config_.workers) {
    workers_.push_back(
        {.kind = kind, .held = 0, .batch = {}, .range = {}, .arguments = {}, .deadline = kNever});
    ++worker_count_[static_cast<std::size_t>(kind)];
  }
  stats_.host = config_.host;
  if (config_.capacities == nullptr)
    config_.capacities = std::make_shared<const Capacities>(config_.ranks, Capacity{worker_count_});
  if (config_.nodes == nullptr) config_.nodes = std::make_shared<const Nodes>(config_.ranks);
  free_ = config_.capacities->of(config_.id);
  for (std::size_t k = 0; k < kWorkerKinds; ++k) HEDDLE_ASSERT(free_.cores[k] >= worker_count_[k]);
}

void Rank::step(Event event, Instant now, Actions& out) {
  HEDDLE_ASSERT(now >= now_);  // Time is an input, and it never runs backwards.
  now_ = now;
  if (!greeted_) greet(out);
  if (closed_ && !std::holds_alternative<Received>(event)) return;
  if (outlived_lease()) return end_outlived(out);
  std::visit([&](auto& e) { on(e, out); }, event);
  while (std::exchange(tokens_moved_, false)) grant_tokens(out);
  if (!std::exchange(look_again_, false)) return;
  for (const WorkerKind kind : {WorkerKind::Js, WorkerKind::Process, WorkerKind::Native}) {
    if (!queue(kind).empty() || starving_of(kind).held != 0) distribute(kind, out, config_.ranks);
  }
  if (!outbound_.empty()) place(out);
}

Instant Rank::next_timer() const {
  if (closed_) return kNever;
  Instant next = peers_.next_timer();
  if (!flushes_.empty()) next = std::min(next, flushes_.begin()->first);
  for (const Instant at : offer_at_) next = std::min(next, at);
  for (const Cooling& one : cooling_) next = std::min(next, one.until);
  if (tokens_ != nullptr) next = std::min(next, tokens_->next_expiry());
  if (timed_ == 0) return next;
  for (const Worker& worker : workers_) next = std::min(next, worker.deadline);
  return next;
}

void Rank::on(Received& e, Actions& out) {
  if (peers_.is_lost(e.from)) {  // It was slow, not dead. What it had runs elsewhere by now.
    if (!closed_) out.push_back(Send{e.from, Lost{peers_.lost()}});
    return;
  }
  peers_.heard(e.from, now_);
  if (closed_) return;
  std::visit([&](auto& m) { on(e.from, m, out); }, e.message);
}

void Rank::on(Tick&, Actions& out) {
  flush_aged(out);
  offer(out);
  cooled(out);
  for (WorkerId id = 0; timed_ > 0 && id < workers_.size(); ++id) {
    if (workers_[id].deadline > now_) continue;
    set_deadline(workers_[id], kNever);
    if (outlived_by(workers_[id])) return end_outlived(out);
    out.push_back(Interrupt{id, true});
  }
  if (peers_.beat_due(now_)) {
    peers_.beat(now_);
    out.push_back(Send{peers_.successor(), Heartbeat{}});
  }
  if (peers_.predecessor_lost(now_)) predecessor_lost(out);
}

Hello Rank::hello() const { return {fingerprint_of(config_.apps), config_.host}; }

void Rank::greet(Actions& out) {
  greeted_ = true;
  if (config_.ranks < 2) return;
  if (config_.recover) peers_.watch(now_);
  if (config_.id != 0) out.push_back(Send{peers_.parent(), hello()});
  if (config_.id == 0 || peers_.successor() != peers_.parent())
    out.push_back(Send{peers_.successor(), hello()});
}

void Rank::on(RankId from, Hello& m, Actions& out) {
  if (from == peers_.predecessor()) peers_.predecessor_host = m.host;
  const bool child = from != 0 && (from & (from - 1)) == config_.id;
  if (child && m.fingerprint != fingerprint_of(config_.apps))
    out.push_back(Send{from, AppsDiffer{config_.apps}});
}

void Rank::on(RankId from, AppsDiffer& m, Actions& out) {
  fail("ERR_APP_MISMATCH",
       "rank " + std::to_string(config_.id) + " on host " + config_.host +
           " has other apps than rank " + std::to_string(from) + ": " +
           differences(config_.apps, m.apps, from),
       out);
}

void Rank::on(RankId, Fatal& m, Actions& out) {
  fail(std::move(m.code), std::move(m.message), out);
}

void Rank::on(Fail& e, Actions& out) { fail(std::move(e.code), std::move(e.message), out); }

void Rank::fail(std::string code, std::string message, Actions& out) {
  if (failed_) return;  // The first failure is the one to tell.
  failed_ = true;
  if (config_.id == 0)
    out.push_back(JobFailed{std::move(code), std::move(message)});
  else
    out.push_back(Send{0, Fatal{std::move(code), std::move(message)}});
}

void Rank::on(Close&, Actions& out) { shutdown(out); }

void Rank::on(RankId, Shutdown&, Actions& out) { shutdown(out); }

void Rank::shutdown(Actions& out) {
  closed_ = true;
  peers_.stop();
  for (const RankId child : peers_.children()) out.push_back(Send{child, Shutdown{}});
  out.push_back(JobClosed{});
}

void Rank::on(RankId from, Ping& m, Actions& out) { out.push_back(Send{from, Pong{m.nonce}}); }

void Rank::on(RankId, Pong& m, Actions& out) { out.push_back(Ponged{m.nonce}); }

void Rank::on(RankId from, StatsRequest&, Actions& out) { out.push_back(Send{from, stats_}); }

void Rank::on(RankId from, Stats& m, Actions& out) {
  out.push_back(StatsArrived{from, std::move(m)});
}

}  // namespace heddle
