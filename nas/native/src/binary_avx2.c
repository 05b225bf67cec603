/* AVX2: the ones of each half byte are looked up by a shuffle. */

#include "binary.h"

#ifdef NAS_AVX2
#include <immintrin.h>

typedef __m256i vector;
enum { LANES = 8, VECTORS = 2, CHAINS = 4 };
#define zero _mm256_setzero_si256
#define load(words) _mm256_loadu_si256((const __m256i *)(words))
#define read(counts) _mm256_loadu_si256((const __m256i *)(counts))
#define store(counts, values) _mm256_storeu_si256((__m256i *)(counts), values)
#define spread(word) _mm256_set1_epi32((int)(word))
#define either _mm256_xor_si256
#define differ(a, b) ones_of(either(a, b))
#define plus _mm256_add_epi32
#define minus _mm256_sub_epi32
#define plus_bytes _mm256_add_epi8

static inline vector ones_of(vector x) {
    const vector table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2,
                                          2, 3, 2, 3, 3, 4);
    const vector low = _mm256_set1_epi8(15);
    vector below = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
    vector above = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi32(x, 4), low));
    return _mm256_add_epi8(below, above);
}

static inline vector to_lanes(vector bytes) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

static inline uint64_t at_least(const int32_t *values, const int32_t *thresholds) {
    uint64_t below = 0;
    for (int v = 0; v < 8; v++) {
        vector smaller = _mm256_cmpgt_epi32(read(thresholds + v * LANES), read(values + v * LANES));
        below |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(smaller)) << v * LANES;
    }
    return ~below;
}

#include "binary_kernel.h"

const binary_level *nas_binary_avx2(void) { return &LEVEL; }
#else
const binary_level *nas_binary_avx2(void) { return NULL; }
#endif
