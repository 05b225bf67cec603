/* NEON of 64-bit ARM, which has a popcount of bytes. */

#include "binary.h"

#if defined(__aarch64__) || defined(_M_ARM64)
#include <arm_neon.h>

typedef uint32x4_t vector;
enum { LANES = 4, VECTORS = 4, CHAINS = 8 };
#define zero() vdupq_n_u32(0)
#define load(words) vld1q_u32(words)
#define read(counts) vreinterpretq_u32_s32(vld1q_s32(counts))
#define store(counts, values) vst1q_s32(counts, vreinterpretq_s32_u32(values))
#define spread(word) vdupq_n_u32(word)
#define either veorq_u32
#define ones_of(x) vreinterpretq_u32_u8(vcntq_u8(vreinterpretq_u8_u32(x)))
#define differ(a, b) ones_of(either(a, b))
#define plus vaddq_u32
#define minus vsubq_u32
#define plus_bytes(a, b) vreinterpretq_u32_u8(vaddq_u8(vreinterpretq_u8_u32(a), vreinterpretq_u8_u32(b)))
#define to_lanes(bytes) vpaddlq_u16(vpaddlq_u8(vreinterpretq_u8_u32(bytes)))

static inline uint64_t at_least(const int32_t *values, const int32_t *thresholds) {
    static const uint32_t places[LANES] = {1, 2, 4, 8};
    uint64_t word = 0;
    for (int v = 0; v < PANEL / LANES; v++) {
        uint32x4_t is = vcgeq_s32(vld1q_s32(values + v * LANES), vld1q_s32(thresholds + v * LANES));
        word |= (uint64_t)vaddvq_u32(vandq_u32(is, vld1q_u32(places))) << v * LANES;
    }
    return word;
}

#include "binary_kernel.h"

const binary_level *nas_binary_neon(void) { return &LEVEL; }
#else
const binary_level *nas_binary_neon(void) { return NULL; }
#endif
