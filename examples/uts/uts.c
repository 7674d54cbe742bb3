/*
 * Unbalanced trees of the public benchmark UTS (Olivier et al., LCPC 2006) as a native app that spawns: a task walks some
 * nodes, depth first, and spawns what it has not come to, in two bags.
 *
 *   gcc -O3 -shared -fPIC -I native/include -o examples/uts/uts.so examples/uts/uts.c -lm
 *
 * A node is the SHA-1 hash of its parent's and its own number, and says itself how many children it has. Parameters and
 * counts of the trees: the benchmark's sample_trees.sh.
 */
#include <math.h>
#include <stdlib.h>

#include "heddle.h"

#define NODES_PER_TASK 2000
#define CHILDREN_MAX 100

typedef struct {
  uint32_t hash[5];
  int32_t height;
} node;

typedef struct {
  node* nodes;
  size_t count, room;
} stack;

/* What a task gives, and `uts_merge` merges. */
typedef struct {
  uint64_t nodes, leaves, depth;
} counts;

enum shape { FIXED, CYCLIC, BINOMIAL };

static const struct {
  enum shape shape;
  uint32_t seed;
  double children;   /* Mean of a node; of a binomial tree the root's. */
  int32_t depth;     /* Geometric: below it, or below five times as much, nothing. */
  double chance;     /* Binomial: that a node has children, */
  int32_t brood;     /* and then how many. */
} trees[] = {
    {FIXED, 19, 4, 10, 0, 0},            /* T1 */
    {CYCLIC, 502, 6, 16, 0, 0},          /* T2 */
    {BINOMIAL, 42, 2000, 0, 0.124875, 8}, /* T3 */
    {FIXED, 29, 4, 13, 0, 0},            /* T1L */
};

#define ROTATED(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define ROUND(a, b, c, d, e, f, k, w)       \
  e += ROTATED(a, 5) + (f) + (k) + (w);     \
  b = ROTATED(b, 30)
#define FIVE(f, k, t)                                   \
  ROUND(a, b, c, d, e, f(b, c, d), k, w[t]);            \
  ROUND(e, a, b, c, d, f(a, b, c), k, w[(t) + 1]);      \
  ROUND(d, e, a, b, c, f(e, a, b), k, w[(t) + 2]);      \
  ROUND(c, d, e, a, b, f(d, e, a), k, w[(t) + 3]);      \
  ROUND(b, c, d, e, a, f(c, d, e), k, w[(t) + 4])
#define TWENTY(f, k, t) \
  FIVE(f, k, t);        \
  FIVE(f, k, (t) + 5);  \
  FIVE(f, k, (t) + 10); \
  FIVE(f, k, (t) + 15)
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* The compression function of SHA-1 (FIPS 180-4) from its initial value; the block is in w[0..15]. */
static void compress(uint32_t w[80], uint32_t hash[5]) {
  for (int t = 16; t < 80; ++t) {
    const uint32_t x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
    w[t] = ROTATED(x, 1);
  }
  uint32_t a = 0x67452301, b = 0xefcdab89, c = 0x98badcfe, d = 0x10325476, e = 0xc3d2e1f0;
  TWENTY(CHOOSE, 0x5a827999, 0);
  TWENTY(PARITY, 0x6ed9eba1, 20);
  TWENTY(MAJORITY, 0x8f1bbcdc, 40);
  TWENTY(PARITY, 0xca62c1d6, 60);
  hash[0] = a + 0x67452301;
  hash[1] = b + 0xefcdab89;
  hash[2] = c + 0x98badcfe;
  hash[3] = d + 0x10325476;
  hash[4] = e + 0xc3d2e1f0;
}

static node root_of(uint32_t seed) {
  uint32_t w[80] = {0};
  node root = {{0}, 0};
  w[4] = seed; /* 16 zero bytes and the seed. */
  w[5] = 0x80000000;
  w[15] = 20 * 8;
  compress(w, root.hash);
  return root;
}

static node child_of(const node* parent, uint32_t number) {
  uint32_t w[80];
  node child;
  memcpy(w, parent->hash, sizeof parent->hash);
  w[5] = number;
  w[6] = 0x80000000;
  memset(w + 7, 0, 8 * sizeof w[0]);
  w[15] = 24 * 8;
  compress(w, child.hash);
  child.height = parent->height + 1;
  return child;
}

static int geometric(double mean, double uniform) {
  const double p = 1 / (1 + mean);
  const int children = (int)floor(log(1 - uniform) / log(1 - p));
  return children < CHILDREN_MAX ? children : CHILDREN_MAX;
}

static int children_of(uint32_t tree, const node* n) {
  const double uniform = (n->hash[4] & 0x7fffffff) / 2147483648.0;
  const double mean = trees[tree].children;
  const int32_t depth = trees[tree].depth;
  if (trees[tree].shape == BINOMIAL) {
    if (n->height == 0) return (int)mean;
    return uniform < trees[tree].chance ? trees[tree].brood : 0;
  }
  if (n->height == 0) return geometric(mean, uniform);
  if (trees[tree].shape == FIXED) return n->height < depth ? geometric(mean, uniform) : 0;
  if (n->height > 5 * depth) return 0;
  return geometric(pow(mean, sin(2 * 3.141592653589793 * n->height / depth)), uniform);
}

/* Room for so many nodes more. Returns 0, or -1 when there is no memory. */
static int reserve(stack* s, size_t more) {
  if (s->count + more <= s->room) return 0;
  const size_t room = 2 * (s->count + more);
  node* nodes = realloc(s->nodes, room * sizeof *nodes);
  if (nodes == NULL) return -1;
  s->nodes = nodes;
  s->room = room;
  return 0;
}

/* Visits at most `most` nodes. Returns 0, or -1 when there is no memory. */
static int walk(uint32_t tree, stack* s, uint64_t most, counts* found) {
  for (uint64_t visited = 0; visited < most && s->count > 0; ++visited) {
    const node here = s->nodes[--s->count];
    const int children = children_of(tree, &here);
    ++found->nodes;
    found->leaves += children == 0;
    if ((uint64_t)here.height > found->depth) found->depth = (uint64_t)here.height;
    if (reserve(s, (size_t)children) != 0) return -1;
    for (int k = 0; k < children; ++k) s->nodes[s->count++] = child_of(&here, (uint32_t)k);
  }
  return 0;
}

/* Spawns a task for every other node, from the one at `first` on. Returns 0, or -1. */
static int spawn_every_other(uint32_t tree, const stack* s, size_t first, heddle_result* result) {
  size_t count = 0;
  if (first >= s->count) return 0;
  char* args = malloc(sizeof tree + (s->count - first + 1) / 2 * sizeof *s->nodes);
  if (args == NULL) return -1;
  memcpy(args, &tree, sizeof tree);
  node* to = (node*)(args + sizeof tree);
  for (size_t k = first; k < s->count; k += 2) to[count++] = s->nodes[k];
  const int spawned = heddle_spawn(result, args, sizeof tree + count * sizeof *to);
  free(args);
  return spawned;
}

/* Arguments: which tree, as a u32, and nodes; none: its root. */
static int begin(const void* args, size_t size, stack* s, uint32_t* tree, heddle_result* result) {
  if (size < sizeof *tree) return heddle_result_error(result, 1, "expected a u32 and nodes");
  memcpy(tree, args, sizeof *tree);
  if (*tree >= sizeof trees / sizeof trees[0]) return heddle_result_error(result, 2, "there is no such tree");
  const size_t count = (size - sizeof *tree) / sizeof(node);
  if (reserve(s, count + 1) != 0) return heddle_result_error(result, 3, "out of memory");
  memcpy(s->nodes, (const char*)args + sizeof *tree, count * sizeof(node));
  s->count = count;
  if (count == 0) s->nodes[s->count++] = root_of(trees[*tree].seed);
  return 0;
}

static int finish(stack* s, int code, const counts* found, heddle_result* result) {
  free(s->nodes);
  if (code != 0) return code;
  return heddle_result_bytes(result, found, sizeof *found);
}

/* merge: "uts_merge". */
int uts_walk(const void* args, size_t size, heddle_result* result) {
  stack s = {NULL, 0, 0};
  counts found = {0, 0, 0};
  uint32_t tree;
  int code = begin(args, size, &s, &tree, result);
  if (code == 0 && walk(tree, &s, NODES_PER_TASK, &found) != 0) code = 3;
  /* The older a node, the larger its tree: two bags with as much to do each. */
  if (code == 0 && spawn_every_other(tree, &s, 0, result) != 0) code = 4;
  if (code == 0 && spawn_every_other(tree, &s, 1, result) != 0) code = 4;
  return finish(&s, code, &found, result);
}

/* The whole tree in one task, for comparison. */
int uts_sequential(const void* args, size_t size, heddle_result* result) {
  stack s = {NULL, 0, 0};
  counts found = {0, 0, 0};
  uint32_t tree;
  int code = begin(args, size, &s, &tree, result);
  if (code == 0 && walk(tree, &s, UINT64_MAX, &found) != 0) code = 3;
  return finish(&s, code, &found, result);
}

void uts_merge(void* total, const void* part, size_t size) {
  counts a, b;
  if (size != sizeof a) return;
  memcpy(&a, total, sizeof a);
  memcpy(&b, part, sizeof b);
  a.nodes += b.nodes;
  a.leaves += b.leaves;
  if (b.depth > a.depth) a.depth = b.depth;
  memcpy(total, &a, sizeof a);
}
