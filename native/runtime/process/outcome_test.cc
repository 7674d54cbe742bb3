#include <doctest/doctest.h>

#include <bit>
#include <fstream>
#include <sstream>

#include "base/msgpack.h"
#include "runtime/process/command.h"
#include "runtime/process/process_test.h"

namespace heddle {
namespace {

using process_test::command;
using process_test::shell;

// The msgpack value in front of `in`, as JSON would show it (text unescaped); only what outcomes
// are made of.
std::string shown(Reader& in) {
  const std::uint8_t tag = in.u8();
  const auto big_endian = [&](int width) {
    std::uint64_t value = 0;
    while (width-- > 0) value = value << 8 | in.u8();
    return value;
  };
  const auto text = [&](std::uint64_t size) {
    return "\"" + std::string(as_text(in.raw(size))) + "\"";
  };
  if (tag < 0x80) return std::to_string(tag);
  if (tag >= 0xa0 && tag < 0xc0) return text(tag & 0x1f);
  if (tag >= 0x80 && tag < 0x90) {
    std::string map = "{";
    for (int n = tag & 0x0f; n > 0; --n) {
      map += (map.size() > 1 ? ", " : "") + shown(in);
      map += ": " + shown(in);
    }
    return map + "}";
  }
  switch (tag) {
    case 0xc0:
      return "null";
    case 0xc2:
      return "false";
    case 0xc3:
      return "true";
    case 0xd2:
      return std::to_string(static_cast<std::int32_t>(big_endian(4)));
    case 0xcb: {
      std::ostringstream number;
      number << std::bit_cast<double>(big_endian(8));
      return number.str();
    }
    case 0xd9:
      return text(big_endian(1));
    case 0xda:
      return text(big_endian(2));
    case 0xdb:
      return text(big_endian(4));
    default:
      return "<tag " + std::to_string(tag) + ">";
  }
}

struct Encoded {
  bool is_result;
  std::string text;

  bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
};

Encoded encoded(const Command& command, const CommandOutcome& outcome,
                std::optional<std::vector<int>> ok_exit_codes = std::vector<int>{0}) {
  CommandTemplate pattern;
  pattern.ok_exit_codes = std::move(ok_exit_codes);
  std::vector<std::uint8_t> payload = {1, 2, 3};  // Of a task before.
  const bool is_result = encode_outcome(pattern, command, outcome, payload);
  Reader in(payload);
  std::string text = shown(in);
  CHECK(in.finished());
  return {is_result, text};
}

TEST_CASE("a good exit code makes a result of the code and both streams") {
  CommandOutcome outcome;
  outcome.out = "out\n";
  outcome.err = "warning\n";
  const Encoded it = encoded(command({"true"}), outcome);
  CHECK(it.is_result);
  CHECK(it.text == "{\"exitCode\": 0, \"stdout\": \"out\n\", \"stderr\": \"warning\n\"}");
}

TEST_CASE("a stream that went to a file is its path") {
  Command made = command({"true"});
  made.stdout_path = "result.txt";
  CHECK(encoded(made, {}).text ==
        "{\"exitCode\": 0, \"stdout\": \"result.txt\", \"stderr\": \"\"}");
}

TEST_CASE("what it wrote to stdout may be the result: a text without its last newline") {
  CommandTemplate pattern;
  pattern.returns_stdout = true;
  pattern.ok_exit_codes = std::vector<int>{0};
  const auto result = [&](const Command& command, const CommandOutcome& outcome) {
    std::vector<std::uint8_t> payload;
    const bool is_result = encode_outcome(pattern, command, outcome, payload);
    Reader in(payload);
    return (is_result ? "" : "failed: ") + shown(in);
  };
  Command made = command({"true"});
  made.capture_bytes = 8;
  CommandOutcome outcome;
  outcome.err = "warning\n";
  const auto written = [&](const std::string& text) {
    outcome.out = text;
    outcome.out_bytes = text.size();
    return result(made, outcome);
  };
  CHECK(written("") == "\"\"");
  CHECK(written("a\nb\n\n") == "\"a\nb\n\"");
  CHECK(written("a\r\n") == "\"a\"");
  CHECK(written("12345678") == "\"12345678\"");
  CHECK(written("123456789").find("ERR_COMMAND_OUTPUT") != std::string::npos);
  CHECK(written("123456789").find("true wrote 9 bytes to standard output, and captureBytes is 8") !=
        std::string::npos);

  const process_test::TempDir dir;
  made.stdout_path = dir / "out.txt";
  std::ofstream(made.stdout_path) << "filed\n";
  CHECK(result(made, {}) == "\"filed\"");
  std::ofstream(made.stdout_path) << "far too long\n";
  CHECK(result(made, {}).find("wrote 13 bytes") != std::string::npos);
  made.stdout_path = "/dev/null";
  CHECK(result(made, {}) == "\"\"");

  outcome.exit_code = 1;
  CHECK(result(command({"a"}), outcome).find("ERR_COMMAND_FAILED") != std::string::npos);
}

TEST_CASE("which exit codes are good is the template's choice; a signal never is") {
  CommandOutcome outcome;
  outcome.exit_code = 3;
  CHECK_FALSE(encoded(command({"a"}), outcome).is_result);
  CHECK(encoded(command({"a"}), outcome, std::vector<int>{0, 3}).is_result);
  CHECK(encoded(command({"a"}), outcome, std::nullopt).is_result);
  outcome.exit_code = 0;
  CHECK_FALSE(encoded(command({"a"}), outcome, std::vector<int>{3}).is_result);
  outcome.signal = 11;
  CHECK_FALSE(encoded(command({"a"}), outcome, std::nullopt).is_result);
}

TEST_CASE("a failed command is an error with everything one asks for first") {
  CommandOutcome outcome;
  outcome.exit_code = 3;
  outcome.out = "partial\n";
  outcome.err = "cannot open it\n";
  outcome.elapsed = milliseconds(1500);
  const Encoded it = encoded(command({"vina", "--out", "a b"}), outcome);
  CHECK_FALSE(it.is_result);
  CHECK(it.text ==
        "{\"name\": \"CommandError\", \"message\": \"vina --out 'a b' ended with exit code 3\", "
        "\"code\": \"ERR_COMMAND_FAILED\", "
        "\"hint\": \"see stderr; if this exit code is no failure, list it in `okExitCodes`\", "
        "\"stack\": null, \"cause\": null, \"data\": {\"command\": \"vina --out 'a b'\", "
        "\"exitCode\": 3, "
        "\"signal\": null, \"stdout\": \"partial\n\", \"stderr\": \"cannot open it\n\", "
        "\"elapsedMs\": 1500, "
        "\"timedOut\": false}}");
}

TEST_CASE("each way to fail has its code, the values, and a hint of its own") {
  Command made = shell("sleep 9");
  made.walltime = milliseconds(250);
  CommandOutcome outcome;
  outcome.signal = 9;
  Encoded it = encoded(made, outcome);
  CHECK(it.has("\"ERR_COMMAND_SIGNALED\""));
  CHECK(it.has("sleep 9 was ended by SIGKILL (9)"));
  CHECK(it.has("out of memory"));
  CHECK(it.has("\"exitCode\": null, \"signal\": \"SIGKILL\""));
  outcome.timed_out = true;
  it = encoded(made, outcome);
  CHECK(it.has("\"ERR_WALLTIME\""));
  CHECK(it.has("sleep 9 ran longer than its walltime of 0.25 s"));
  CHECK(it.has("\"timedOut\": true"));
  outcome.killed = true;
  CHECK(encoded(made, outcome).has("\"ERR_CANCELLED\""));
  outcome = {};
  outcome.start = {"ERR_COMMAND_NOT_FOUND", "vina: No such file or directory"};
  it = encoded(command({"vina"}), outcome, std::nullopt);
  CHECK_FALSE(it.is_result);
  CHECK(it.has("\"ERR_COMMAND_NOT_FOUND\""));
  CHECK(it.has("vina could not start: vina: No such file or directory"));
  CHECK(it.has("PATH"));
}

TEST_CASE("the rank that ran the command is in the error, if it is told") {
  CommandOutcome outcome;
  outcome.exit_code = 1;
  std::vector<std::uint8_t> payload;
  CommandTemplate pattern;
  pattern.ok_exit_codes = std::vector<int>{0};
  CHECK_FALSE(encode_outcome(pattern, command({"a"}), outcome, payload, 5));
  Reader in(payload);
  CHECK(shown(in).find("\"data\": {\"rank\": 5, ") != std::string::npos);
}

TEST_CASE("exit codes that shells give a meaning are explained") {
  CommandOutcome outcome;
  outcome.exit_code = 127;
  CHECK(encoded(shell("x"), outcome).has("127 from a shell: it did not find the command"));
  outcome.exit_code = 137;
  CHECK(encoded(shell("x"), outcome).has("its command was ended by SIGKILL"));
}

TEST_CASE("no space is told from the device, or from what the command said about it") {
  CommandOutcome outcome;
  outcome.no_space = true;
  CHECK(encoded(command({"a"}), outcome).has("\"ERR_NO_SPACE\""));
  outcome.no_space = false;
  outcome.err = "tar: write error: No space left on device\n";
  CHECK(encoded(command({"a"}), outcome).is_result);  // It succeeded all the same.
  outcome.exit_code = 2;
  CHECK(encoded(command({"a"}), outcome).has("\"ERR_NO_SPACE\""));
}

TEST_CASE("of a long stderr the last lines are in the error, also when it went to a file") {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(i) + "\n";
  CommandOutcome outcome;
  outcome.exit_code = 1;
  outcome.err = lines;
  Encoded it = encoded(command({"a"}), outcome);
  CHECK(it.has("\"stderr\": \"line 80\n"));
  CHECK(it.has("line 99\n\""));

  const process_test::TempDir dir;
  std::ofstream(dir / "err.txt") << lines;
  Command made = command({"a"});
  made.cwd = dir.path();
  made.stderr_path = "err.txt";
  outcome.err.clear();
  it = encoded(made, outcome);
  CHECK(it.has("\"stderr\": \"line 80\n"));

  outcome.err = std::string(10'000, 'x');
  made.stderr_path.clear();
  CHECK(encoded(made, outcome).has("\"stderr\": \"" + std::string(2048, 'x') + "\""));
}

TEST_CASE("a long command line is shortened in the message, its ends kept") {
  CommandOutcome outcome;
  outcome.exit_code = 1;
  const Encoded it = encoded(command({"begin", std::string(1'000'000, 'y'), "end"}), outcome);
  CHECK(it.text.size() < 6000);
  CHECK(it.has("\"message\": \"begin yyy"));
  CHECK(it.has("yyy end ended with exit code 1\""));
}

TEST_CASE("output that is no UTF-8 still makes a payload that everybody can read") {
  ProcessSlot slot(process_test::guardian_path());
  const Command made = shell("printf 'a\\377b\\303'");
  const CommandOutcome outcome = slot.run(made);
  REQUIRE(outcome.out ==
          "a\xff"
          "b\xc3");
  CHECK(encoded(made, outcome)
            .has("\"stdout\": \"a\xEF\xBF\xBD"
                 "b\xEF\xBF\xBD\""));
}

TEST_CASE("a real command that meets a full disk fails for want of space") {
  ProcessSlot slot(process_test::guardian_path());
  Command made = command({"dd", "if=/dev/zero", "bs=4096", "count=1"});
  made.stdout_path = "/dev/full";
  CHECK(encoded(made, slot.run(made)).has("\"ERR_NO_SPACE\""));
}

}  // namespace
}  // namespace heddle
