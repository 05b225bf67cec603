/* Products of packed values +1 and -1: what nas/native/binary.py asks for, and what a level provides. */

#ifndef NAS_BINARY_H
#define NAS_BINARY_H

#include <stddef.h>
#include <stdint.h>

enum { PANEL = 64 }; /* outputs side by side in a panel of weights */

/* A convolution. Either sums or signs is given, and thresholds with signs. */
typedef struct {
    const uint64_t *x;          /* [images, height, width, planes, words] */
    const uint32_t *panels;     /* [groups of PANEL outputs, 32-bit words, PANEL] */
    const int32_t *classes;     /* [out_height * out_width], or NULL */
    const int32_t *corrections; /* [classes, groups * PANEL], added to the sums of positions of that class */
    const int32_t *thresholds;  /* [groups * PANEL] */
    int32_t *sums;              /* [images, out_height, out_width, outputs] */
    uint64_t *signs;            /* [images, out_height, out_width, groups] */
    int64_t images, height, width, planes, words, outputs, bits;
    int64_t kernel_height, kernel_width, stride, padding, out_height, out_width;
} task;

/* Counts the bits in which rows, `stride` 32-bit words apart, and the outputs of a panel differ, into results [rows, PANEL],
   `step` apart. They are added to those there if `adds`; if `bits` is not 0, results are bits - 2 * counts then. */
typedef void count_function(const uint32_t *rows, size_t stride, const uint32_t *panel, size_t words, int32_t *results,
                            size_t step, int adds, int32_t bits);

/* The functions of one instruction set. */
typedef struct {
    count_function *four, *one; /* of 4 rows, and of 1 */
    /* From counts [positions * planes, PANEL] to the results of `positions` from `first` on. */
    void (*finish)(const task *t, const int32_t *counts, size_t group, size_t first, size_t positions);
    /* Runs `rounds` of exclusive or, popcount and addition on vectors in registers; returns the bits of them, and one of the counts. */
    int64_t (*limit)(int64_t rounds, int32_t *result);
} binary_level;

/* NULL where the library was compiled without this instruction set. */
const binary_level *nas_binary_avx512(void);
const binary_level *nas_binary_avx2(void);
const binary_level *nas_binary_neon(void);
const binary_level *nas_binary_portable(void);

#endif
