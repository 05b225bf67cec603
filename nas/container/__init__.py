"""The compressed file, `.naz`: a network with its weights as codes, every byte of it counted.

    magic       4 bytes, "NAZ" and the version, 1
    size        of the manifest, as a varint
    manifest
    checksum    CRC-32 of the manifest, 4 bytes, little-endian like all numbers
    payload     of each layer in the network's order: weight, then bias

The manifest is the notation and the properties (JSON), each as a varint of its bytes and UTF-8, and then for each layer
of nas.ops.layers.weighted_layers:

    weight      one entry
    bias        one entry
    checksum    CRC-32 of what the payload of both stands for: numbers as they are stored, and codes once decoded

An entry is a byte that says the kind. The batch norm of a convolution is folded into it before; one on its own is a
layer whose weight and bias are the scale and the shift of each channel.

    0  zeros        nothing more, and no payload
    1  fp32         payload: the numbers
    2  fp16         payload: the numbers
    3  codes        then a byte each for the coder (nas.coders), the number of levels - 1, the form of the levels (0
                    fp32, 1 fp16, 2 linear) and of the scale (0 none, 1 fp32, 2 fp16), and a varint, the bytes of the
                    stream. payload: levels (a table; or the first and the step, in fp32), scale by output, stream

Varints are base 128, lowest digits first, as in protocol buffers. What a file may make a reader allocate is bounded
before it does: by the parameters of the network, which follow from the notation.
"""
