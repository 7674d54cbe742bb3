// What one call of a command sets, over what its template says.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "runtime/process/process_slot.h"

namespace heddle {

// `packed` are strings as arguments are (see split_arguments): flags, cwd, stdout, stderr, and then
// name and value of each variable. An empty path leaves the template's. Flags are letters: `o` and
// `e` append to the file of stdout and of stderr, `d` makes missing folders. A variable replaces
// one of the template. Fails with ERR_ARGUMENTS when cut short.
Status apply_settings(Bytes packed, Command& command);

}  // namespace heddle
