#include "runtime/process/process_slot.h"

#include <sys/mount.h>

#include "base/environment.h"
#include "runtime/process/process_test.h"
#include "runtime/process/spawn_floor.h"

namespace heddle::process_test {
namespace {

TEST_CASE("a command gives its exit code and what it wrote to both streams") {
  CheckedSlot slot;
  const CommandOutcome outcome = slot.run(shell("echo out; echo err >&2; exit 3"));
  CHECK(outcome.start.ok());
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.signal == 0);
  CHECK(outcome.out == "out\n");
  CHECK(outcome.err == "err\n");
  CHECK(outcome.out_bytes == 4);
  CHECK(outcome.err_bytes == 4);
  CHECK(outcome.elapsed > 0);
}

TEST_CASE("one guardian serves many commands, and none sees anything of another") {
  CheckedSlot slot;
  std::string guardian;
  for (int i = 0; i < 50; ++i) {
    Command made = shell("echo $N; echo $PPID >&2");
    made.env = {{"N", std::to_string(i)}};
    const CommandOutcome outcome = slot.run(made);
    CHECK(outcome.out == std::to_string(i) + "\n");
    if (i == 0) guardian = outcome.err;
    CHECK(outcome.err == guardian);
  }
  CHECK(slot.run(shell("echo \"[$N]\"")).out == "[]\n");
}

TEST_CASE(
    "a command finds stdin empty, every signal at its default, and no descriptor but the three") {
  CheckedSlot slot;
  CHECK(slot.run(command({"/bin/cat"})).out.empty());
  CHECK(slot.run(command({"ls", "/proc/self/fd"})).out ==
        "0\n1\n2\n3\n");  // 3: the directory itself.
  const std::string status =
      slot.run(command({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"})).out;
  CHECK(status == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a command that dies of a signal gives the signal") {
  CheckedSlot slot;
  const CommandOutcome outcome = slot.run(shell("kill -SEGV $$"));
  CHECK(outcome.start.ok());
  CHECK(outcome.signal == SIGSEGV);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("the command is looked up on the PATH of its own environment") {
  CheckedSlot slot;
  const TempDir dir;
  std::ofstream(dir / "hello") << "#!/bin/sh\necho from dir\n";
  Command made = command({"hello"});
  CHECK(slot.run(made).start.code == "ERR_COMMAND_NOT_FOUND");
  made.env = {{"PATH", "/nowhere:" + dir.path() + ":/bin:/usr/bin"}};
  CHECK(slot.run(made).start.code == "ERR_COMMAND_NOT_EXECUTABLE");
  fs::permissions(dir / "hello", fs::perms::owner_all);
  CHECK(slot.run(made).out == "from dir\n");
}

TEST_CASE("a script without an interpreter line runs in the shell, with its arguments") {
  CheckedSlot slot;
  const TempDir dir;
  std::ofstream(dir / "plain") << "echo \"$0 $1 $#\"\n";
  fs::permissions(dir / "plain", fs::perms::owner_all);
  CHECK(slot.run(command({dir / "plain", "a b", "c"})).out == dir / "plain" + " a b 2\n");
}

TEST_CASE("a command that cannot start says why, with the path, and the slot goes on") {
  CheckedSlot slot;
  const TempDir dir;
  std::ofstream(dir / "bad") << "#!/no/such/interpreter\n";
  fs::permissions(dir / "bad", fs::perms::owner_all);
  const auto fails = [&](Command made, const std::string& code, const std::string& named) {
    const Status start = slot.run(std::move(made)).start;
    CHECK(start.code == code);
    CHECK_MESSAGE(start.message.find(named) != std::string::npos, start.message);
  };
  fails(command({"no-such-command"}), "ERR_COMMAND_NOT_FOUND", "no-such-command: No such file");
  fails(command({"/no/such/file"}), "ERR_COMMAND_NOT_FOUND", "/no/such/file: No such file");
  fails(command({""}), "ERR_COMMAND_NOT_FOUND", "empty word");
  fails(command({}), "ERR_COMMAND_NOT_FOUND", "no words");
  fails(command({"/etc/passwd"}), "ERR_COMMAND_NOT_EXECUTABLE", "/etc/passwd: Permission denied");
  fails(command({"/etc"}), "ERR_COMMAND_NOT_EXECUTABLE", "/etc: Permission denied");
  fails(command({dir / "bad"}), "ERR_COMMAND_NOT_EXECUTABLE", "interpreter");
  Command made = command({"true"});
  made.cwd = dir / "missing";
  fails(made, "ERR_CWD", dir / "missing: No such file");
  made = command({"true"});
  made.stdin_path = dir / "missing";
  fails(made, "ERR_INPUT_FILE", dir / "missing: No such file");
  made = command({"true"});
  made.stdout_path = dir / "missing/out";
  fails(made, "ERR_OUTPUT_FILE", dir / "missing/out: No such file");
  fails(command({"true", std::string(1 << 20, 'x')}), "ERR_SPAWN", "Argument list too long");
  fails(command({"echo", std::string("a\0b", 3)}), "ERR_ARGUMENTS", "word 1");
  made = command({"true"});
  made.env = {{"A=B", "c"}};
  fails(made, "ERR_ARGUMENTS", "A=B");
  CHECK(slot.run(command({"echo", "still here"})).out == "still here\n");
}

TEST_CASE("files take the place of the streams, relative to the command's directory") {
  CheckedSlot slot;
  const TempDir dir;
  std::ofstream(dir / "in") << "3\n1\n2\n";
  Command made = shell("sort; echo oops >&2; pwd >&2");
  made.cwd = dir.path();
  made.stdin_path = "in";
  made.stdout_path = "out";
  made.stderr_path = dir / "err";
  const CommandOutcome outcome = slot.run(made);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(contents(dir / "out") == "1\n2\n3\n");
  CHECK(contents(dir / "err") == "oops\n" + dir.path() + "\n");
}

TEST_CASE("an output file is replaced, or appended to; one file can take both streams") {
  CheckedSlot slot;
  const TempDir dir;
  Command made = shell("echo one; echo two >&2; echo three");
  made.stdout_path = made.stderr_path = dir / "both";
  slot.run(made);
  slot.run(made);
  CHECK(contents(dir / "both") == "one\ntwo\nthree\n");
  made.append_out = made.append_err = true;
  slot.run(made);
  CHECK(contents(dir / "both") == "one\ntwo\nthree\none\ntwo\nthree\n");
}

TEST_CASE(
    "missing folders are made where that is wanted, those of files beside the command's own") {
  CheckedSlot slot;
  const TempDir dir;
  Command made = shell("pwd; echo oops >&2");
  made.cwd = dir / "a/b";
  made.stdout_path = "logs/out";
  made.stderr_path = dir / "c/err";
  CHECK(slot.run(made).start.code == "ERR_CWD");
  made.make_folders = true;
  CHECK(slot.run(made).start.ok());
  CHECK(contents(dir / "a/b/logs/out") == made.cwd + "\n");
  CHECK(contents(dir / "c/err") == "oops\n");
  made.cwd = dir / "c/err/x";
  CHECK(slot.run(made).start.code == "ERR_CWD");
}

TEST_CASE("a FIFO that nobody reads is an error, and no wait") {
  CheckedSlot slot;
  const TempDir dir;
  REQUIRE(mkfifo((dir / "fifo").c_str(), 0600) == 0);
  Command made = command({"true"});
  made.stdout_path = dir / "fifo";
  CHECK(slot.run(made).start.code == "ERR_OUTPUT_FILE");
}

TEST_CASE("a command runs where the rank is now") {
  CheckedSlot slot;
  const TempDir dir;
  const fs::path before = fs::current_path();
  CHECK(slot.run(command({"pwd"})).out == before.string() + "\n");
  fs::current_path(dir.path());
  CHECK(slot.run(command({"pwd"})).out == dir.path() + "\n");
  fs::current_path(before);
  CHECK(slot.run(command({"pwd"})).out == before.string() + "\n");
}

TEST_CASE("hundreds of megabytes of output are counted, and their ends kept, in bounded memory") {
  CheckedSlot slot;
  constexpr std::uint64_t kBytes = 300'000'000;
  Command made = shell(
      "echo first; head -c 300000000 /dev/zero | tr '\\0' x; echo last; grep VmHWM "
      "/proc/$PPID/status >&2");
  made.capture_bytes = 1000;
  const CommandOutcome outcome = slot.run(made);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out_bytes == kBytes + 11);
  CHECK(outcome.out.size() < 1100);
  CHECK(outcome.out.starts_with("first\nxxx"));
  CHECK(outcome.out.ends_with("xxxlast\n"));
  CHECK(outcome.out.find("[... 299999011 bytes cut ...]") != std::string::npos);
  const std::size_t kib = std::stoul(outcome.err.substr(outcome.err.find_first_of("0123456789")));
  CHECK(kib < 16 * 1024);  // Of the guardian, at its peak.
}

TEST_CASE("megabytes of output that are asked for arrive whole, and so do big arguments") {
  CheckedSlot slot;
  Command made = shell("head -c 20000000 /dev/zero; printf %s \"$BIG\" | wc -c >&2");
  made.capture_bytes = 1 << 25;
  made.env = {{"BIG", std::string(100'000, 'b')}};
  const CommandOutcome outcome = slot.run(made);
  CHECK(outcome.out == std::string(20'000'000, '\0'));
  CHECK(outcome.err == "100000\n");
  CHECK(slot.run(command({"echo", "next"})).out == "next\n");
}

TEST_CASE("an output file on a full device is noticed, whatever the exit code says") {
  CheckedSlot slot;
  const TempDir dir;
  if (mount("none", dir.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    MESSAGE("not run: mounting a small tmpfs needs root");
    return;
  }
  Command made = shell("head -c 1000000 /dev/zero");
  made.stdout_path = dir / "out";
  const CommandOutcome failed = slot.run(made);
  CHECK(failed.exit_code != 0);
  CHECK(failed.no_space);
  made.argv[2] += "; exit 0";
  CHECK(slot.run(made).no_space);
  made = command({"echo", "small"});
  made.stdout_path = dir / "out";
  CHECK_FALSE(slot.run(made).no_space);
  CHECK(umount(dir.path().c_str()) == 0);
}

TEST_CASE("commands see the rank's environment, less what the launcher needs only for the rank") {
  for (const char* name :
       {"PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "HYDI_CONTROL_FD", "HYDRA_X",
        "MPI_LOCALRANKID", "UCX_MEM_EVENTS", "SLURM_PMI_FD", "SLURM_PMIXP_X"}) {
    CAPTURE(name);
    CHECK(is_launcher_variable(name));
  }
  for (const char* name : {"PATH", "SLURM_JOB_ID", "UCX_TLS", "MPICH_X", "XPMI", "OMPI"}) {
    CAPTURE(name);
    CHECK_FALSE(is_launcher_variable(name));
  }
  setenv("PMI_RANK", "3", 1);
  setenv("SLURM_JOB_ID", "77", 1);
  CheckedSlot slot;
  unsetenv("PMI_RANK");
  unsetenv("SLURM_JOB_ID");
  Command made = shell("echo \"${PMI_RANK-none} $SLURM_JOB_ID $MINE\"");
  made.env = {{"MINE", "added"}, {"SLURM_JOB_ID", "78"}};
  CHECK(slot.run(made).out == "none 78 added\n");
  made.env = {};
  CHECK(slot.run(made).out == "none 77 \n");
}

TEST_CASE("a guardian that cannot be started is an error of the command") {
  ProcessSlot slot("/no/such/guardian");
  const Status start = slot.run(command({"true"})).start;
  CHECK(start.code == "ERR_SPAWN");
  CHECK(start.message.find("/no/such/guardian: No such file") != std::string::npos);
}

TEST_CASE("the bare spawn loop counts what it ran, and reports a command that fails") {
  SpawnFloor floor;
  CHECK(spawn_floor("/bin/true", 2, 0.01, floor).ok());
  CHECK(floor.commands >= 2);
  CHECK(floor.per_second > 0);
  CHECK(spawn_floor("/bin/false", 2, 0.01, floor).code == "ERR_SPAWN");
  CHECK(spawn_floor("/no/such/file", 2, 0.01, floor).code == "ERR_SPAWN");
}

}  // namespace
}  // namespace heddle::process_test
