/* AVX-512 with VPOPCNTDQ. */

#include "binary.h"

#ifdef NAS_AVX512
#include <immintrin.h>

typedef __m512i vector;
enum { LANES = 16, VECTORS = 4, CHAINS = 12 };
#define WHOLE_LANES
#define zero _mm512_setzero_si512
#define load(words) _mm512_loadu_si512(words)
#define read(counts) _mm512_loadu_si512(counts)
#define store(counts, values) _mm512_storeu_si512(counts, values)
#define spread(word) _mm512_set1_epi32((int)(word))
#define either _mm512_xor_si512
#define ones_of _mm512_popcnt_epi32
#define differ(a, b) ones_of(either(a, b))
#define minus _mm512_sub_epi32
#define plus_bytes plus

static inline vector plus(vector sum, vector more) {
#if defined(__GNUC__)
    __asm__("vpaddd %1, %0, %0" : "+v"(sum) : "v"(more)); /* in place: GCC 12 copies the sums of each round otherwise */
    return sum;
#else
    return _mm512_add_epi32(sum, more);
#endif
}

static inline uint64_t at_least(const int32_t *values, const int32_t *thresholds) {
    uint64_t word = 0;
    for (int v = 0; v < 4; v++)
        word |= (uint64_t)_mm512_cmpge_epi32_mask(read(values + v * LANES), read(thresholds + v * LANES)) << v * LANES;
    return word;
}

#include "binary_kernel.h"

const binary_level *nas_binary_avx512(void) { return &LEVEL; }
#else
const binary_level *nas_binary_avx512(void) { return NULL; }
#endif
