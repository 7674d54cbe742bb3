#include "runtime/descent.h"

#include <string>

#include "runtime/error_payload.h"

namespace heddle {

void Descent::call(Bytes args) {
  result_.begin();
  const int code = app_.call(args.data(), args.size(), &result_);
  if (code != 0 || result_.refused()) [[unlikely]] {
    error = result_.error(code, rank_);
    return;
  }
  if (app_.returns == ElementType::Any) {
    const Bytes part = result_.unkept();
    if (!merge_result(app_.merge, total, part)) error = sizes_differ(total.size(), part.size());
    result_.drop();
    return;
  }
  std::uint8_t value[sizeof result_.value];
  const std::size_t size = result_.element(app_.returns, value);
  (void)merge_result(app_.merge, total, {value, size});
}

bool merge_result(heddle_merge merge, std::vector<std::uint8_t>& total, Bytes part) {
  if (part.empty()) return true;
  if (total.empty()) {
    total.assign(part.begin(), part.end());
    return true;
  }
  if (total.size() != part.size()) return false;
  merge(total.data(), part.data(), part.size());
  return true;
}

std::vector<std::uint8_t> sizes_differ(std::size_t total, std::size_t part) {
  return error_payload("NativeAppError", "ERR_NATIVE_APP",
                       "a task gave " + std::to_string(part) + " bytes, others of the same merge " +
                           std::to_string(total),
                       "give the same number of bytes in every task of an app with `merge`");
}

}  // namespace heddle
