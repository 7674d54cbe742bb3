#include "runtime/process/command.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/process/command_settings.h"
#include "runtime/process/process_test.h"
#include "runtime/process/shell.h"

namespace heddle {
namespace {

using Arguments = std::vector<std::string_view>;

CommandTemplate words_of(std::vector<Word> words) {
  CommandTemplate pattern;
  pattern.words = std::move(words);
  return pattern;
}

CommandTemplate shell_of(Word script) {
  CommandTemplate pattern;
  pattern.shell = std::move(script);
  return pattern;
}

Command expanded(const CommandTemplate& pattern, const Arguments& arguments) {
  Command command;
  const Status status = expand(pattern, arguments, command);
  REQUIRE_MESSAGE(status.ok(), status.message);
  return command;
}

std::string script_of(const Word& script, const Arguments& arguments) {
  return expanded(shell_of(script), arguments).argv.at(2);
}

// What /bin/sh makes of the script.
std::string ran(const Word& script, const Arguments& arguments) {
  static ProcessSlot slot(process_test::guardian_path());
  Command command = expanded(shell_of(script), arguments);
  command.capture_bytes = 1 << 16;
  const CommandOutcome outcome = slot.run(command);
  INFO(command.argv.at(2));
  CHECK(outcome.err == "");
  return outcome.out;
}

std::vector<std::uint8_t> packed(const std::vector<std::string>& texts) {
  Writer writer;
  for (const std::string& text : texts) {
    writer.u32(static_cast<std::uint32_t>(text.size()));
    writer.raw(text.data(), text.size());
  }
  return writer.take();
}

TEST_CASE("packed argument strings are split, empty ones and ones with any byte included") {
  const std::vector<std::uint8_t> bytes = packed({"a b", "", std::string("x\0\xff", 3)});
  Arguments arguments;
  REQUIRE(split_arguments(bytes, arguments).ok());
  CHECK(arguments == Arguments{"a b", "", std::string_view("x\0\xff", 3)});
  REQUIRE(split_arguments({}, arguments).ok());
  CHECK(arguments.empty());
}

TEST_CASE("packed arguments that are cut short anywhere are refused with the place") {
  const std::vector<std::uint8_t> bytes = packed({"abc", "de"});
  Arguments arguments;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const bool is_whole = size == 7;
    const Status status = split_arguments(Bytes(bytes).first(size), arguments);
    CHECK(status.code == (is_whole ? "" : "ERR_ARGUMENTS"));
  }
  CHECK(split_arguments(Bytes(bytes).first(9), arguments).message ==
        "the packed arguments end inside of argument 1 (at byte 7 of 9)");
}

TEST_CASE("placeholders are put into words without a look at what is in them") {
  const CommandTemplate pattern = words_of({{"vina"}, {"--out=", 1u, ".pdb"}, {0u}, {0u, 1u}, {}});
  const Command command = expanded(pattern, {"a b'$(x)", "c"});
  CHECK(command.argv ==
        std::vector<std::string>{"vina", "--out=c.pdb", "a b'$(x)", "a b'$(x)c", ""});
}

TEST_CASE("what a call sets goes before its template, and the rest stays") {
  CommandTemplate pattern = words_of({{"run"}});
  pattern.cwd = Word{"here"};
  pattern.stderr_path = Word{"err"};
  pattern.env = {{"A", {"1"}}, {"B", {"2"}}};
  Command command = expanded(pattern, {});
  REQUIRE(apply_settings(packed({"od", "", "out/0", "", "B", "3", "C", ""}), command).ok());
  CHECK(command.cwd == "here");
  CHECK(command.stdout_path == "out/0");
  CHECK(command.stderr_path == "err");
  CHECK(command.append_out);
  CHECK_FALSE(command.append_err);
  CHECK(command.make_folders);
  CHECK(command.env ==
        std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", "3"}, {"C", ""}});
  CHECK(apply_settings(packed({"", "", ""}), command).code == "ERR_ARGUMENTS");
  CHECK(apply_settings(packed({"", "", "", "", "A"}), command).code == "ERR_ARGUMENTS");
  CHECK(apply_settings({}, command).code == "ERR_ARGUMENTS");
}

TEST_CASE("everything else of a template is expanded or copied") {
  CommandTemplate pattern = words_of({{"run"}});
  pattern.cwd = Word{"dir/", 0u};
  pattern.stdin_path = Word{0u};
  pattern.stdout_path = Word{0u, ".out"};
  pattern.stderr_path = Word{0u, ".err"};
  pattern.append_out = true;
  pattern.env = {{"A", {"<", 0u, ">"}}, {"EMPTY", {}}};
  pattern.capture_bytes = 77;
  pattern.walltime = seconds(5);
  const Command command = expanded(pattern, {"t1"});
  CHECK(command.cwd == "dir/t1");
  CHECK(command.stdin_path == "t1");
  CHECK(command.stdout_path == "t1.out");
  CHECK(command.stderr_path == "t1.err");
  CHECK(command.append_out);
  CHECK_FALSE(command.append_err);
  CHECK(command.env ==
        std::vector<std::pair<std::string, std::string>>{{"A", "<t1>"}, {"EMPTY", ""}});
  CHECK(command.capture_bytes == 77);
  CHECK(command.walltime == seconds(5));
}

TEST_CASE("a command object can be used again: nothing of the command before stays") {
  CommandTemplate pattern = words_of({{"a"}, {0u}});
  pattern.cwd = Word{"dir"};
  pattern.env = {{"A", {"1"}}};
  Command command = expanded(pattern, {"x"});
  REQUIRE(expand(words_of({{"b"}}), {}, command).ok());
  CHECK(command.argv == std::vector<std::string>{"b"});
  CHECK(command.cwd.empty());
  CHECK(command.env.empty());
}

TEST_CASE("without a template the task's strings are the command, or the script") {
  CHECK(expanded({}, {"ls", "-l", "a b"}).argv == std::vector<std::string>{"ls", "-l", "a b"});
  CommandTemplate pattern;
  pattern.shell_from_arguments = true;
  CHECK(expanded(pattern, {"ls | wc", "ignored"}).argv ==
        std::vector<std::string>{"/bin/sh", "-c", "ls | wc"});
}

TEST_CASE("a template that does not fit its arguments is refused") {
  Command command;
  const auto refused = [&](const CommandTemplate& pattern, const Arguments& arguments) {
    return expand(pattern, arguments, command);
  };
  CHECK(refused(words_of({{"a"}, {2u}}), {"x"}).message ==
        "the command wants argument 2, the task has 1 (counted from 0)");
  CHECK(refused(shell_of({"echo ", 0u}), {}).code == "ERR_COMMAND_TEMPLATE");
  CHECK(refused({}, {}).code == "ERR_COMMAND_TEMPLATE");
  CHECK(refused(words_of({{0u}}), {""}).code == "ERR_COMMAND_TEMPLATE");
  CommandTemplate pattern;
  pattern.shell_from_arguments = true;
  CHECK(refused(pattern, {}).code == "ERR_COMMAND_TEMPLATE");
  pattern = words_of({{"a"}});
  pattern.stdout_path = Word{0u};
  CHECK(refused(pattern, {""}).message == "stdout of the command is empty");
  pattern.stdout_path.reset();
  pattern.env = {{"A", {3u}}};
  CHECK(refused(pattern, {"x"}).code == "ERR_COMMAND_TEMPLATE");
}

TEST_CASE("a quoted text is one word for the shell, whatever is in it") {
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("") == "''");
}

TEST_CASE("in a plain script values are quoted in place, where a reader expects them") {
  CHECK(script_of({"wc -l ", 0u, " > ", 1u}, {"a b.txt", "it's"}) ==
        "wc -l 'a b.txt' > 'it'\\''s'");
}

TEST_CASE("in a script with quotes of its own values become variables") {
  CHECK(script_of({"grep '", 0u, "' \"x ", 0u, "\""}, {"a"}) ==
        "heddle_1='a'; heddle_2='a'; grep ''\"${heddle_1}\"'' \"x ${heddle_2}\"");
}

const std::vector<std::string> kHostile = {
    "a b",   "it's", "say \"hi\"", "$(echo run >&2)",     "`echo run >&2`",
    "$HOME", "\\",   "a\\",        "; echo run >&2;",     "* ? [a]",
    "-n",    "",     "a\nb",       "' ; echo run >&2; '", "\" ; echo run >&2; \"",
    "${x}",  "#",    "\xff\xfe",   "&& exit 1",           ")"};

TEST_CASE("a hostile value arrives unchanged, and is never run, wherever in a script it stands") {
  for (const std::string& value : kHostile) {
    CAPTURE(value);
    const auto shows = [&](const Word& script, const std::string& expected) {
      CHECK(ran(script, {value}) == expected);
    };
    shows({"printf %s ", 0u}, value);
    shows({"printf %s a", 0u, "b"}, "a" + value + "b");
    shows({"printf %s \"<", 0u, ">\""}, "<" + value + ">");
    shows({"printf %s '<", 0u, ">'"}, "<" + value + ">");
    shows({"printf %s \"$(printf %s ", 0u, ")\""}, value);
    shows({"printf %s \"$(printf '%s' \"", 0u, "\")\" # it's ", 0u, "\nprintf ."}, value + ".");
    shows({"f() { printf %s \"$1\" ", 0u, "; }; f '", 0u, "'"}, value + value);
    shows({"case x in x) printf %s '", 0u, "';; esac"}, value);
    shows({"printf %s \\' ", 0u, " \\\" '", 0u, "'"}, "'" + value + "\"" + value);
    shows({"cat <<END\n", 0u, "\nEND\n"},
          "\"" + value + "\"\n");  // Not pretty, but not run either.
  }
}

TEST_CASE("a number can stand in arithmetic and in backquotes") {
  CHECK(ran({"echo $((", 0u, " + 1)) \"$(( 2 * ", 0u, " ))\" `expr ", 0u, " - 1` '", 0u, "'"},
            {"7"}) == "8 14 6 7\n");
}

TEST_CASE("random scripts of quotes and random values never run a value") {
  Random random(7);
  const std::string code = "'\"\\`$();#& \n";
  const auto some = [&](std::uint64_t max) {
    std::string text;
    for (std::uint64_t n = random.below(max + 1); n > 0; --n)
      text += code[random.below(code.size())];
    return text;
  };
  ProcessSlot slot(process_test::guardian_path());
  for (int round = 0; round < 200; ++round) {
    const std::string before = some(3);
    const std::string after(before.rbegin(),
                            before.rend());  // So that quotes that were opened are closed.
    const std::string value = some(2) + "; echo RAN >&2; " + some(2);
    Command command = expanded(shell_of({"echo x", before, 0u, after}), {value});
    command.capture_bytes = 1 << 16;
    const CommandOutcome outcome = slot.run(command);
    INFO(command.argv.at(2));
    CHECK(("\n" + outcome.err).find("\nRAN\n") == std::string::npos);
  }
}

}  // namespace
}  // namespace heddle
