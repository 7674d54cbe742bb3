#include "runtime/merge.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace heddle {
namespace {

template <typename T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
  } else {
    return a + b;
  }
}

// Of two, the one that `better` prefers; a NaN before any number.
template <typename T, typename Better>
T choose(T a, T b, Better better) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a)) return a;
    if (std::isnan(b)) return b;
  }
  return better(b, a) ? b : a;
}

template <typename T, auto kCombine>
void merge(void* total, const void* part, std::size_t size) {
  T a, b;
  if (size != sizeof(T)) return;
  std::memcpy(&a, total, sizeof a);
  std::memcpy(&b, part, sizeof b);
  a = kCombine(a, b);
  std::memcpy(total, &a, sizeof a);
}

template <typename T>
heddle_merge merge_of(std::string_view name) {
  constexpr auto kMin = [](T a, T b) { return choose(a, b, [](T x, T y) { return x < y; }); };
  constexpr auto kMax = [](T a, T b) { return choose(a, b, [](T x, T y) { return x > y; }); };
  if (name == "sum") return merge<T, plus<T>>;
  if (name == "min") return merge<T, kMin>;
  return name == "max" ? merge<T, kMax> : nullptr;
}

}  // namespace

heddle_merge builtin_merge(std::string_view name, ElementType element) {
  switch (element) {
    case ElementType::F64:
      return merge_of<double>(name);
    case ElementType::F32:
      return merge_of<float>(name);
    case ElementType::I32:
      return merge_of<std::int32_t>(name);
    case ElementType::U32:
      return merge_of<std::uint32_t>(name);
    case ElementType::U8:
      return merge_of<std::uint8_t>(name);
    case ElementType::I64:
      return merge_of<std::int64_t>(name);
    case ElementType::U64:
      return merge_of<std::uint64_t>(name);
    default:
      return nullptr;
  }
}

}  // namespace heddle
