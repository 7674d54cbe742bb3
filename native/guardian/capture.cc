#include "guardian/capture.h"

#include <algorithm>

namespace heddle::guardian {
namespace {

// The tail may overshoot by this much or by half, whichever is more, before its front is dropped:
// moving it then costs a constant per byte written.
constexpr std::uint64_t kSlackMin = 64 * 1024;

}  // namespace

void Capture::append(std::string_view bytes) {
  total_ += bytes.size();
  const auto room =
      static_cast<std::size_t>(std::min<std::uint64_t>(head_max_ - head_.size(), bytes.size()));
  head_ += bytes.substr(0, room);
  bytes.remove_prefix(room);
  if (bytes.empty() || tail_max_ == 0) return;
  tail_ += bytes;
  if (tail_.size() > tail_max_ + std::max(kSlackMin, tail_max_ / 2)) trim_tail();
}

void Capture::trim_tail() {
  if (tail_.size() > tail_max_) tail_.erase(0, tail_.size() - static_cast<std::size_t>(tail_max_));
}

std::string Capture::take() {
  if (head_max_ == 0) return {};
  trim_tail();
  const std::uint64_t cut = total_ - head_.size() - tail_.size();
  if (cut > 0) {
    if (!head_.ends_with('\n')) head_ += '\n';
    head_ += "[... " + std::to_string(cut) + " bytes cut ...]\n";
  }
  head_ += tail_;
  return std::move(head_);
}

}  // namespace heddle::guardian
