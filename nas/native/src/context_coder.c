/* The context coder. nas/coders/context.py is its definition, in Python: the same integers, the same bytes.

   Writing and reading run the same model, so one function does both; `coding` holds what differs. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

enum { CONTEXTS = 5, COUNT_LIMIT = 1023, HALF = 32768, FIRST_WEIGHT = 15000, CLASSES = 16, SYMBOL_CLASSES = 9 };
enum { NO_MEMORY = -1, NO_ROOM = -2 };

typedef struct {
    uint32_t low, high, value;
    uint8_t *stream;
    size_t place, size;
    int reads, is_full;
} coding;

typedef struct {
    uint16_t probability; /* that the bit is 1, in 1/65536 */
    uint16_t count;
} counter;

typedef struct {
    counter *tables[CONTEXTS];
    size_t places[CONTEXTS];
    int64_t *weights; /* [mixers][CONTEXTS] */
} predictor;

/* One tensor in the course of being coded. Symbols are known by their class; 0 is a pruned weight. */
typedef struct {
    size_t outputs, channels, height, width, columns;
    int symbols, zero, bits;
    uint32_t *counts;     /* [columns] kept weights of earlier outputs */
    uint8_t *row, *above; /* [columns] symbols of this output; the last one of earlier outputs that was kept */
    predictor kept, value;
    int32_t stretch[4096];
    coding coding;
} tensor;

static const int32_t SQUASH[33] = {22,    36,    60,    98,    162,   267,   439,   720,   1179,  1921,  3108,
                                   4971,  7812,  11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565,
                                   62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514};

static int32_t squash(int64_t x) {
    if (x > 2047) x = 2047;
    if (x < -2047) x = -2047;
    int32_t place = ((int32_t)x + 2048) >> 7, rest = ((int32_t)x + 2048) & 127;
    return (SQUASH[place] * (128 - rest) + SQUASH[place + 1] * rest + 64) >> 7;
}

static void fill_stretch(int32_t *stretch) {
    int32_t x = -2047;
    for (int32_t p = 0; p < 4096; p++) {
        while (x < 2047 && squash(x) < p * 16 + 8) x++;
        stretch[p] = x;
    }
}

static uint8_t next_byte(coding *c) {
    uint8_t byte = c->place < c->size ? c->stream[c->place] : 0; /* zeros follow the end */
    c->place++;
    return byte;
}

static void put_byte(coding *c, uint8_t byte) {
    if (c->place < c->size)
        c->stream[c->place++] = byte;
    else
        c->is_full = 1;
}

static int code_bit(coding *c, int bit, int32_t p) {
    uint32_t middle = c->low + (uint32_t)(((uint64_t)(c->high - c->low) * (uint32_t)p) >> 16);
    if (c->reads) bit = c->value <= middle;
    if (bit)
        c->high = middle;
    else
        c->low = middle + 1;
    while (((c->low ^ c->high) >> 24) == 0) {
        if (c->reads)
            c->value = c->value << 8 | next_byte(c);
        else
            put_byte(c, (uint8_t)(c->high >> 24));
        c->low <<= 8;
        c->high = c->high << 8 | 255;
    }
    return bit;
}

/* The fewest bytes that, with zeros behind them, lie in the interval; zeros at the end are left out. */
static void finish(coding *c) {
    for (int bytes = 0; bytes <= 4; bytes++) {
        uint64_t below = (uint64_t)0xffffffffu >> (8 * bytes);
        uint64_t end = (c->low + below) & ~below;
        if (end > c->high) continue;
        for (int i = 0; i < bytes; i++) put_byte(c, (uint8_t)(end >> (24 - 8 * i)));
        break;
    }
    while (c->place && c->stream[c->place - 1] == 0) c->place--;
}

static int code_with(predictor *m, tensor *t, int bit, size_t mixer) {
    int64_t *weights = m->weights + mixer * CONTEXTS;
    int32_t inputs[CONTEXTS];
    int64_t sum = 0;
    for (int i = 0; i < CONTEXTS; i++) {
        inputs[i] = t->stretch[m->tables[i][m->places[i]].probability >> 4];
        sum += weights[i] * inputs[i];
    }
    int32_t p = squash(sum >> 16);
    bit = code_bit(&t->coding, bit, p);
    int32_t error = (bit ? 65536 : 0) - p;
    for (int i = 0; i < CONTEXTS; i++) {
        counter *seen = &m->tables[i][m->places[i]];
        int64_t rest = (bit ? 65535 : 0) - (int32_t)seen->probability;
        weights[i] += ((int64_t)inputs[i] * error + HALF) >> 16;
        seen->probability = (uint16_t)(seen->probability + ((rest * (65536 / (seen->count + 2))) >> 16));
        if (seen->count < COUNT_LIMIT) seen->count++;
    }
    return bit;
}

static int bit_length(uint64_t value) {
    int bits = 0;
    for (; value; value >>= 1) bits++;
    return bits;
}

/* Class 0 to 15 of the share count / of; a count beyond `of` is in the last. */
static size_t share(uint64_t count, uint64_t of) {
    if (of == 0) return 0;
    if (count == 0) return 1 + (of > 8) + (of > 64);
    size_t class = 4 + (size_t)bit_length(count * 1024 / of);
    return class < CLASSES ? class : CLASSES - 1;
}

/* Share of kept weights, as far as they are known, in the columns beside column j, which is at (y, x). */
static size_t share_beside(const tensor *t, size_t o, size_t j, size_t y, size_t x) {
    uint64_t count = 0, number = 0;
    if (x > 0) count += t->counts[j - 1], number++;
    if (x + 1 < t->width) count += t->counts[j + 1], number++;
    if (y > 0) count += t->counts[j - t->width], number++;
    if (y + 1 < t->height) count += t->counts[j + t->width], number++;
    return share(count, o * number);
}

/* Code the weight of output o at column j; returns whether it was kept. */
static int code_weight(tensor *t, uint8_t *code, size_t o, size_t j, uint32_t filled_count, uint8_t last) {
    size_t plane = t->height * t->width, y = j % plane / t->width, x = j % t->width;
    const uint8_t *here = t->row + j;
    size_t left = x > 0 ? here[-1] : 0, up = y > 0 ? *(here - t->width) : 0;
    size_t up_left = y > 0 && x > 0 ? *(here - t->width - 1) : 0;
    size_t up_right = y > 0 && x + 1 < t->width ? *(here - t->width + 1) : 0;
    size_t column = share(t->counts[j], o), filled = share(filled_count, j);
    if (t->zero >= 0) {
        size_t left2 = x > 1 && here[-2], deep = j >= plane && *(here - plane);
        size_t deeper = j >= 2 * plane && *(here - 2 * plane);
        size_t around = (left > 0) | left2 << 1 | (size_t)(up > 0) << 2 | (size_t)(up_left > 0) << 3 |
                        (size_t)(up_right > 0) << 4 | deep << 5 | deeper << 6;
        size_t number = (left > 0) + (up > 0) + (up_left > 0) + (up_right > 0) + deep;
        t->kept.places[0] = j;
        t->kept.places[1] = o;
        t->kept.places[2] = around * CLASSES + column;
        t->kept.places[3] =
            (share_beside(t, o, j, y, x) * CLASSES + filled) * 4 + ((left > 0) | (size_t)(up > 0) << 1);
        t->kept.places[4] = (column * CLASSES + filled) * 8 + number;
        if (!code_with(&t->kept, t, *code != t->zero, 0)) {
            *code = (uint8_t)t->zero;
            t->row[j] = 0;
            return 0;
        }
    }
    int symbol = *code - (t->zero >= 0 && *code > t->zero);
    size_t node = 1;
    for (int bit = t->bits - 1; bit >= 0; bit--) {
        t->value.places[0] = (node * SYMBOL_CLASSES + left) * SYMBOL_CLASSES + up;
        t->value.places[1] = node * SYMBOL_CLASSES + last;
        t->value.places[2] = (node * CLASSES + column) * CLASSES + filled;
        t->value.places[3] = node * SYMBOL_CLASSES + t->above[j];
        t->value.places[4] = (node * SYMBOL_CLASSES + up_left) * SYMBOL_CLASSES + up_right;
        node = node * 2 + (size_t)code_with(&t->value, t, symbol >> bit & 1, node);
    }
    symbol = (int)node - (1 << t->bits);
    if (symbol >= t->symbols) symbol = t->symbols - 1; /* only in a damaged stream */
    *code = (uint8_t)(symbol + (t->zero >= 0 && symbol >= t->zero));
    t->row[j] = t->above[j] = (uint8_t)(1 + (symbol >> (t->bits > 3 ? t->bits - 3 : 0)));
    t->counts[j]++;
    return 1;
}

static int make(predictor *m, const size_t *sizes, size_t mixers) {
    for (int i = 0; i < CONTEXTS; i++) {
        m->tables[i] = malloc(sizes[i] * sizeof(counter));
        if (!m->tables[i]) return 0;
        for (size_t j = 0; j < sizes[i]; j++) m->tables[i][j] = (counter){HALF, 0};
    }
    m->weights = malloc(mixers * CONTEXTS * sizeof(int64_t));
    if (!m->weights) return 0;
    for (size_t i = 0; i < mixers * CONTEXTS; i++) m->weights[i] = FIRST_WEIGHT;
    return 1;
}

static void drop(predictor *m) {
    for (int i = 0; i < CONTEXTS; i++) free(m->tables[i]);
    free(m->weights);
}

static int prepare(tensor *t) {
    size_t nodes = (size_t)1 << t->bits, pairs = nodes * SYMBOL_CLASSES * SYMBOL_CLASSES;
    const size_t kept[CONTEXTS] = {t->columns, t->outputs, 128 * CLASSES, 4 * CLASSES * CLASSES, 8 * CLASSES * CLASSES};
    const size_t value[CONTEXTS] = {pairs, nodes * SYMBOL_CLASSES, nodes * CLASSES * CLASSES, nodes * SYMBOL_CLASSES,
                                    pairs};
    t->counts = calloc(t->columns, sizeof(uint32_t));
    t->row = calloc(t->columns, 1);
    t->above = calloc(t->columns, 1);
    fill_stretch(t->stretch);
    return t->counts && t->row && t->above && make(&t->kept, kept, 1) && make(&t->value, value, nodes);
}

/* codes [outputs * channels * height * width]: read from, or written to if `reads`. zero: the code of pruned weights,
   or -1. Returns the bytes of the stream, NO_MEMORY, or NO_ROOM if `size` bytes do not hold it. */
EXPORT int64_t nas_context_code(uint8_t *codes, uint8_t *stream, int64_t size, int64_t outputs, int64_t channels,
                                int64_t height, int64_t width, int levels, int zero, int reads) {
    tensor *t = calloc(1, sizeof *t);
    if (!t) return NO_MEMORY;
    t->outputs = (size_t)outputs, t->channels = (size_t)channels, t->height = (size_t)height, t->width = (size_t)width;
    t->columns = t->channels * t->height * t->width;
    t->symbols = levels - (zero >= 0), t->zero = zero;
    t->bits = t->symbols > 1 ? bit_length((uint64_t)t->symbols - 1) : 0;
    t->coding = (coding){.high = 0xffffffffu, .stream = stream, .size = (size_t)size, .reads = reads};
    int64_t result = NO_MEMORY;
    if (prepare(t)) {
        if (reads)
            for (int i = 0; i < 4; i++) t->coding.value = t->coding.value << 8 | next_byte(&t->coding);
        if (reads && t->symbols == 0) memset(codes, zero, t->outputs * t->columns); /* all pruned: nothing is coded */
        for (size_t o = 0; o < (t->symbols ? t->outputs : 0); o++) {
            uint32_t filled = 0;
            uint8_t last = 0;
            for (size_t j = 0; j < t->columns; j++)
                if (code_weight(t, codes + o * t->columns + j, o, j, filled, last)) filled++, last = t->row[j];
        }
        if (!reads) finish(&t->coding);
        result = t->coding.is_full ? NO_ROOM : (int64_t)t->coding.place;
    }
    drop(&t->kept);
    drop(&t->value);
    free(t->counts), free(t->row), free(t->above), free(t);
    return result;
}
