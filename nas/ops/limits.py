"""How large a network may be: bounds that its arithmetic is checked against before anything of it is built.

They are far above the largest networks of this field, and low enough for a machine to train and measure what is within.
"""

FLOAT_BYTES = 4

MAX_PARAMS = 150_000_000
"""VGG-19 has 144 million. Their ONNX file has 600 MB, less than the 2 GiB that protocol buffers hold."""

MAX_OPTION = 65_536
"""The largest number that a parameter of a block takes, as of channels."""

MAX_SMALL_WINDOW = 11
"""Windows up to this size, that of AlexNet's first convolution, are taken on any image; wider ones must fit into it."""

MAX_ACTIVATIONS = 1 << 26
"""256 MiB of feature maps alive at once for one image; VGG-19 at 224 px has 26 MB."""

MAX_MACS = 1 << 36
"""69 billion for one image, some ten seconds on one core; VGG-19 at 224 px has 20 billion."""

COPIES = 6
"""How often weights are in memory while a model is built and loaded: drawn, scaled, in the graph, in the file, in the
runtime, and in the runtime's own order."""

MEASURING_BYTES = COPIES * FLOAT_BYTES * MAX_PARAMS + (1 << 29)
"""Memory of a process that measures models whose weights are at most MAX_PARAMS together: 3.9 GiB."""
