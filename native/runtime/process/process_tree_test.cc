// How commands end when they do not end by themselves, and that nothing of them stays.
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "runtime/process/guardian_process.h"
#include "runtime/process/process_test.h"

namespace heddle::process_test {
namespace {

// A shell that rings with its pid and then with that of a daemon of its own session and parentage,
// and stays.
std::string family(const Doorbell& bell) {
  return "bell=" + bell.path() + "; echo $$ > $bell; " +
         "(setsid sh -c 'echo $$ > '$bell'; exec sleep 300' &) ; sleep 300";
}

TEST_CASE("what a command leaves in the background is killed before its outcome is reported") {
  CheckedSlot slot;  // It checks that nothing marked is left after the run.
  Doorbell bell;
  const CommandOutcome outcome =
      slot.run(shell("(setsid sh -c 'echo up > " + bell.path() +
                     "; exec sleep 300' &); read up < " + bell.path() + "; sleep 300 & echo $up"));
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "up\n");
  CHECK_FALSE(outcome.killed);
}

TEST_CASE("a long command whose daemons come and go leaves no zombies meanwhile") {
  CheckedSlot slot;
  // Each daemon is the guardian's child when it ends; the last line counts the guardian's children.
  const CommandOutcome outcome =
      slot.run(shell("for i in 1 2 3 4 5; do (sh -c : &); done; while [ \"$(cat "
                     "/proc/$PPID/task/$PPID/children)\" != \"$$ \" ]; do :; done"));
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("the walltime ends the whole tree, wherever in it a process fled to") {
  CheckedSlot slot;
  Doorbell bell;
  Command made = shell(family(bell));
  made.walltime = milliseconds(300);
  const CommandOutcome outcome = slot.run(made);
  CHECK(outcome.timed_out);
  CHECK_FALSE(outcome.killed);
  CHECK(outcome.signal == SIGTERM);
  CHECK(outcome.elapsed >= made.walltime);
}

TEST_CASE(
    "a process that ignores SIGTERM or is stopped meets SIGKILL; one that cleans up is heard") {
  CheckedSlot slot;
  Command made = shell("trap '' TERM; while :; do sleep 300; done");
  made.walltime = milliseconds(100);
  CHECK(slot.run(made).signal == SIGKILL);
  made = shell("kill -STOP $$");
  made.walltime = milliseconds(100);
  CHECK(slot.run(made).timed_out);
  made = shell("trap 'echo cleaned; exit 9' TERM; sleep 300 & wait");
  made.walltime = milliseconds(300);
  const CommandOutcome cleaned = slot.run(made);
  CHECK(cleaned.timed_out);
  CHECK(cleaned.exit_code == 9);
  CHECK(cleaned.out == "cleaned\n");
}

TEST_CASE("a command that ends in time is not touched by its walltime") {
  CheckedSlot slot;
  Command made = shell("echo done");
  made.walltime = seconds(3600);
  const CommandOutcome outcome = slot.run(made);
  CHECK_FALSE(outcome.timed_out);
  CHECK(outcome.out == "done\n");
}

TEST_CASE("a process that forks as fast as it can is caught") {
  CheckedSlot slot;
  Doorbell bell;
  // Chains in which each process starts the next in a session of its own and ends: no pid is there
  // for long.
  const std::string link = "trap '' TERM; n=$1; [ $n -eq 20 ] && echo on > " + bell.path() + "; " +
                           "[ $n -gt 100000 ] && exec sleep 300; setsid \"$0\" $((n+1)) & exit 0";
  const TempDir dir;
  std::ofstream(dir / "link") << "#!/bin/sh\n" + link + "\n";
  fs::permissions(dir / "link", fs::perms::owner_all);
  CommandOutcome outcome;
  std::thread runner([&] {
    outcome = slot.run(shell("for i in 1 2 3; do " + (dir / "link") + " 0 & done; sleep 300"));
  });
  for (int i = 0; i < 3; ++i) bell.wait_line();
  slot.kill();
  runner.join();
  CHECK(outcome.killed);
}

TEST_CASE("kill() ends what runs, with everything below it, and only that") {
  CheckedSlot slot;
  Doorbell bell;
  slot.kill();  // Nothing runs: nothing happens.
  CommandOutcome outcome;
  std::thread runner([&] { outcome = slot.run(shell(family(bell))); });
  bell.wait_line();
  bell.wait_line();
  slot.kill();
  runner.join();
  CHECK(outcome.killed);
  CHECK_FALSE(outcome.timed_out);
  CHECK(outcome.signal == SIGTERM);
  const CommandOutcome next = slot.run(command({"echo", "next"}));
  CHECK_FALSE(next.killed);
  CHECK(next.out == "next\n");
}

TEST_CASE("kill() at any moment of short commands never hits the next one") {
  CheckedSlot slot;
  std::atomic<bool> done{false};
  std::thread killer([&] {
    while (!done) slot.kill();
  });
  for (int i = 0; i < 20; ++i) {
    const CommandOutcome outcome = slot.run(command({"true"}));
    CHECK(outcome.start.ok());
    CHECK((outcome.killed || outcome.exit_code == 0));
  }
  done = true;
  killer.join();
  CHECK(slot.run(command({"echo", "alone"})).out == "alone\n");
}

TEST_CASE(
    "a guardian that is killed takes everything with it; the slot reports that and starts "
    "another") {
  CheckedSlot slot;
  Doorbell bell;
  CommandOutcome outcome;
  std::thread runner(
      [&] { outcome = slot.run(shell("echo $PPID > " + bell.path() + "; " + family(bell))); });
  const std::string guardian = bell.wait_line();
  const Watched shell_process(bell.wait_line());
  const Watched daemon(bell.wait_line());
  ::kill(std::stoi(guardian), SIGKILL);
  runner.join();
  CHECK(outcome.start.code == "ERR_GUARDIAN_LOST");
  CHECK(shell_process.ends());
  CHECK(daemon.ends());
  CHECK(slot.run(command({"echo", "again"})).out == "again\n");
}

TEST_CASE("a guardian that died between two commands is replaced without a word") {
  CheckedSlot slot;
  const std::string guardian = slot.run(shell("echo $PPID")).out;
  const Watched watched(guardian);
  ::kill(std::stoi(guardian), SIGKILL);
  REQUIRE(watched.ends());
  CHECK(slot.run(command({"echo", "again"})).out == "again\n");
}

TEST_CASE("the guardian lets nothing but the end of its rank end it") {
  CheckedSlot slot;
  const std::string script =
      "for s in HUP INT QUIT TERM USR1 USR2 PIPE ALRM CHLD; do kill -$s $PPID; done; cat "
      "/proc/$PPID/comm";
  CHECK(slot.run(shell(script)).out == "heddle-guardian\n");
  CHECK(slot.run(command({"echo", "alive"})).out == "alive\n");
}

TEST_CASE("when a rank is killed, everything its slot had started vanishes, and the guardian too") {
  Doorbell bell;
  const pid_t rank = fork();
  REQUIRE(rank >= 0);
  if (rank == 0) {
    ProcessSlot slot(guardian_path());
    slot.run(shell("echo $PPID > " + bell.path() + "; trap '' TERM; " + family(bell)));
    _exit(0);
  }
  const Watched guardian(bell.wait_line());
  const Watched shell_process(bell.wait_line());
  const Watched daemon(bell.wait_line());
  ::kill(rank, SIGKILL);
  CHECK(guardian.ends());
  CHECK(shell_process.ends());
  CHECK(daemon.ends());
  CHECK(waitpid(rank, nullptr, 0) == rank);
}

TEST_CASE("the end of a slot is the end of its guardian") {
  const std::string before = children();
  {
    ProcessSlot slot(guardian_path());
    slot.run(command({"true"}));
    CHECK(children() != before);
  }
  CHECK(children() == before);
}

TEST_CASE("a rank that asks for a kill and is gone at once leaves nothing behind") {
  const TempDir dir;
  const std::string late = dir / "late";
  std::unique_ptr<GuardianProcess> guardian;
  REQUIRE(GuardianProcess::start(guardian_path(), {}, guardian).ok());
  guardian::Request request;
  request.id = 1;
  request.argv = {"/bin/sh", "-c", "trap '' TERM; sleep 10; : > " + late};
  // The guardian finds all three in its socket when it has started: request, kill, end.
  REQUIRE(guardian->send(guardian::encode(request)));
  REQUIRE(guardian->send(guardian::encode_kill(request.id)));
  guardian.reset();
  CHECK_FALSE(fs::exists(late));
}

}  // namespace
}  // namespace heddle::process_test
