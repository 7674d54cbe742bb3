#include "runtime/spawn_stack.h"

namespace heddle {
namespace {

SharedBytes shared(const void* data, std::size_t size) {
  Buffer buffer(size);
  if (size > 0) std::memcpy(buffer.data(), data, size);
  return SharedBytes::from(std::move(buffer));
}

}  // namespace

Arguments SpawnStack::take_oldest(std::size_t count) {
  const std::size_t bytes = ends_[count - 1];
  Arguments out{0, count, shared(bytes_.data(), bytes), {}, 0};
  const std::size_t stride = ends_.front();
  bool fixed = stride > 0;
  for (std::size_t k = 0; fixed && k < count; ++k) fixed = ends_[k] == (k + 1) * stride;
  if (fixed) {
    out.stride = static_cast<std::uint32_t>(stride);
  } else {
    std::vector<std::uint32_t> offsets{0};
    for (std::size_t k = 0; k < count; ++k) offsets.push_back(static_cast<std::uint32_t>(ends_[k]));
    out.offsets = shared(offsets.data(), offsets.size() * sizeof offsets[0]);
  }
  std::memmove(bytes_.data(), bytes_.data() + bytes, top() - bytes);
  ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t& end : ends_) end -= bytes;
  return out;
}

}  // namespace heddle
