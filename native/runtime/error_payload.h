// A task's error as the msgpack map that JavaScript turns into an Error (src/serialize/errors.ts).
#pragma once

#include <string_view>
#include <vector>

#include "base/msgpack.h"

namespace heddle {

inline std::vector<std::uint8_t> error_payload(std::string_view name, std::string_view code,
                                               std::string_view message, std::string_view hint) {
  std::vector<std::uint8_t> out;
  MsgpackWriter writer(out);
  writer.map(4);
  writer.field("name", name);
  writer.field("code", code);
  writer.field("message", message);
  writer.field("hint", hint);
  return out;
}

}  // namespace heddle
