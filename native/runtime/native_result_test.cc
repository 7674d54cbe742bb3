#include "runtime/native_result.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string_view>

namespace heddle {
namespace {

std::string_view text_of(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has(const std::vector<std::uint8_t>& bytes, std::string_view text) {
  return text_of(bytes).find(text) != std::string_view::npos;
}

TEST_CASE("native result: bytes of one task after the other are msgpack values in a row") {
  NativeResult result;
  result.begin();
  CHECK(heddle_result_bytes(&result, "ab", 2) == 0);
  result.keep();
  result.begin();  // A task that gives none.
  result.keep();
  result.begin();  // One that thinks again: the last word counts.
  std::memset(heddle_result_reserve(&result, 300), 'x', 300);
  std::memset(heddle_result_reserve(&result, 1), 'c', 1);
  result.keep();
  CHECK(result.take() == std::vector<std::uint8_t>{0xc4, 2, 'a', 'b', 0xc4, 0, 0xc4, 1, 'c'});
  CHECK(result.kept_bytes() == 0);
}

TEST_CASE("native result: room for no bytes is no refusal") {
  NativeResult result;
  result.begin();
  CHECK(heddle_result_reserve(&result, 0) != nullptr);
  CHECK(heddle_result_bytes(&result, nullptr, 0) == 0);
  result.keep();
  CHECK(result.take() == std::vector<std::uint8_t>{0xc4, 0});
}

TEST_CASE("native result: too many bytes are refused, and the task fails whatever it returns") {
  NativeResult result;
  result.begin();
  const std::vector<char> huge(HEDDLE_RESULT_BYTES_MAX + 1);
  CHECK(heddle_result_bytes(&result, huge.data(), huge.size()) == -1);
  CHECK(result.refused());
  const auto error = result.error(0, 0);
  CHECK(has(error, "the result has 67108865 bytes; the most is 67108864"));
  result.begin();
  CHECK_FALSE(result.refused());  // The next task is another matter.
}

TEST_CASE("native result: an error has the number, the text and the rank, and leaves no bytes") {
  NativeResult result;
  result.begin();
  CHECK(heddle_result_bytes(&result, "ab", 2) == 0);
  CHECK(heddle_result_error(&result, 7, "no such block") == 7);
  const auto error = result.error(7, 3);
  CHECK(has(error, "the native app returned 7: no such block"));
  CHECK(has(error, "ERR_NATIVE_APP"));
  CHECK(has(error, "\xa6number\x07"));
  CHECK(has(error, "\xa4rank\x03"));
  CHECK(result.take().empty());
  result.begin();
  CHECK(has(result.error(8, 3), "the native app returned 8\xa4"));  // No text of an earlier task.
}

TEST_CASE("native result: a value is zero before each call, and text of any bytes becomes UTF-8") {
  NativeResult result;
  result.begin();
  result.value.i64 = -1;
  result.begin();
  CHECK(result.value.u64 == 0);
  heddle_result_error(&result, 1, "\xff");
  CHECK(has(result.error(1, 0), "returned 1: \xEF\xBF\xBD"));
}

}  // namespace
}  // namespace heddle
