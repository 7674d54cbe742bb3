// Stands above one process that runs isolated tasks of a JS worker, and ends with it.
//
// The worker holds the other end of standard input. When that is closed (the worker has ended,
// or its rank) everything below is killed; when the process ends, all that its tasks had started.
#pragma once

namespace heddle::guardian {

// Runs `command` (ends with null). Never returns: this process ends as the command did, by the same
// exit code or signal; with 0 where the worker went first.
[[noreturn]] void hold_isolated(char* const* command);

}  // namespace heddle::guardian
