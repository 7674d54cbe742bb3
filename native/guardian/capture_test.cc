#include "guardian/capture.h"

#include <doctest/doctest.h>

#include <string>

namespace heddle::guardian {
namespace {

TEST_CASE("output up to the cap is kept whole, however it arrives") {
  for (const std::size_t piece : {1u, 3u, 10u}) {
    CAPTURE(piece);
    Capture capture(10);
    const std::string text = "0123456789";
    for (std::size_t at = 0; at < text.size(); at += piece) capture.append(text.substr(at, piece));
    CHECK(capture.total() == 10);
    CHECK(capture.take() == text);
  }
}

TEST_CASE(
    "of longer output the first and the last half stay, with the number of bytes between them") {
  Capture capture(11);
  capture.append("abcdefgh");
  capture.append("ijklmnop");
  CHECK(capture.total() == 16);
  CHECK(capture.take() == "abcdef\n[... 5 bytes cut ...]\nlmnop");
}

TEST_CASE("the end that is kept is the true end of a long stream") {
  Capture capture(1000);
  std::string all;
  for (int line = 0; line < 100'000; ++line) {
    const std::string text = "line " + std::to_string(line) + "\n";
    all += text;
    capture.append(text);
  }
  const std::string kept = capture.take();
  CHECK(capture.total() == all.size());
  CHECK(kept.starts_with(all.substr(0, 500)));
  CHECK(kept.ends_with("\n" + all.substr(all.size() - 500)));
  CHECK(kept.find("[... " + std::to_string(all.size() - 1000) + " bytes cut ...]\n") !=
        std::string::npos);
}

TEST_CASE("a cap of nothing keeps nothing, and counts") {
  Capture capture(0);
  capture.append("hello");
  CHECK(capture.total() == 5);
  CHECK(capture.take().empty());
}

TEST_CASE("a cap of one byte keeps the first") {
  Capture capture(1);
  capture.append("xyz");
  CHECK(capture.take() == "x\n[... 2 bytes cut ...]\n");
}

}  // namespace
}  // namespace heddle::guardian
