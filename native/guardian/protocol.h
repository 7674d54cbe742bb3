// What a process slot and its guardian say to each other, over one stream socket.
//
// A frame is a u64 length and that many bytes: first a Message, then its fields. The slot sends
// `run` and later perhaps `kill`; the guardian answers every `run` with one `outcome`. The end of
// the stream is a message too: the rank is gone (the guardian kills everything and ends), or the
// guardian is (the slot starts another). Both ends are always of one build, so the frames carry no
// version.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace heddle::guardian {

enum class Message : std::uint8_t { run = 1, kill = 2, outcome = 3 };

// Descriptor that a guardian finds its end of the socket at.
constexpr int kSocket = 0;

struct Request {
  std::uint64_t id = 0;  // So that a late kill never hits the next command.
  std::string rank_cwd;  // Where the rank is now; empty: where it was before.
  std::vector<std::string> argv;
  std::string cwd, stdin_path, stdout_path, stderr_path;
  bool append_out = false, append_err = false;
  bool make_folders = false;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::uint32_t> cores;  // That the command is bound to; empty: none.
  std::uint64_t capture_bytes = 0;
  Duration walltime = 0;
};

struct Outcome {
  std::string code, message;  // Of a command that never ran; else empty.
  std::int64_t exit_code = 0, signal = 0;
  bool timed_out = false, killed = false, no_space = false;
  bool last =
      false;  // Something could not be killed: the guardian ends, the next command needs a new one.
  std::string out, err;
  std::uint64_t out_bytes = 0, err_bytes = 0;
  Duration elapsed = 0;
};

inline std::vector<std::uint8_t> framed(Writer&& writer) {
  std::vector<std::uint8_t> frame = writer.take();
  const std::uint64_t size = frame.size() - sizeof(std::uint64_t);
  std::memcpy(frame.data(), &size, sizeof size);
  return frame;
}

inline Writer begin_frame(Message message, std::size_t reserve = 256) {
  Writer writer(reserve);
  writer.u64(0);  // The length, known at the end.
  writer.u8(static_cast<std::uint8_t>(message));
  return writer;
}

inline std::vector<std::uint8_t> encode(const Request& request) {
  Writer writer = begin_frame(Message::run, 512);
  writer.u64(request.id);
  writer.text(request.rank_cwd);
  writer.u64(request.argv.size());
  for (const std::string& word : request.argv) writer.text(word);
  for (const std::string* path :
       {&request.cwd, &request.stdin_path, &request.stdout_path, &request.stderr_path}) {
    writer.text(*path);
  }
  writer.u8(static_cast<std::uint8_t>(request.append_out | request.append_err << 1 |
                                      request.make_folders << 2));
  writer.u64(request.env.size());
  for (const auto& [name, value] : request.env) writer.text(name), writer.text(value);
  writer.u64(request.cores.size());
  for (const std::uint32_t core : request.cores) writer.u32(core);
  writer.u64(request.capture_bytes);
  writer.i64(request.walltime);
  return framed(std::move(writer));
}

inline std::vector<std::uint8_t> encode_kill(std::uint64_t id) {
  Writer writer = begin_frame(Message::kill);
  writer.u64(id);
  return framed(std::move(writer));
}

inline std::vector<std::uint8_t> encode(const Outcome& outcome) {
  Writer writer = begin_frame(Message::outcome, 256 + outcome.out.size() + outcome.err.size());
  writer.text(outcome.code), writer.text(outcome.message);
  writer.i64(outcome.exit_code), writer.i64(outcome.signal);
  writer.u8(outcome.timed_out), writer.u8(outcome.killed), writer.u8(outcome.no_space),
      writer.u8(outcome.last);
  writer.text(outcome.out), writer.text(outcome.err);
  writer.u64(outcome.out_bytes), writer.u64(outcome.err_bytes);
  writer.i64(outcome.elapsed);
  return framed(std::move(writer));
}

// The readers take what follows the message byte. False: not the bytes of such a message.
inline bool decode(Reader& in, Request& request) {
  request.id = in.u64();
  request.rank_cwd = in.text();
  for (std::uint64_t n = in.u64(); n > 0 && !in.failed(); --n) request.argv.push_back(in.text());
  for (std::string* path :
       {&request.cwd, &request.stdin_path, &request.stdout_path, &request.stderr_path}) {
    *path = in.text();
  }
  const std::uint8_t flags = in.u8();
  request.append_out = flags & 1;
  request.append_err = flags >> 1 & 1;
  request.make_folders = flags >> 2 & 1;
  for (std::uint64_t n = in.u64(); n > 0 && !in.failed(); --n) {
    std::string name = in.text();
    request.env.emplace_back(std::move(name), in.text());
  }
  for (std::uint64_t n = in.u64(); n > 0 && !in.failed(); --n) request.cores.push_back(in.u32());
  request.capture_bytes = in.u64();
  request.walltime = in.i64();
  return in.finished();
}

inline bool decode(Reader& in, Outcome& outcome) {
  outcome.code = in.text(), outcome.message = in.text();
  outcome.exit_code = in.i64(), outcome.signal = in.i64();
  outcome.timed_out = in.u8() != 0, outcome.killed = in.u8() != 0;
  outcome.no_space = in.u8() != 0, outcome.last = in.u8() != 0;
  outcome.out = in.text(), outcome.err = in.text();
  outcome.out_bytes = in.u64(), outcome.err_bytes = in.u64();
  outcome.elapsed = in.i64();
  return in.finished();
}

// False: the peer is gone. Blocks while the peer's buffer is full.
inline bool send_frame(int socket, Bytes frame) {
  while (!frame.empty()) {
    const ssize_t sent = ::send(socket, frame.data(), frame.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    frame = frame.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

// Cuts the stream into frames. Keeps what was read beyond one for the next.
class FrameReader {
 public:
  enum class Result { frame, nothing, closed };

  explicit FrameReader(int socket) : socket_(socket) {}

  bool holds_bytes() const { return begin_ != end_; }

  // The next frame without its length; the view dies with the next call. `wait`: block until there
  // is one; else `nothing` when it has not arrived whole. `closed`: the peer is gone.
  Result next(bool wait, Bytes& frame) {
    while (true) {
      const Bytes held = Bytes(buffer_).subspan(begin_, end_ - begin_);
      std::uint64_t size = 0;
      if (held.size() >= sizeof size) {
        std::memcpy(&size, held.data(), sizeof size);
        if (held.size() - sizeof size >= size) {
          frame = held.subspan(sizeof size, static_cast<std::size_t>(size));
          begin_ += sizeof size + frame.size();
          return Result::frame;
        }
      }
      const Result result = receive(wait);
      if (result != Result::frame) return result;
    }
  }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;

  Result receive(bool wait) {
    make_room();
    ssize_t got = 0;
    do {
      got = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, wait ? 0 : MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return Result::nothing;
    if (got <= 0) return Result::closed;
    end_ += static_cast<std::size_t>(got);
    return Result::frame;
  }

  void make_room() {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      // The room that a big frame took is given back.
      if (buffer_.size() > 2 * kChunk) buffer_ = std::vector<std::uint8_t>(2 * kChunk);
      return;
    }
    if (buffer_.size() - end_ >= kChunk) return;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    if (buffer_.size() - end_ < kChunk) buffer_.resize(2 * buffer_.size());
  }

  int socket_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(2 * kChunk);
  std::size_t begin_ = 0, end_ = 0;  // Of what was read and not handed out.
};

}  // namespace heddle::guardian
