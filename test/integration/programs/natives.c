/* Native apps for native-app.test.ts: each shows one thing that a function may do. */
#include <stdatomic.h>
#include <time.h>

#include "heddle.h"

/* One i64: its square. */
int square(const void* args, size_t size, heddle_result* result) {
  int64_t k;
  if (size != sizeof k) return heddle_result_error(result, 99, "expected one i64");
  memcpy(&k, args, sizeof k);
  result->value.i64 = k * k;
  return 0;
}

/* A row of f64 and u32, packed: their product. */
int scale(const void* args, size_t size, heddle_result* result) {
  double x;
  uint32_t n;
  if (size != sizeof x + sizeof n) return heddle_result_error(result, 99, "expected f64, u32");
  memcpy(&x, args, sizeof x);
  memcpy(&n, (const char*)args + sizeof x, sizeof n);
  result->value.f64 = x * n;
  return 0;
}

/* Its arguments, whatever they are. */
int echo(const void* args, size_t size, heddle_result* result) {
  return heddle_result_bytes(result, args, size);
}

/* Bytes, backwards, written in place. */
int reverse(const void* args, size_t size, heddle_result* result) {
  char* room = heddle_result_reserve(result, size);
  for (size_t k = 0; k < size; ++k) room[k] = ((const char*)args)[size - 1 - k];
  return 0;
}

/* How many bytes of result the argument asks for, all 7. */
int sevens(const void* args, size_t size, heddle_result* result) {
  int64_t count;
  if (size != sizeof count) return 99;
  memcpy(&count, args, sizeof count);
  void* room = heddle_result_reserve(result, (size_t)count);
  if (room != NULL) memset(room, 7, (size_t)count);
  return 0;
}

/* Odd numbers only: multiples of four fail with a text, other even ones without. */
int odd_only(const void* args, size_t size, heddle_result* result) {
  int64_t k;
  if (size != sizeof k) return 99;
  memcpy(&k, args, sizeof k);
  if (k % 4 == 0) return heddle_result_error(result, 4, "a multiple of four");
  if (k % 2 == 0) return 2;
  result->value.i64 = k;
  return 0;
}

/* Every element type has an app that gives the argument, an i64, as that type. */
int as_float(const void* args, size_t size, heddle_result* result) {
  int64_t k;
  if (size != sizeof k) return 99;
  memcpy(&k, args, sizeof k);
  result->value.f64 = (double)k / 2;
  return 0;
}

int as_integer(const void* args, size_t size, heddle_result* result) {
  if (size != sizeof result->value.i64) return 99;
  memcpy(&result->value.i64, args, size);
  return 0;
}

/* Returns when so many calls as its argument says are under way at once; fails after half a minute. */
int meet(const void* args, size_t size, heddle_result* result) {
  static atomic_long arrived;
  const struct timespec pause = {0, 1000000};
  if (size != sizeof result->value.i64) return 99;
  memcpy(&result->value.i64, args, size);
  atomic_fetch_add(&arrived, 1);
  for (int k = 0; k < 30000; ++k) {
    if (atomic_load(&arrived) >= result->value.i64) return 0;
    nanosleep(&pause, NULL);
  }
  return 1;
}

int crash(const void* args, size_t size, heddle_result* result) {
  volatile int* nowhere = NULL;
  (void)args, (void)size, (void)result;
  *nowhere = 1;
  return 0;
}
