#include "runtime/native_library.h"

#include <doctest/doctest.h>

namespace heddle {
namespace {

constexpr const char* kLibrary = "libm.so.6";  // Every machine has it.

TEST_CASE("native library: a function has one number however often it is loaded") {
  std::uint32_t cosine = 0, sine = 0, again = 0;
  CHECK(load_native(kLibrary, "cos", cosine).ok());
  CHECK(load_native(kLibrary, "sin", sine).ok());
  CHECK(load_native(kLibrary, "cos", again).ok());
  CHECK(cosine == again);
  CHECK(cosine != sine);
  CHECK((loaded_native(cosine) != nullptr));
  CHECK((loaded_native(1'000'000) == nullptr));
}

TEST_CASE("native library: a missing file and a missing function are told apart by name") {
  std::uint32_t number = 0;
  const Status file = load_native("/no/such/file.so", "f", number);
  CHECK(file.code == "ERR_NATIVE_LIBRARY");
  CHECK(file.message.find("/no/such/file.so: cannot open") != std::string::npos);
  const Status function = load_native(kLibrary, "no_such_function", number);
  CHECK(function.code == "ERR_NATIVE_SYMBOL");
  CHECK(function.message.find("no_such_function") != std::string::npos);
}

}  // namespace
}  // namespace heddle
