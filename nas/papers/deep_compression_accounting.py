"""Sizes that Deep Compression and SqueezeNet report, counted on layers drawn with the papers' statistics.

No image and no training is in it: it shows that the accounting is understood, layer by layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas.compressing.accounting import Account, percent
from nas.compressing.drawn_layers import Reported, drawn
from nas.network import network as networks
from nas.ops.cost import volume
from nas.ops.layers import WeightedLayer, weighted_layers
from nas.paper import Finding, Paper, Reproduction, Setting, Table, paper

TOLERANCE = 0.4
"""Of a size, in points of the size in 32-bit numbers."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A network with its table. total: sizes (P+Q, P+Q+H) in per cent, and how many times smaller, as the paper says;
    its rows do not always add up to them. lines: the table, one Reported a line.
    """

    title: str
    name: str
    table: int
    index_bits: int
    total: tuple[float, float, float]
    lines: str

    @property
    def rows(self) -> Sequence[Reported]:
        cells = [line.split() for line in self.lines.strip().splitlines()]
        return [Reported(name, float(kept), int(bits), *map(float, rest)) for name, kept, bits, *rest in cells]


REFERENCES = (
    Reference(
        "LeNet-300-100",
        "lenet_300_100",
        2,
        5,
        (3.1, 2.49, 40),
        """
        ip1         8     6   4.4   3.7   3.1  2.32
        ip2         9     6   4.4   4.3   3.8  3.04
        ip3        26     6   4.3   3.2  15.7  12.7
        """,
    ),
    Reference(
        "LeNet-5",
        "lenet_5",
        3,
        5,
        (3.05, 2.55, 39),
        """
        conv1      66     8   7.2   1.5  78.5 67.45
        conv2      12     8   7.2   3.9   6.0  5.28
        ip1         8     5   4.5   4.5   2.7  2.45
        ip2        19     5   5.2   3.7   6.9  6.13
        """,
    ),
    Reference(
        "AlexNet",
        "alexnet",
        4,
        4,
        (3.7, 2.88, 35),
        """
        conv1      84     8   6.3   1.2  32.6 20.53
        conv2      38     8   5.5   2.3  14.5  9.43
        conv3      35     8   5.1   2.6  13.1  8.44
        conv4      37     8   5.2   2.5  14.1  9.11
        conv5      37     8   5.6   2.5  14.0  9.43
        fc6         9     5   3.9   3.2   3.0  2.39
        fc7         9     5   3.6   3.7   3.0  2.46
        fc8        25     5   4.0   3.2   7.3  5.85
        """,
    ),
    Reference(
        "VGG-16",
        "vgg_16",
        5,
        5,
        (3.2, 2.05, 49),
        """
        conv1_1    58     8   6.8   1.7  40.0 29.97
        conv1_2    22     8   6.5   2.6   9.8  6.99
        conv2_1    34     8   5.6   2.4  14.3  8.91
        conv2_2    36     8   5.9   2.3  14.7  9.31
        conv3_1    53     8   4.8   1.8  21.7 11.15
        conv3_2    24     8   4.6   2.9   9.7  5.67
        conv3_3    42     8   4.6   2.2  17.0  8.96
        conv4_1    32     8   4.6   2.6  13.1  7.29
        conv4_2    27     8   4.2   2.9  10.9  5.93
        conv4_3    34     8   4.4   2.5  14.0  7.47
        conv5_1    35     8   4.7   2.5  14.3   8.0
        conv5_2    29     8   4.6   2.7  11.7  6.52
        conv5_3    36     8   4.6   2.3  14.8  7.79
        fc6         4     5   3.6   3.5   1.6   1.1
        fc7         4     5   4.0   4.3   1.5  1.25
        fc8        23     5   4.0   3.4   7.1  5.24
        """,
    ),
)


@paper("deep-compression-accounting")
class DeepCompressionAccounting(Paper):
    """Tables 2 to 5 of Deep Compression, and the sizes of compressed SqueezeNets."""

    source = "arXiv:1510.00149, tables 2 to 5; arXiv:1602.07360, table 2"
    duration = "a minute"

    def reproduce(self, setting: Setting) -> Reproduction:
        findings: list[Finding] = []
        tables: list[Table] = []
        for reference in REFERENCES:
            setting.progress(f"{reference.title}: drawing {len(reference.rows)} layers")
            by_seed = [
                [
                    drawn(row, _weights_of(layer), reference.index_bits, np.random.default_rng([seed, number]))
                    for number, (row, layer) in enumerate(zip(reference.rows, _layers(reference.name), strict=True))
                ]
                for seed in setting.seeds
            ]
            findings += _totals(reference, by_seed)
            tables.append(_table(reference, by_seed[0]))
        findings += _squeezenets(setting)
        return Reproduction(findings, tables, REMARKS)


REMARKS = (
    (
        "All layers are drawn: they have the tables' shares of kept weights (within their rounding to whole per cent), "
        "bits, and bits after Huffman codes, but come from no training. AlexNet, VGG-16 and SqueezeNet need ImageNet "
        "for that. The paper's totals are not always the sum of its rows, which the last line of each table gives. The "
        "columns of VGG-16 between the kept share and the final size were written down from memory, and not compared "
        "with the paper again."
    ),
    (
        "SqueezeNet's paper has no row for each layer. A third of the weights is kept everywhere and an index has 4 "
        "bits, as in the file that its authors released (675,763 bytes, 8 bits, no Huffman codes); Huffman codes are "
        "taken to leave 88 % of the bits of a weight. Its 32-bit biases are counted, as in that file."
    ),
)


def _layers(name: str) -> Sequence[WeightedLayer]:
    return weighted_layers(networks.make(name).expand())


def _weights_of(layer: WeightedLayer) -> int:
    return layer.outputs * volume(layer.field)


def _totals(reference: Reference, by_seed: Sequence[Sequence[Account]]) -> list[Finding]:
    """Sizes of the whole network, and the largest deviation of a layer."""
    quantized, coded, deviations = [], [], []
    for accounts in by_seed:
        weights = sum(each.weights for each in accounts)
        quantized.append(percent(sum(each.quantized_bits for each in accounts), weights))
        coded.append(percent(sum(each.coded_bits for each in accounts), weights))
        pairs = zip(accounts, reference.rows, strict=True)
        deviations.append(max(abs(percent(each.quantized_bits, each.weights) - row.quantized) for each, row in pairs))
    title = reference.title
    found = [
        _near(f"{title}: P+Q, % of fp32", reference.total[0], quantized),
        _near(f"{title}: P+Q+H, % of fp32", reference.total[1], coded),
        Finding(f"{title}: times smaller", reference.total[2], [100 / size for size in coded], digits=1),
    ]
    name = f"{title}: a layer's P+Q, largest deviation in points"
    if not reference.name.startswith("lenet"):
        return [*found, Finding(name, None, deviations)]
    is_near = sum(deviations) / len(deviations) <= TOLERANCE
    return [*found, Finding(name, None, deviations, f"<= {TOLERANCE}", is_near)]


def _near(quantity: str, stated: float, ours: Sequence[float]) -> Finding:
    is_near = abs(sum(ours) / len(ours) - stated) <= TOLERANCE
    return Finding(quantity, stated, ours, f"within {TOLERANCE} points", is_near)


def _table(reference: Reference, accounts: Sequence[Account]) -> Table:
    """The paper's row beside ours, layer by layer, for the first seed."""
    columns = ("layer", "kept %", "ours", "weight H", "ours", "index H", "ours", "P+Q %", "ours", "P+Q+H %", "ours")
    cells = []
    for row, each in zip(reference.rows, accounts, strict=True):
        numbers = (
            (row.kept, 100 * each.kept / each.weights),
            (row.weight_huffman, each.weight_huffman_bits / each.entries),
            (row.index_huffman, each.index_huffman_bits / each.entries),
            (row.quantized, percent(each.quantized_bits, each.weights)),
            (row.coded, percent(each.coded_bits, each.weights)),
        )
        texts = [f"{value:.{1 + (at > 2)}f}" for at, pair in enumerate(numbers) for value in pair]  # noqa: PLR2004
        cells.append((row.name, *texts))
    cells.append(_sum(reference.rows, accounts))
    return Table(f"{reference.title}, table {reference.table}, first seed", columns, cells)


def _sum(stated: Sequence[Reported], accounts: Sequence[Account]) -> tuple[str, ...]:
    """The last line of a table: sizes of all its rows together, the paper's and ours."""
    weights = [each.weights for each in accounts]
    numbers = (
        sum(row.quantized * count for row, count in zip(stated, weights, strict=True)) / sum(weights),
        percent(sum(each.quantized_bits for each in accounts), sum(weights)),
        sum(row.coded * count for row, count in zip(stated, weights, strict=True)) / sum(weights),
        percent(sum(each.coded_bits for each in accounts), sum(weights)),
    )
    return "all rows", *[""] * 6, *(f"{number:.2f}" for number in numbers)


def _squeezenets(setting: Setting) -> list[Finding]:
    """SqueezeNet 1.0 with a third of its weights, 8 and 6 bits."""
    layers = _layers("squeezenet_1_0")
    biases = 32 * sum(layer.outputs for layer in layers)
    found = []
    for bits, stated, has_huffman in ((8, 0.66, False), (6, 0.47, True)):
        sizes = []
        for seed in setting.seeds:
            total = biases
            for number, layer in enumerate(layers):
                row = Reported(layer.path, 33.4, bits, 0.88 * bits, 4, 0, 0)
                rng = np.random.default_rng([seed, bits, number])
                each = drawn(row, _weights_of(layer), 4, rng)
                total += each.coded_bits if has_huffman else each.quantized_bits
            sizes.append(total / 8e6)
        codes = "with Huffman codes" if has_huffman else "no Huffman codes"
        found.append(Finding(f"SqueezeNet, {bits} bits, {codes}: MB", stated, sizes, digits=3))
    return found
