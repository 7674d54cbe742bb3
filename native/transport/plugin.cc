#include "transport/plugin.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/large_memory.h"
#include "transport/limits.h"

namespace heddle {

namespace {

constexpr std::uint64_t charge(std::uint64_t size) { return size + kFrameOverheadBytes; }

// Frames that MPI still reads from, by ticket.
class KeptFrames {
 public:
  std::uint64_t next_ticket() {
    if (free_.empty()) {
      free_.push_back(frames_.size());
      frames_.emplace_back();
    }
    return free_.back();
  }
  // Requires: `ticket` came from `next_ticket`, and nothing was kept since.
  void keep(std::uint64_t ticket, SharedBytes frame) {
    HEDDLE_ASSERT_EQ(ticket, free_.back());
    free_.pop_back();
    frames_[ticket] = std::move(frame);
  }
  // Frees the frame; returns its size.
  std::uint64_t release(std::uint64_t ticket) {
    const SharedBytes frame = std::exchange(frames_[ticket], {});
    free_.push_back(ticket);
    return frame.bytes.size();
  }
  bool empty() const { return free_.size() == frames_.size(); }

 private:
  std::vector<SharedBytes> frames_;
  std::vector<std::uint64_t> free_;
};

class PluginTransport final : public Transport {
 public:
  PluginTransport(const heddle_mpi_api& api, heddle_mpi* mpi, const heddle_mpi_info& info,
                  std::size_t card_size)
      : api_(api),
        mpi_(mpi),
        self_(info.rank),
        ranks_(info.ranks),
        has_remote_peers_(api.has_remote_peers(mpi) != 0),
        neighbours_{info.node_rank, {}},
        kept_(std::make_unique<KeptFrames>()) {
    const auto* cards = static_cast<const std::uint8_t*>(api.cards(mpi));
    neighbours_.cards.assign(cards, cards + info.node_ranks * card_size);
  }

  ~PluginTransport() override {
    // MPI may still read from these.
    if (!closed_ && !kept_->empty()) static_cast<void>(kept_.release());
    api_.destroy(mpi_);
  }

  RankId self() const override { return self_; }
  std::uint32_t ranks() const override { return ranks_; }
  bool has_remote_peers() const override { return has_remote_peers_; }
  Neighbours neighbours() const override { return neighbours_; }

  std::vector<std::uint8_t> gather(Bytes mine) override {
    std::vector<std::uint8_t> all(ranks_ * mine.size());
    api_.gather(mpi_, mine.data(), static_cast<std::uint32_t>(mine.size()), all.data());
    return all;
  }
  Status send(RankId to, SharedBytes& frame) override;
  std::uint32_t poll(std::uint32_t limit, const FrameHandler& on_frame) override;
  void wait(Duration timeout) override {
    // With the last send ended nothing else might end the sleep of one who waits for room.
    if (std::exchange(room_came_, false) || !to_self_.empty()) return;
    api_.wait(mpi_, timeout);
  }
  void wake() override { api_.wake(mpi_); }
  bool close(Duration timeout) override {
    closed_ = api_.close(mpi_, timeout) != 0;
    return closed_;
  }
  void abort(int exit_code) override { api_.abort(mpi_, exit_code); }

 private:
  void release_finished();
  // A frame of `size` bytes is no longer queued.
  void make_room(std::uint64_t size);
  bool receive_from_self(const FrameHandler& on_frame);
  bool receive_from_peer(const FrameHandler& on_frame);

  const heddle_mpi_api& api_;
  heddle_mpi* mpi_;
  RankId self_;
  std::uint32_t ranks_;
  bool has_remote_peers_;
  Neighbours neighbours_;
  bool closed_ = false;
  std::uint64_t queued_bytes_ = 0;  // Of frames kept or in `to_self_`, with their overhead.
  std::unique_ptr<KeptFrames> kept_;
  std::deque<SharedBytes> to_self_;
  bool wants_room_ = false;  // A send was refused, and none has ended since.
  bool room_came_ = false;   // One has, since the last wait.
};

Status PluginTransport::send(RankId to, SharedBytes& frame) {
  HEDDLE_ASSERT(to < ranks_);
  const std::uint64_t size = frame.bytes.size();
  if (Status status = check_frame_size(size); !status.ok()) return status;
  if (queue_is_full(queued_bytes_, size)) {
    release_finished();
    if (queue_is_full(queued_bytes_, size)) {
      wants_room_ = true;
      return queue_full(queued_bytes_, size, to);
    }
  }
  if (to == self_) {
    to_self_.push_back(std::exchange(frame, {}));
    queued_bytes_ += charge(size);
    return Status::success();
  }
  const std::uint64_t ticket = kept_->next_ticket();
  heddle_mpi_error error{};
  const int outcome = api_.send(mpi_, to, frame.bytes.data(), size, ticket, &error);
  if (outcome == HEDDLE_MPI_FAILED) return {error.code, error.message};
  SharedBytes sent = std::exchange(frame, {});
  if (outcome == HEDDLE_MPI_KEPT) {
    kept_->keep(ticket, std::move(sent));
    queued_bytes_ += charge(size);
  }
  return Status::success();
}

void PluginTransport::make_room(std::uint64_t size) {
  queued_bytes_ -= charge(size);
  if (std::exchange(wants_room_, false)) room_came_ = true;
}

void PluginTransport::release_finished() {
  std::array<std::uint64_t, 64> tickets;
  std::uint32_t count = 0;
  do {
    count = api_.finished(mpi_, tickets.data(), tickets.size());
    for (std::uint32_t i = 0; i < count; ++i) make_room(kept_->release(tickets[i]));
  } while (count == tickets.size());
}

std::uint32_t PluginTransport::poll(std::uint32_t limit, const FrameHandler& on_frame) {
  if (!kept_->empty()) release_finished();
  std::uint32_t count = 0;
  // By turns, so that a rank busy with itself still hears the others.
  for (bool any = true; any && count < limit;) {
    any = false;
    if (receive_from_self(on_frame)) {
      any = true;
      if (++count == limit) break;
    }
    if (receive_from_peer(on_frame)) {
      any = true;
      ++count;
    }
  }
  return count;
}

bool PluginTransport::receive_from_self(const FrameHandler& on_frame) {
  if (to_self_.empty()) return false;
  SharedBytes frame = std::move(to_self_.front());
  to_self_.pop_front();
  make_room(frame.bytes.size());
  on_frame(self_, std::move(frame));
  return true;
}

bool PluginTransport::receive_from_peer(const FrameHandler& on_frame) {
  heddle_mpi_frame frame{};
  if (api_.receive(mpi_, &frame) == 0) return false;
  if (frame.owned != 0) {
    std::shared_ptr<const void> owner(frame.data, GiveMemory{frame.size});
    const Bytes bytes{static_cast<const std::uint8_t*>(frame.data), frame.size};
    on_frame(frame.from, {std::move(owner), bytes});
    return true;
  }
  auto copy = std::make_shared_for_overwrite<std::uint8_t[]>(frame.size);
  if (frame.size > 0) std::memcpy(copy.get(), frame.data, frame.size);
  const Bytes bytes{copy.get(), frame.size};
  on_frame(frame.from, {std::shared_ptr<const void>(copy, copy.get()), bytes});
  return true;
}

constexpr heddle_mpi_memory kFrameMemory = {.take = take_memory, .give = give_memory};

// Effect: variables already set stay as they are.
void set_environment() {
  static constexpr std::pair<const char*, const char*> kDefaults[] = {
      // UCX would patch the allocator under Node.js; ranks then crash at random at start.
      {"UCX_MEM_EVENTS", "n"},
      // UCX would take V8's SIGSEGV handler, and a WebAssembly trap would end the rank.
      {"UCX_HANDLE_ERRORS", "none"},
      {"UCX_LOG_LEVEL", "error"},
      // Without a search for the best path, MPI_Init of Open MPI takes 40 ms instead of 240.
      {"OMPI_MCA_pml", "ob1"},
      {"OMPI_MCA_btl", "self,vader,tcp"},
      // Frames of 4 to 16 KiB cost a rendezvous each otherwise: 70,000 a second instead of 390,000.
      {"OMPI_MCA_btl_vader_eager_limit", "16384"},
  };
  for (const auto& [name, value] : kDefaults) setenv(name, value, 0);
}

// Returns null and sets `status` when the library does not fit.
const heddle_mpi_api* load(const std::string& library, Status& status) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    status = {"ERR_MPI_NOT_BUILT", library + " does not load: " + dlerror()};
    return nullptr;
  }
  using Entry = const heddle_mpi_api* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, HEDDLE_MPI_SYMBOL));
  const heddle_mpi_api* api = entry == nullptr ? nullptr : entry();
  if (api == nullptr || api->api_version != HEDDLE_MPI_API_VERSION ||
      api->table_size != sizeof *api) {
    const std::string version = api == nullptr ? "none" : std::to_string(api->api_version);
    status = {"ERR_MPI_NOT_BUILT",
              library + " was built for another version of Heddle: its interface is " + version +
                  ", this one needs " + std::to_string(HEDDLE_MPI_API_VERSION)};
    return nullptr;
  }
  return api;
}

}  // namespace

std::unique_ptr<Transport> open_plugin(const std::string& library, Status& status,
                                       heddle_mpi_info* info, Bytes card) {
  set_environment();
  const heddle_mpi_api* api = load(library, status);
  if (api == nullptr) return nullptr;
  heddle_mpi_error error{};
  heddle_mpi* mpi =
      api->open(&kFrameMemory, card.data(), static_cast<std::uint32_t>(card.size()), &error);
  if (mpi == nullptr) {
    status = {error.code, error.message};
    return nullptr;
  }
  heddle_mpi_info described{};
  api->describe(mpi, &described);
  if (info != nullptr) *info = described;
  return std::make_unique<PluginTransport>(*api, mpi, described, card.size());
}

}  // namespace heddle
