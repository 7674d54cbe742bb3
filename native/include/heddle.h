/*
 * Heddle's C interface: a function in a shared library as an app, called by a native slot with no
 * JavaScript in between. C99 and C++; needs no linking against Heddle.
 *
 *   #include <string.h>
 *   #include "heddle.h"
 *
 *   int square(const void* args, size_t size, heddle_result* result) {
 *     double x;
 *     if (size != sizeof x) return heddle_result_error(result, 1, "expected one f64");
 *     memcpy(&x, args, sizeof x);
 *     result->value.f64 = x * x;
 *     return 0;
 *   }
 *
 *   gcc -O3 -shared -fPIC -I node_modules/heddle/native/include -o square.so square.c
 *
 *   const square = nativeApp("square", {
 *     library: new URL("square.so", import.meta.url), arguments: ["f64"], returns: "f64",
 *   });
 *
 * docs/NATIVE-APPS.md in Heddle's repository tells both sides.
 */
#ifndef HEDDLE_H
#define HEDDLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes of one result: 64 MiB. */
#define HEDDLE_RESULT_BYTES_MAX ((size_t)64 << 20)

/*
 * Where an app puts its result. Valid until the app returns, on the thread that was called. Later
 * versions may add members at the end, never in between.
 */
typedef struct heddle_result {
  /* The result where `returns` is a number: f64 for "f64" and "f32", i64 for "i64" and "i32", u64
   * for "u64", "u32" and "u8". Zero before the call. A value that the declared type cannot hold is
   * cut to its low bits. */
  union {
    double f64;
    int64_t i64;
    uint64_t u64;
  } value;
  /* Use the functions below instead of these. */
  void* (*reserve)(struct heddle_result* result, size_t size);
  void (*explain)(struct heddle_result* result, const char* text);
  int (*spawn)(struct heddle_result* result, const void* args, size_t size);
} heddle_result;

/*
 * An app. Returns 0, or the task fails with this number.
 *
 * `args` has `size` bytes, as `arguments` in nativeApp() says:
 *   ["i64"], ["f64", "u32"], ...  the values in this order, little-endian, without padding
 *   "bytes"                       those of the one Uint8Array
 *   "msgpack"                     a msgpack array of all arguments
 * They are not aligned (memcpy them), not to be written to, and valid until the app returns. `args`
 * may be null where `size` is 0.
 *
 * Several threads call it at once, and nothing can end a call. It must not throw or exit, nor keep
 * `args` or `result`; a crash ends the process.
 */
typedef int (*heddle_function)(const void* args, size_t size, heddle_result* result);

/*
 * Room for a result of `size` bytes, where `returns` is "bytes": fill it before returning. Its
 * content is undefined until then. A second call discards the first. Null where `size` is above
 * HEDDLE_RESULT_BYTES_MAX; the task then fails whatever the app returns. An app that never asks
 * gives no bytes: a result of length 0.
 */
static inline void* heddle_result_reserve(heddle_result* result, size_t size) {
  return result->reserve(result, size);
}

/* Makes a copy of `size` bytes at `data` the result. Returns 0, or -1 where they are too many. */
static inline int heddle_result_bytes(heddle_result* result, const void* data, size_t size) {
  void* room = result->reserve(result, size);
  if (room == NULL) return -1;
  if (size > 0) memcpy(room, data, size);
  return 0;
}

/*
 * Says why the task fails: `text` (UTF-8, copied, at most 4,096 bytes of it) reaches the program in
 * the error's message and in `data.text`. Returns `code`, for `return heddle_result_error(...)`;
 * give one other than 0.
 */
static inline int heddle_result_error(heddle_result* result, int code, const char* text) {
  result->explain(result, text);
  return code;
}

/*
 * Makes another task of this app, with a copy of the `size` bytes at `args` as its arguments. It
 * runs later, here or on another slot or rank, and its result is merged into this task's (`merge`
 * in nativeApp()): a task is done when all that it spawned is, to any depth. Tasks that fail make
 * it fail. Returns 0, or -1 where the app was declared without `merge`, or where
 * HEDDLE_SPAWN_BYTES_MAX of arguments wait on this slot already; the task then fails whatever the
 * app returns.
 */
#define HEDDLE_SPAWN_BYTES_MAX ((size_t)256 << 20)
static inline int heddle_spawn(heddle_result* result, const void* args, size_t size) {
  return result->spawn(result, args, size);
}

/*
 * How results of an app that spawns become one, where `merge` names a function: `part` is merged
 * into `total`. Both are a value of the type that `returns` names, or as many bytes as every task
 * gives
 * (`size`); neither is aligned. The order of merges is not fixed, so it should not matter.
 */
typedef void (*heddle_merge)(void* total, const void* part, size_t size);

#ifdef __cplusplus
}
#endif

#endif
