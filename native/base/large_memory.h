// Memory of large frames, kept for the next one.
//
// The first touch of a page costs far more than what is then written there: 4 KiB pages cost 3.7 ns
// a byte on a virtual machine where writing there again costs 0.05 (docs/decisions/0016). So what a
// large frame leaves is kept for the next of that size, on huge pages where the system has some.
#pragma once

#include <cstddef>

namespace heddle {

// At least `size` bytes, not zeroed; null when there are none. Any thread.
void* take_memory(std::size_t size);

// Gives back what `take_memory(size)` gave. Any thread.
void give_memory(void* memory, std::size_t size);

// For smart pointers.
struct GiveMemory {
  std::size_t size = 0;
  void operator()(void* memory) const { give_memory(memory, size); }
};

// Returns to the system what is kept. For whoever notices that nothing happens.
void trim_memory();

std::size_t spare_memory();  // Bytes kept now.

// Bytes kept at most.
constexpr std::size_t kSpareMemoryMax = std::size_t{96} << 20;

// Asks for huge pages where [data, data + size) is large enough to hold some and will soon be
// written. Only a hint: contents and ownership stay as they are.
void expect_writes(void* data, std::size_t size);

}  // namespace heddle
