#include "base/msgpack.h"

#include <bit>
#include <limits>

#include "base/assert.h"

namespace heddle {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What may follow a lead byte: how many bytes in all, and the bounds of the second (they exclude
// overlong forms, surrogates and what lies above U+10FFFF). Length 0: no lead byte.
struct Lead {
  std::size_t length;
  std::uint8_t second_min, second_max;
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// One step over `text` from `at`: the length of the well-formed character there, or of the bytes
// that one replacement stands for.
struct Step {
  std::size_t length;
  bool valid;
};

Step step_at(std::string_view text, std::size_t at) {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[at]));
  if (lead.length == 0) return {1, false};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (at + i == text.size()) return {i, false};
    const auto byte = static_cast<std::uint8_t>(text[at + i]);
    const std::uint8_t min = i == 1 ? lead.second_min : 0x80;
    const std::uint8_t max = i == 1 ? lead.second_max : 0xbf;
    if (byte < min || byte > max) return {i, false};
  }
  return {lead.length, true};
}

bool is_valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Step step = step_at(text, at);
    if (!step.valid) return false;
    at += step.length;
  }
  return true;
}

// How to walk over the types 0xc0 to 0xdf.
struct Form {
  std::uint8_t length_width;       // Bytes of the length field; 0: the type alone says it all.
  std::uint8_t extra;              // Bytes of data that the length does not count.
  std::uint8_t values_per_length;  // 0: the length counts bytes.
};

constexpr std::uint8_t kUnassigned = 0xc1;
constexpr Form kForms[32] = {
    {0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0},              // nil, unassigned, false, true
    {1, 0, 0}, {2, 0, 0}, {4, 0, 0},                         // bin
    {1, 1, 0}, {2, 1, 0}, {4, 1, 0},                         // ext, with its type byte
    {0, 4, 0}, {0, 8, 0},                                    // float
    {0, 1, 0}, {0, 2, 0}, {0, 4, 0}, {0, 8, 0},              // uint
    {0, 1, 0}, {0, 2, 0}, {0, 4, 0}, {0, 8, 0},              // int
    {0, 2, 0}, {0, 3, 0}, {0, 5, 0}, {0, 9, 0}, {0, 17, 0},  // fixext, with its type byte
    {1, 0, 0}, {2, 0, 0}, {4, 0, 0},                         // str
    {2, 0, 1}, {4, 0, 1},                                    // array
    {2, 0, 2}, {4, 0, 2},                                    // map
};

// What the type and length of a value say: the bytes that follow its first, and the values nested
// in it.
struct Header {
  std::uint64_t bytes = 0;
  std::uint64_t values = 0;
};

// Bytes of a length field that lie behind the end are taken for zeros: it is cut short anyhow.
Header header_at(Bytes bytes, std::size_t at) {
  const std::uint8_t tag = bytes[at];
  if (tag < 0x80 || tag >= 0xe0) return {0, 0};
  if (tag < 0x90) return {0, 2ull * (tag & 0x0f)};
  if (tag < 0xa0) return {0, static_cast<std::uint64_t>(tag & 0x0f)};
  if (tag < 0xc0) return {static_cast<std::uint64_t>(tag & 0x1f), 0};
  const Form form = kForms[tag - 0xc0];
  std::uint64_t length = 0;
  for (std::size_t i = at + 1; i <= at + form.length_width; ++i) {
    length = length << 8 | (i < bytes.size() ? bytes[i] : 0);
  }
  const std::uint64_t data = form.values_per_length == 0 ? length : 0;
  return {form.length_width + form.extra + data, length * form.values_per_length};
}

Status broken(std::size_t at, const char* why) {
  return {"ERR_MSGPACK", "the msgpack value at byte " + std::to_string(at) + " " + why};
}

// Moves `at` behind the value that begins there.
Status skip(Bytes bytes, std::size_t& at) {
  const std::size_t begin = at;
  std::uint64_t pending = 1;
  while (pending > 0) {
    // Each value takes a byte or more: a count that the rest cannot hold ends here, not after a
    // long walk.
    if (pending > bytes.size() - at) return broken(begin, "is cut short");
    const Header header = header_at(bytes, at);
    if (bytes[at] == kUnassigned) return broken(begin, "has a byte of no known type (0xc1)");
    if (header.bytes > bytes.size() - at - 1) return broken(begin, "is cut short");
    at += 1 + static_cast<std::size_t>(header.bytes);
    pending += header.values - 1;
  }
  return Status::success();
}

}  // namespace

template <typename T>
void MsgpackWriter::big_endian(std::uint8_t tag, T value) {
  out_.push_back(tag);
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void MsgpackWriter::integer(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= -32 && value < 128) {
    out_.push_back(static_cast<std::uint8_t>(bits));
  } else if (value >= std::numeric_limits<std::int32_t>::min() &&
             value <= std::numeric_limits<std::int32_t>::max()) {
    big_endian(0xd2, static_cast<std::uint32_t>(bits));
  } else {
    big_endian(0xd3, bits);
  }
}

void MsgpackWriter::number(double value) { big_endian(0xcb, std::bit_cast<std::uint64_t>(value)); }

void MsgpackWriter::text(std::string_view value) {
  if (!is_valid_utf8(value)) return text(valid_utf8(value));
  HEDDLE_ASSERT(value.size() <= std::numeric_limits<std::uint32_t>::max());
  const auto size = static_cast<std::uint32_t>(value.size());
  if (size < 32) {
    out_.push_back(static_cast<std::uint8_t>(0xa0 | size));
  } else if (size < 0x100) {
    big_endian(0xd9, static_cast<std::uint8_t>(size));
  } else if (size < 0x10000) {
    big_endian(0xda, static_cast<std::uint16_t>(size));
  } else {
    big_endian(0xdb, size);
  }
  out_.insert(out_.end(), value.begin(), value.end());
}

void MsgpackWriter::binary(Bytes value) {
  HEDDLE_ASSERT(value.size() <= std::numeric_limits<std::uint32_t>::max());
  binary_head(static_cast<std::uint32_t>(value.size()));
  out_.insert(out_.end(), value.begin(), value.end());
}

void MsgpackWriter::binary_head(std::uint32_t size) {
  if (size < 0x100) {
    big_endian(0xc4, static_cast<std::uint8_t>(size));
  } else if (size < 0x10000) {
    big_endian(0xc5, static_cast<std::uint16_t>(size));
  } else {
    big_endian(0xc6, size);
  }
}

void MsgpackWriter::array(std::uint32_t values) {
  if (values < 16) {
    out_.push_back(static_cast<std::uint8_t>(0x90 | values));
  } else if (values < 0x10000) {
    big_endian(0xdc, static_cast<std::uint16_t>(values));
  } else {
    big_endian(0xdd, values);
  }
}

void MsgpackWriter::map(std::uint32_t pairs) {
  if (pairs < 16) {
    out_.push_back(static_cast<std::uint8_t>(0x80 | pairs));
  } else if (pairs < 0x10000) {
    big_endian(0xde, static_cast<std::uint16_t>(pairs));
  } else {
    big_endian(0xdf, pairs);
  }
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const Step step = step_at(text, at);
    out += step.valid ? text.substr(at, step.length) : kReplacement;
    at += step.length;
  }
  return out;
}

Status scan(Bytes bytes, std::size_t position, std::span<std::uint32_t> offsets) {
  HEDDLE_ASSERT(!offsets.empty());
  if (position > bytes.size()) return broken(position, "lies behind the end");
  std::size_t at = position;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (at > std::numeric_limits<std::uint32_t>::max()) return broken(at, "lies beyond 4 GiB");
    offsets[i] = static_cast<std::uint32_t>(at);
    if (i + 1 == offsets.size()) break;
    if (Status status = skip(bytes, at); !status.ok()) return status;
  }
  return Status::success();
}

}  // namespace heddle
