/* Integers of 8 bits as planes of bits. */

#include <stddef.h>
#include <stdint.h>

#include "export.h"

/* Bit n of byte i to bit i of byte n. */
static uint64_t transposed(uint64_t x) {
    uint64_t swapped = (x ^ x >> 7) & 0x00aa00aa00aa00aau;
    x ^= swapped ^ swapped << 7;
    swapped = (x ^ x >> 14) & 0x0000cccc0000ccccu;
    x ^= swapped ^ swapped << 14;
    swapped = (x ^ x >> 28) & 0x00000000f0f0f0f0u;
    return x ^ swapped ^ swapped << 28;
}

/* integers [rows, count] to planes [rows, number, (count + 63) / 64], the lowest bit first; number is 8 at most. */
EXPORT void nas_binary_planes(const uint8_t *integers, int64_t rows, int64_t count, int64_t number, uint64_t *planes) {
    for (int64_t row = 0; row < rows; row++, integers += count) {
        int64_t words = (count + 63) / 64;
        for (int64_t w = 0; w < words; w++) {
            uint64_t bits[8] = {0};
            for (int byte = 0; byte < 8 && 64 * w + 8 * byte < count; byte++) {
                uint64_t eight = 0;
                for (int i = 0; i < 8 && 64 * w + 8 * byte + i < count; i++)
                    eight |= (uint64_t)integers[64 * w + 8 * byte + i] << 8 * i;
                eight = transposed(eight);
                for (int n = 0; n < 8; n++) bits[n] |= (eight >> 8 * n & 255) << 8 * byte;
            }
            for (int64_t n = 0; n < number; n++) planes[n * words + w] = bits[n];
        }
        planes += number * words;
    }
}
