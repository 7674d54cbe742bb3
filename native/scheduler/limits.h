// Every bound of the scheduler, with its unit and its reason.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace heddle::limits {

// Argument bytes in one grant. Two megabytes move in less than a millisecond and hold 128 k tasks
// of 16 bytes; with four, the caches no longer hold what travels, and with one, ranks get less than
// their share (`payload16` over 16 ranks on 2 cores). A single task whose arguments are larger
// moves alone.
constexpr std::uint64_t kGrantBytesMax = 2 * 1024 * 1024;

// Ranges in one grant message: many small batches move together, and a message stays small.
constexpr std::size_t kRangesPerGrantMax = 64;

// Ranges given away and not yet reported back, over all batches of a rank. Past it a rank gives
// nothing: thieves then steal from those it gave to, so its memory does not grow with the number of
// ranks.
constexpr std::size_t kGrantsOutMax = 4096;

// Ranges of one batch sent to its target and not yet reported back: enough to keep it busy, and a
// bound on what waits there (times kGrantBytesMax).
constexpr std::uint32_t kPlacedOutMax = 8;

// Random victims asked before a rank waits on its lifelines. Two find work when a third of the
// ranks have some.
constexpr std::uint32_t kRandomTries = 2;

// So long after work came to a rank on which others wait, and if some is left, they are asked
// whether they still need any: by then most have got it from elsewhere.
constexpr Duration kOfferAge = milliseconds(2);

// Work between two looks at the queue, per worker: a thief or a cancel waits no longer than that.
constexpr Duration kChunkTime = microseconds(500);

// A rank whose tasks last no longer than this, per worker, asks who gave last for more: about what
// a grant takes to come.
constexpr Duration kAskAhead = milliseconds(2);

// A task that does not fit what is free on its rank lets others by for so long; then nothing that
// takes of what it lacks begins before it.
constexpr Duration kOvertake = seconds(1);

// Pieces of one batch under way to one of the ranks that it is dealt to: one runs, one waits.
constexpr std::uint32_t kDealtOutMax = 2;

// Tasks in one chunk: what a JS worker's result column holds (512 KiB of f64).
constexpr std::uint64_t kChunkTasksMax = 65'536;

// A native chunk may be larger where a task costs nanoseconds.
constexpr std::uint64_t kNativeChunkTasksMax = 262'144;

// Argument bytes in one chunk; one task's may be more.
constexpr std::uint64_t kChunkBytesMax = 256 * 1024;

// How much larger the next chunk of an app may be than its last: long tasks after short ones stay
// spread.
constexpr std::uint64_t kChunkGrowth = 8;

// Results leave a rank when so many bytes wait, or so long after the first of them.
constexpr std::uint64_t kFlushBytes = 64 * 1024;
constexpr Duration kFlushAge = milliseconds(2);
constexpr Duration kFlushAgeOwner = milliseconds(20);  // To the program, unless it streams.

// Where nobody waits for single results (discard, reduce), each flush for age doubles the next
// age, up to this: on a million ranks a report each 2 ms from each, all the way up the tree, would
// be more than the owner's network card can take.
constexpr Duration kFlushAgeMax = seconds(1);

// Payload bytes of one grant that may be on their way to the victim unacknowledged.
constexpr std::int64_t kResultWindow = 1024 * 1024;

// Payload bytes of one batch that may wait on a rank; past it no more of its tasks are started
// there or given away. What runs or is under way already still comes on top: a chunk's results for
// each worker, and a window for each grant (kResultWindow, and what one record goes beyond it).
constexpr std::uint64_t kHeldBytesMax = 16 * 1024 * 1024;

// A results message is cut at so many payload bytes (a single larger record travels alone).
constexpr std::uint64_t kResultsBytesMax = 1024 * 1024;

// Cancelled batches remembered, so that a range that arrives late is dropped at once.
constexpr std::size_t kTombstones = 64;

// Between two looks at what the workers run: a task that runs at two of them is told of to its
// owner, so 0.1 to 0.2 s after it began. Shorter ones, of which there may be many, cost no message.
constexpr Duration kLookEvery = milliseconds(100);

// Tasks in one message that tells of them.
constexpr std::size_t kBegunMax = 4096;

// Each rank tells its successor that it lives.
constexpr Duration kHeartbeat = milliseconds(500);

}  // namespace heddle::limits
