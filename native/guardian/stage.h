// Puts what `heddle run -n` packed into one file onto this node's own disk, once per node.
//
// Ranks of the node, and later jobs with the same program, find it there by its name, which holds a
// hash of all that is in it. Whoever uses it holds a shared lock; what nobody used for a week is
// removed by the next that adds something.
#pragma once

#include <string>

#include "base/status.h"

namespace heddle::guardian {

// Makes `$TMPDIR/heddle-stage-UID/NAME` (or under /tmp), where `pack` is a file NAME.pack, and sets
// `folder` to it. The lock is held until this process ends. Fails with ERR_STAGE where the disk is
// of no use for it: another user's folder, no room, mounted so that nothing may be executed.
//
// The pack is read whole: "HEDPACK1", a u64 count, per file its name, mode (u64) and bytes, each
// text a u64 length and its bytes; then a u64 FNV-1a of all before. Little-endian.
Status stage(const std::string& pack, std::string& folder);

}  // namespace heddle::guardian
