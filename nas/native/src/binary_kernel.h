/* The kernels of one instruction set, from the vectors that the including file defines:

   vector, LANES (32-bit words in one), load, spread (one word to all lanes), either, ones_of and differ (counts of the bits in which two
   vectors differ, of each lane or of each byte), plus and minus of lanes, plus_bytes, to_lanes (counts of bytes to counts of lanes; not if WHOLE_LANES),
   store, read, at_least (one bit for each of PANEL values), VECTORS (of a block, for each of its rows), CHAINS.

   A block of 4 rows and VECTORS vectors of outputs is held in registers: each word of a row is spread once for all of its
   outputs, each vector of weights read once for 4 rows. Lanes are outputs, so no sum goes across a vector. */

#include <string.h>

#include "binary.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define INLINED static __forceinline
#else
#define INLINED static inline __attribute__((always_inline))
#endif

enum { ROWS = 4, BYTE_WORDS = 31 }; /* a byte holds the counts of 31 words, each up to 8 */

/* Counts go to results [rows, PANEL], `step` apart: they are added to what is there if `adds`, and made to sums of products
   of `bits` values if `bits` is not 0. */
INLINED void count_block(size_t rows, const uint32_t *row, size_t stride, const uint32_t *panel, size_t words,
                         int32_t *results, size_t step, int adds, int32_t bits) {
#if defined(__GNUC__)
    for (size_t r = 0; r < rows; r++)
        for (size_t column = 0; column < PANEL; column += 16) __builtin_prefetch(results + r * step + column, 1);
#endif
    for (size_t column = 0; column < PANEL; column += VECTORS * LANES) {
        int32_t *result = results + column;
        vector total[ROWS][VECTORS];
        for (size_t r = 0; r < rows; r++)
            for (size_t v = 0; v < VECTORS; v++) total[r][v] = adds ? read(result + r * step + v * LANES) : zero();
#ifdef WHOLE_LANES
        for (size_t k = 0; k < words; k++) {
            vector weights[VECTORS];
            for (size_t v = 0; v < VECTORS; v++) weights[v] = load(panel + k * PANEL + column + v * LANES);
            for (size_t r = 0; r < rows; r++) {
                vector word = spread(row[r * stride + k]);
                for (size_t v = 0; v < VECTORS; v++) total[r][v] = plus(total[r][v], differ(word, weights[v]));
            }
        }
#else
        for (size_t start = 0; start < words; start += BYTE_WORDS) {
            size_t end = start + BYTE_WORDS < words ? start + BYTE_WORDS : words;
            vector bytes[ROWS][VECTORS];
            for (size_t r = 0; r < rows; r++)
                for (size_t v = 0; v < VECTORS; v++) bytes[r][v] = zero();
            for (size_t k = start; k < end; k++) {
                vector weights[VECTORS];
                for (size_t v = 0; v < VECTORS; v++) weights[v] = load(panel + k * PANEL + column + v * LANES);
                for (size_t r = 0; r < rows; r++) {
                    vector word = spread(row[r * stride + k]);
                    for (size_t v = 0; v < VECTORS; v++) bytes[r][v] = plus_bytes(bytes[r][v], differ(word, weights[v]));
                }
            }
            for (size_t r = 0; r < rows; r++)
                for (size_t v = 0; v < VECTORS; v++) total[r][v] = plus(total[r][v], to_lanes(bytes[r][v]));
        }
#endif
        for (size_t r = 0; r < rows; r++)
            for (size_t v = 0; v < VECTORS; v++) {
                vector sum = bits ? minus(spread((uint32_t)bits), plus(total[r][v], total[r][v])) : total[r][v];
                store(result + r * step + v * LANES, sum);
            }
    }
}

static void four(const uint32_t *rows, size_t stride, const uint32_t *panel, size_t words, int32_t *results, size_t step,
                 int adds, int32_t bits) {
    count_block(ROWS, rows, stride, panel, words, results, step, adds, bits);
}

static void one(const uint32_t *rows, size_t stride, const uint32_t *panel, size_t words, int32_t *results, size_t step,
                int adds, int32_t bits) {
    count_block(1, rows, stride, panel, words, results, step, adds, bits);
}

/* The most common signs, of one plane without corrections: bits - 2 * count >= threshold, solved for the count. */
static void finish_signs(const task *t, const int32_t *counts, size_t group, size_t first, size_t positions) {
    size_t groups = ((size_t)t->outputs + PANEL - 1) / PANEL;
    int32_t limits[PANEL];
    for (size_t c = 0; c < PANEL; c++) {
        int64_t twice = t->bits - t->thresholds[group * PANEL + c];
        limits[c] = (int32_t)((twice - (twice & 1)) / 2);
    }
    for (size_t p = first; p < first + positions; p++, counts += PANEL)
        t->signs[p * groups + group] = at_least(limits, counts);
}

static void finish(const task *t, const int32_t *counts, size_t group, size_t first, size_t positions) {
    size_t groups = ((size_t)t->outputs + PANEL - 1) / PANEL, rest = (size_t)t->outputs - group * PANEL;
    size_t columns = rest < PANEL ? rest : PANEL, image = (size_t)(t->out_height * t->out_width);
    int32_t bits = (int32_t)t->bits;
    if (t->signs && t->planes == 1 && !t->classes) {
        finish_signs(t, counts, group, first, positions);
        return;
    }
    for (size_t p = first; p < first + positions; p++) {
        int32_t values[PANEL];
        for (size_t c = 0; c < PANEL; c++) values[c] = bits - 2 * counts[c];
        counts += PANEL;
        for (int64_t n = 1; n < t->planes; n++, counts += PANEL)
            for (size_t c = 0; c < PANEL; c++) values[c] += (bits - 2 * counts[c]) * (1 << n);
        if (t->classes) {
            const int32_t *more = t->corrections + (size_t)t->classes[p % image] * groups * PANEL + group * PANEL;
            for (size_t c = 0; c < PANEL; c++) values[c] += more[c];
        }
        if (t->signs)
            t->signs[p * groups + group] = at_least(values, t->thresholds + group * PANEL);
        else
            memcpy(t->sums + p * (size_t)t->outputs + group * PANEL, values, columns * sizeof *values);
    }
}

static int64_t limit(int64_t rounds, int32_t *result) {
    uint32_t words[LANES];
    vector words_of[CHAINS], counts[CHAINS], sum = zero();
    for (size_t i = 0; i < LANES; i++) words[i] = (uint32_t)i * 0x9e3779b9u;
    for (size_t i = 0; i < CHAINS; i++) words_of[i] = load(words), counts[i] = spread((uint32_t)i);
    for (int64_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < CHAINS; i++) {
            words_of[i] = either(words_of[i], counts[i]); /* not the same words again: they would be counted once */
            counts[i] = plus_bytes(counts[i], ones_of(words_of[i]));
        }
    for (size_t i = 0; i < CHAINS; i++) sum = plus(sum, counts[i]);
    int32_t lanes[LANES];
    store(lanes, sum);
    *result = lanes[0]; /* so that the compiler does not leave the rounds out */
    return rounds * CHAINS * LANES * 32;
}

static const binary_level LEVEL = {four, one, finish, limit};
