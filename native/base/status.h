// Operating errors as values. `code` is the stable name that src/errors.ts lists and documents.
#pragma once

#include <string>
#include <utility>

namespace heddle {

struct [[nodiscard]] Status {
  std::string code;     // Empty: success. Else "ERR_...", as in src/errors.ts.
  std::string message;  // What happened, with the values.

  static Status success() { return {}; }
  bool ok() const { return code.empty(); }
};

}  // namespace heddle
