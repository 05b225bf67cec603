/* Plain C: two 32-bit words in one of 64 bits. */

#include "binary.h"

typedef uint64_t vector;
enum { LANES = 2, VECTORS = 2, CHAINS = 4 };
#define zero() 0
#define spread(word) ((uint64_t)(word)*0x100000001u)
#define either(a, b) ((a) ^ (b))
#define differ(a, b) ones_of((a) ^ (b))
#define plus(a, b) ((a) + (b)) /* no lane overflows: counts are below 2^31 */
#define plus_bytes plus
#define minus(a, b) ((uint32_t)((a) - (b)) | (((a) >> 32) - ((b) >> 32)) << 32)

static inline vector load(const uint32_t *words) { return words[0] | (uint64_t)words[1] << 32; }

static inline vector read(const int32_t *counts) { return (uint32_t)counts[0] | (uint64_t)(uint32_t)counts[1] << 32; }

static inline void store(int32_t *counts, vector values) {
    counts[0] = (int32_t)(uint32_t)values, counts[1] = (int32_t)(values >> 32);
}

static inline vector ones_of(vector x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
}

static inline vector to_lanes(vector bytes) {
    bytes = (bytes & 0x00ff00ff00ff00ffu) + (bytes >> 8 & 0x00ff00ff00ff00ffu);
    return (bytes & 0x0000ffff0000ffffu) + (bytes >> 16 & 0x0000ffff0000ffffu);
}

static inline uint64_t at_least(const int32_t *values, const int32_t *thresholds) {
    uint64_t word = 0;
    for (int c = 0; c < PANEL; c++) word |= (uint64_t)(values[c] >= thresholds[c]) << c;
    return word;
}

#include "binary_kernel.h"

const binary_level *nas_binary_portable(void) { return &LEVEL; }
