// What is kept of one output stream: its first half and its last half, and how much there was in
// all.
//
// Memory is bounded by about one and a half times the cap, however much is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::guardian {

class Capture {
 public:
  explicit Capture(std::uint64_t cap) : head_max_(cap - cap / 2), tail_max_(cap / 2) {}

  void append(std::string_view bytes);
  std::uint64_t total() const { return total_; }

  // What was kept; between the halves, where something is missing, "[... N bytes cut ...]" on a
  // line of its own. With a cap of 0 nothing at all, since then nobody asked for the text.
  std::string take();

 private:
  void trim_tail();

  std::uint64_t head_max_, tail_max_;
  std::uint64_t total_ = 0;
  std::string head_, tail_;
};

}  // namespace heddle::guardian
