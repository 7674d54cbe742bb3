// Everything that runs below the guardian.
//
// The guardian is a subreaper and runs one command at a time, so all of its descendants belong to
// that command, whatever process group or session they fled to. Signals are sent by reading the
// tree from /proc, and again for as long as something is left: a process that is forked during one
// pass is found by the next.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace heddle::guardian {

// Sends SIGTERM to every descendant of this process, once to each.
void terminate_tree();

// Sends SIGKILL to every descendant of this process, and before that to the process group `group`;
// 0: to no group.
void kill_tree(pid_t group);

// The numbers that name entries of a directory of /proc, such as /proc/self/fd.
std::vector<int> numbers_in(const std::string& path);

}  // namespace heddle::guardian
