// msgpack: a writer for what native code says to JavaScript, and a walk over values that native
// code only passes on.
//
// The writer never produces text that a reader could reject: bytes that are no UTF-8 become U+FFFD.
// The walk
// (`scan`) trusts nothing in its input: no recursion, no allocation, and time linear in the bytes
// it looks at. Source: the MessagePack specification,
// github.com/msgpack/msgpack/blob/master/spec.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace heddle {

// Appends values to `out`. The caller keeps the promise of `array` and `map`: that many values
// (pairs) follow.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void nil() { out_.push_back(0xc0); }
  void boolean(bool value) { out_.push_back(value ? 0xc3 : 0xc2); }
  void integer(std::int64_t value);
  void number(double value);
  void text(std::string_view value);  // A str; see `valid_utf8`.
  void binary(Bytes value);
  void binary_head(std::uint32_t bytes);  // So many bytes follow.
  void array(std::uint32_t values);
  void map(std::uint32_t pairs);

  // Of a map: the key, then the value.
  void field(std::string_view key, std::string_view value) { text(key), text(value); }
  void field(std::string_view key, const char* value) { text(key), text(value); }
  void field(std::string_view key, std::int64_t value) { text(key), integer(value); }
  void field(std::string_view key, int value) { text(key), integer(value); }
  void field(std::string_view key, double value) { text(key), number(value); }
  void field(std::string_view key, bool value) { text(key), boolean(value); }
  void field(std::string_view key, std::nullptr_t) { text(key), nil(); }

 private:
  template <typename T>
  void big_endian(std::uint8_t tag, T value);

  std::vector<std::uint8_t>& out_;
};

// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD (one for each
// maximal truncated sequence, as a browser does).
std::string valid_utf8(std::string_view text);

// Writes where each of the `offsets.size() - 1` values that follow each other in `bytes` from
// `position` on begins, and last where they end. Fails with ERR_MSGPACK where a value is cut short,
// is of no known type, or lies beyond 4 GiB; `offsets` is then unspecified. Requires: offsets is
// not empty.
Status scan(Bytes bytes, std::size_t position, std::span<std::uint32_t> offsets);

}  // namespace heddle
