// The C interface between the engine and the small library of one MPI flavour.
//
// Both sides are compiled separately, perhaps by different compilers, so only plain data crosses:
// numbers, and pointers to bytes with a length. One thread calls everything, the one that called
// `open`; only `wake` may be called from any thread. No function throws.
//
// Who owns a frame, so that large ones are never copied:
//   sent      stays the caller's. When `send` answers HEDDLE_MPI_KEPT, the caller must keep the
//   bytes, unchanged and in
//             place, until `finished` names the frame's ticket.
//   received  with owned = 1 lies in memory that the library took from the caller
//   (heddle_mpi_memory)
//             and is the caller's again. With owned = 0 (small frames) it is the library's, and its
//             bytes are gone with the next call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Changes with every change of this file. The library and the engine must agree.
#define HEDDLE_MPI_API_VERSION 4

// The one symbol a library exports: a function without arguments that returns `const
// heddle_mpi_api*`.
#define HEDDLE_MPI_SYMBOL "heddle_mpi_plugin"

typedef struct heddle_mpi heddle_mpi;

typedef struct {
  char code[32];      // "ERR_...", as in src/error-codes.ts.
  char message[480];  // Both end with a zero.
} heddle_mpi_error;

typedef struct {
  uint32_t rank, ranks;
  uint32_t node_rank, node_ranks;  // Among the ranks which MPI says share this host's memory.
  uint32_t doorbell_ranks;         // Of those, how many really do: they ring each other.
  char flavour[16];                // "mpich" or "openmpi".
  char version[256];               // First line of what the MPI library says of itself.
  char host[256];
} heddle_mpi_info;

typedef struct {
  void* data;
  uint64_t size;
  uint32_t from;
  uint32_t owned;
} heddle_mpi_frame;

// Where received frames lie. `take` may answer NULL; what was taken for `size` bytes is given back
// as such.
typedef struct {
  void* (*take)(size_t size);
  void (*give)(void* data, size_t size);
} heddle_mpi_memory;

enum { HEDDLE_MPI_SENT = 0, HEDDLE_MPI_KEPT = 1, HEDDLE_MPI_FAILED = 2 };

typedef struct {
  uint32_t api_version;
  uint32_t table_size;  // sizeof(heddle_mpi_api)

  // Starts MPI and finds the peers of this host. Once per process. NULL and `error` filled when it
  // fails. Requires: `memory` outlives the result; cards are of one size on all ranks.
  heddle_mpi* (*open)(const heddle_mpi_memory* memory, const void* card, uint32_t card_size,
                      heddle_mpi_error* error);
  void (*describe)(const heddle_mpi* mpi, heddle_mpi_info* info);
  // The cards of the `node_ranks` ranks of this host, by node rank; lives as long as `mpi`.
  const void* (*cards)(const heddle_mpi* mpi);
  int (*has_remote_peers)(const heddle_mpi* mpi);
  // Collective, before any frame: fills `all` with what each rank gave, by rank. Requires: all give
  // the same `size`, and `all` has room for it from every rank.
  void (*gather)(heddle_mpi* mpi, const void* mine, uint32_t size, void* all);

  // Starts one send. HEDDLE_MPI_SENT: the bytes are free again. Requires: size < 2^31, to < ranks.
  int (*send)(heddle_mpi* mpi, uint32_t to, const void* data, uint64_t size, uint64_t ticket,
              heddle_mpi_error* error);
  // Makes progress; fills in at most `max` tickets of frames that are sent; returns how many.
  uint32_t (*finished)(heddle_mpi* mpi, uint64_t* tickets, uint32_t max);
  // Makes progress; returns 1 and fills `frame` when one has arrived, else 0.
  int (*receive)(heddle_mpi* mpi, heddle_mpi_frame* frame);

  // Both as in transport.h.
  void (*wait)(heddle_mpi* mpi, int64_t timeout_ns);
  void (*wake)(heddle_mpi* mpi);

  // Waits for all sends and all ranks, then ends MPI and returns 1. Returns 0 when the others did
  // not come in time: MPI is then left as it is, kept bytes stay kept, and the process should end
  // by _exit. Frames that still arrive are dropped.
  int (*close)(heddle_mpi* mpi, int64_t timeout_ns);
  // Ends the job. Does not return.
  void (*abort)(heddle_mpi* mpi, int exit_code);
  // Frees what `open` made. Does not end MPI.
  void (*destroy)(heddle_mpi* mpi);
} heddle_mpi_api;

#ifdef __cplusplus
}
#endif
