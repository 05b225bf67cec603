"""Binary arithmetic on packed bits, and the inference of binary networks (arXiv:1602.02830) that is made of it.

Values are +1 and -1; a value is one bit, 1 for +1. Zero counts as +1 (`sign(0) = +1`). The last axis of an array is
packed into words of 64 bits, lowest bit first; bits past its end are 0. The product of two rows of `bits` values is

    bits - 2 * popcount(a ^ b)

Integers of several bits (pixels, or activations of 2 bits) are packed as planes, one for each bit: `pack_planes`.
Activations are images [images, height, width, words of the channels]; a linear layer is a convolution whose kernel is
the whole image, and its input without an image is [rows, 1, 1, words].

    words       pack, unpack, pack_planes
    product     binary_matmul; sums and signs of a convolution, with Weights and Window
    thresholds  fold: batch norm and sign as one integer threshold for each output
    layers      PixelLayer, BinaryLayer, ScoreLayer, run: a network from pixels to scores
    operator    torch.ops.nas.binary_matmul, which torch.export keeps

The kernels are in nas.native.binary; NAS_BINARY_KERNEL names one of its levels.
"""
