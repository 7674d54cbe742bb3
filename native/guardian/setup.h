// What every guardian does before it starts anything.
#pragma once

namespace heddle::guardian {

// Leads a session, is deaf to signals, and inherits what its descendants leave behind.
void stand_apart();

// A signalfd of SIGCHLD.
int signals_of_children();

// Closes all descriptors but 0, 1, 2 and `kept`.
void close_others(int kept);

}  // namespace heddle::guardian
