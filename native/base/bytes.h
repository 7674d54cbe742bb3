// Bytes: views, owned buffers, shared slices, and little-endian readers and writers that cannot
// overrun.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/large_memory.h"

namespace heddle {

static_assert(std::endian::native == std::endian::little, "the wire format is little-endian");

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Owned bytes of fixed size, not zeroed at birth. Moves, never copies.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : data_(size == 0 ? nullptr : static_cast<std::uint8_t*>(take_memory(size)), {size}),
        size_(size) {
    HEDDLE_ASSERT(size == 0 || data_ != nullptr);  // No memory: there is no way on.
  }

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  Bytes bytes() const { return {data_.get(), size_}; }
  void shrink(std::size_t size) { size_ = size < size_ ? size : size_; }

 private:
  std::unique_ptr<std::uint8_t[], GiveMemory> data_;
  std::size_t size_ = 0;
};

// A view that keeps what it looks at alive.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  Bytes bytes;

  static SharedBytes from(Buffer buffer) {
    auto holder = std::make_shared<Buffer>(std::move(buffer));
    const Bytes view = holder->bytes();
    return {std::move(holder), view};
  }
  SharedBytes slice(std::size_t offset, std::size_t length) const {
    return {owner, bytes.subspan(offset, length)};
  }
};

class Writer {
 public:
  explicit Writer(std::size_t reserve = 64) { out_.reserve(reserve); }

  void u8(std::uint8_t v) { out_.push_back(v); }
  void u32(std::uint32_t v) { raw(&v, sizeof v); }
  void u64(std::uint64_t v) { raw(&v, sizeof v); }
  void i64(std::int64_t v) { raw(&v, sizeof v); }
  void bytes(Bytes v) {  // Length first, as u32 would overflow: u64.
    u64(v.size());
    raw(v.data(), v.size());
  }
  void text(std::string_view v) { bytes(as_bytes(v)); }
  void raw(const void* data, std::size_t size) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    out_.insert(out_.end(), p, p + size);
  }
  std::size_t size() const { return out_.size(); }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  std::vector<std::uint8_t> out_;
};

// Reads past the end give zeros and set `failed()`; check it once, after the last read.
class Reader {
 public:
  explicit Reader(Bytes in) : in_(in) {}

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::int16_t i16() { return number<std::int16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int64_t i64() { return number<std::int64_t>(); }
  Bytes bytes() { return raw(u64()); }
  std::string text() { return std::string(as_text(bytes())); }
  Bytes raw(std::uint64_t size) {
    if (size > in_.size() - at_) {
      failed_ = true;
      at_ = in_.size();
      return {};
    }
    const Bytes out = in_.subspan(at_, static_cast<std::size_t>(size));
    at_ += static_cast<std::size_t>(size);
    return out;
  }
  std::size_t left() const { return in_.size() - at_; }
  std::size_t position() const { return at_; }
  bool failed() const { return failed_; }
  bool finished() const { return !failed_ && at_ == in_.size(); }

 private:
  template <typename T>
  T number() {
    T v{};
    const Bytes from = raw(sizeof v);
    if (!from.empty()) std::memcpy(&v, from.data(), sizeof v);
    return v;
  }

  Bytes in_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace heddle
