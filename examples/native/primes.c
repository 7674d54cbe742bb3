/*
 * Primes in blocks of a million numbers. A task's argument is one i64: block k holds the numbers from k to k + 1 million.
 *
 *   gcc -O3 -shared -fPIC -I native/include -o examples/native/primes.so examples/native/primes.c
 */
#include <stdlib.h>

#include "heddle.h"

#define BLOCK 1000000
#define LAST_MAX 4000000000000LL /* Square of the largest prime that is sieved with: 2 million. */

/* Fills `composite` for the block that begins at `first`; returns 0, or -1 when there is no memory. */
static int sieve(int64_t first, unsigned char* composite) {
  int64_t root = 1;
  while (root * root < first + BLOCK) ++root;
  unsigned char* small = calloc((size_t)root + 1, 1);
  if (small == NULL) return -1;
  memset(composite, 0, BLOCK);
  for (int64_t k = first; k < 2; ++k) composite[k - first] = 1;
  for (int64_t p = 2; p <= root; ++p) {
    if (small[p]) continue;
    for (int64_t k = p * p; k <= root; k += p) small[k] = 1;
    int64_t from = (first + p - 1) / p * p;
    if (from < p * p) from = p * p;
    for (int64_t k = from; k < first + BLOCK; k += p) composite[k - first] = 1;
  }
  free(small);
  return 0;
}

/* Reads the argument and sieves. The caller frees `*composite`. Returns 0, or the error of the task. */
static int sieve_task(const void* args, size_t size, int64_t* first, unsigned char** composite, heddle_result* result) {
  int64_t block;
  if (size != sizeof block) return heddle_result_error(result, 1, "the argument must be one i64");
  memcpy(&block, args, sizeof block); /* Arguments are not aligned. */
  if (block < 0 || block >= LAST_MAX / BLOCK) return heddle_result_error(result, 2, "no such block: give 0 to 3999999");
  *first = block * BLOCK;
  *composite = malloc(BLOCK);
  if (*composite == NULL || sieve(*first, *composite) != 0) {
    free(*composite);
    return heddle_result_error(result, 3, "out of memory");
  }
  return 0;
}

/* returns: "u64". How many primes there are in the block. */
int count_primes(const void* args, size_t size, heddle_result* result) {
  int64_t first;
  unsigned char* composite;
  const int failed = sieve_task(args, size, &first, &composite, result);
  if (failed) return failed;
  for (int64_t k = 0; k < BLOCK; ++k) result->value.u64 += !composite[k];
  free(composite);
  return 0;
}

/* returns: "bytes". The smaller of each pair of twin primes in the block, as u32 offsets in it. */
int twin_primes(const void* args, size_t size, heddle_result* result) {
  int64_t first;
  unsigned char* composite;
  const int failed = sieve_task(args, size, &first, &composite, result);
  if (failed) return failed;
  size_t twins = 0;
  for (int64_t k = 0; k + 2 < BLOCK; ++k) twins += !composite[k] && !composite[k + 2];
  char* out = heddle_result_reserve(result, twins * sizeof(uint32_t));
  for (uint32_t k = 0; k + 2 < BLOCK && out != NULL; ++k) {
    if (composite[k] || composite[k + 2]) continue;
    memcpy(out, &k, sizeof k);
    out += sizeof k;
  }
  free(composite);
  return 0;
}
