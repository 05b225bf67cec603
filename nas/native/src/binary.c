/* Products of packed values +1 and -1: chooses the level, reads the images row by row, and keeps what is used in caches. */

#include "binary.h"

#include <stdlib.h>
#include <string.h>

#include "export.h"

#if defined(_MSC_VER) && !defined(__clang__) && defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#endif

enum { NO_MEMORY = -1, AVX512 = 0, AVX2, NEON, PORTABLE, LEVELS };
enum { CHUNK_ROWS = 256, BLOCK_WORDS = 96 }; /* of a panel 24 KB, for a level-1 cache of 32 KB */

static int machine_has(int level) {
#if defined(_MSC_VER) && !defined(__clang__) && defined(_M_X64)
    int first[4], more[4];
    __cpuid(first, 1);
    if (!(first[2] >> 27 & 1)) return level == PORTABLE; /* the system keeps no wide registers */
    unsigned long long kept = _xgetbv(0);
    __cpuidex(more, 7, 0);
    if (level == AVX2) return (kept & 6) == 6 && (more[1] >> 5 & 1);
    if (level == AVX512) return (kept & 0xe6) == 0xe6 && (more[1] >> 16 & 1) && (more[2] >> 14 & 1);
#elif defined(__x86_64__)
    __builtin_cpu_init();
    if (level == AVX2) return __builtin_cpu_supports("avx2") != 0;
    if (level == AVX512) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq");
#endif
    return level == NEON || level == PORTABLE; /* NEON is part of every 64-bit ARM, and compiled for nothing else */
}

static const binary_level *compiled(int level) {
    switch (level) {
        case AVX512: return nas_binary_avx512();
        case AVX2: return nas_binary_avx2();
        case NEON: return nas_binary_neon();
        default: return nas_binary_portable();
    }
}

/* One bit for each level that was compiled and that this machine runs. */
EXPORT int nas_binary_levels(void) {
    int levels = 0;
    for (int level = 0; level < LEVELS; level++)
        if (compiled(level) && machine_has(level)) levels |= 1 << level;
    return levels;
}

EXPORT int64_t nas_binary_limit(int level, int64_t rounds, int32_t *result) {
    return compiled(level)->limit(rounds, result);
}

/* The words of one output position, [planes, taps, words], from what lies in the image; 0 outside. */
static void gather(const task *t, size_t position, uint64_t *row) {
    int64_t across = t->out_width, image = (int64_t)position / (t->out_height * across);
    int64_t top = ((int64_t)position / across % t->out_height) * t->stride - t->padding;
    int64_t left = ((int64_t)position % across) * t->stride - t->padding;
    size_t words = (size_t)t->words, kernel = (size_t)t->kernel_width * words;
    for (int64_t n = 0; n < t->planes; n++)
        for (int64_t y = top; y < top + t->kernel_height; y++, row += kernel) {
            const uint64_t *line = t->x + (size_t)(((image * t->height + y) * t->width + left) * t->planes + n) * words;
            int is_inside = y >= 0 && y < t->height;
            if (is_inside && t->planes == 1 && left >= 0 && left + t->kernel_width <= t->width) {
                memcpy(row, line, kernel * sizeof *row);
                continue;
            }
            for (int64_t i = 0; i < t->kernel_width; i++) {
                if (is_inside && left + i >= 0 && left + i < t->width)
                    memcpy(row + (size_t)i * words, line + (size_t)(i * t->planes) * words, words * sizeof *row);
                else
                    memset(row + (size_t)i * words, 0, words * sizeof *row);
            }
        }
}

/* Whether the rows of all positions lie one after the other in x. */
static int is_direct(const task *t) {
    if (t->padding) return 0;
    if (t->kernel_height == 1 && t->kernel_width == 1 && t->stride == 1) return 1;
    return t->planes == 1 && t->kernel_height == t->height && t->kernel_width == t->width;
}

/* Results as in count_function, of all words; in blocks of about the same size. */
static void count_rows(const binary_level *level, const uint32_t *rows, size_t number, const uint32_t *panel,
                       size_t words, int32_t *results, size_t step, int32_t bits) {
    size_t blocks = (words + BLOCK_WORDS - 1) / BLOCK_WORDS, block = (words + blocks - 1) / blocks;
    for (size_t start = 0; start < words; start += block) {
        size_t here = words - start < block ? words - start : block, row = 0;
        const uint32_t *weights = panel + start * PANEL;
        int adds = start > 0;
        int32_t last = start + here == words ? bits : 0;
        for (; row + 4 <= number; row += 4)
            level->four(rows + row * words + start, words, weights, here, results + row * step, step, adds, last);
        for (; row < number; row++)
            level->one(rows + row * words + start, words, weights, here, results + row * step, step, adds, last);
    }
}

/* Returns 0, or NO_MEMORY. */
EXPORT int nas_binary_product(int number, const task *t) {
    const binary_level *level = compiled(number);
    size_t planes = (size_t)t->planes, positions = (size_t)(t->images * t->out_height * t->out_width);
    size_t words = (size_t)(t->kernel_height * t->kernel_width * t->words), outputs = (size_t)t->outputs;
    size_t groups = (outputs + PANEL - 1) / PANEL;
    size_t chunk = planes < CHUNK_ROWS ? CHUNK_ROWS / planes : 1;
    if (chunk > positions) chunk = positions;
    int direct = is_direct(t), is_plain = t->sums && planes == 1 && !t->classes; /* sums need no more than the counts */
    int32_t *counts = malloc((chunk * planes + 1) * PANEL * sizeof *counts);
    uint64_t *gathered = malloc(direct ? 1 : (chunk * planes * words + 1) * sizeof *gathered);
    int result = counts && gathered ? 0 : NO_MEMORY;
    for (size_t first = 0; first < positions && result == 0; first += chunk) {
        size_t here = positions - first < chunk ? positions - first : chunk;
        if (!direct)
            for (size_t p = 0; p < here; p++) gather(t, first + p, gathered + p * planes * words);
        const uint32_t *rows = (const uint32_t *)(direct ? t->x + first * planes * words : gathered);
        for (size_t group = 0; group < groups; group++) {
            const uint32_t *panel = t->panels + group * 2 * words * PANEL;
            if (is_plain && (group + 1) * PANEL <= outputs) {
                int32_t *sums = t->sums + first * outputs + group * PANEL;
                count_rows(level, rows, here, panel, 2 * words, sums, outputs, (int32_t)t->bits);
            } else {
                count_rows(level, rows, here * planes, panel, 2 * words, counts, PANEL, 0);
                level->finish(t, counts, group, first, here);
            }
        }
    }
    free(counts), free(gathered);
    return result;
}
