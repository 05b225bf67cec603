"""Claim: the papers' networks, as expressions, have the sizes that the papers and their authors' releases print.

Prints one line a printed size: exact parameters and multiply-adds beside it. A printed number counts as met within one
unit of its last digit, as some sources round and others cut; the page of results says why some are not.

No machine matters; results: docs/results/networks.md
Command: python benchmarks/networks.py
"""

import re
from typing import NamedTuple

from nas.network import network
from nas.ops.cost import network_cost
from nas.ops.notation import write_network


class Printed(NamedTuple):
    """A network, and its printed params and macs as the source writes them, in millions; "" where it gives none."""

    source: str
    name: str
    parameters: dict[str, float]
    params: str
    macs: str


V1 = "MobileNet, tables 6 and 7"
V2 = "MobileNetV2, release"
V2_PAPER = "MobileNetV2, table 4"
A1 = "MnasNet, release"
SHUFFLE = "ShuffleNet, release"
DEEP = "Deep Compression, tables 2 to 5"
PRINTED = (
    *(
        Printed(V1, "mobilenetv1", {"width": 1.0, "resolution": side}, "4.2", macs)
        for side, macs in ((224, "569"), (192, "418"), (160, "290"), (128, "186"))
    ),
    *(
        Printed(V1, "mobilenetv1", {"width": width, "resolution": 224}, params, macs)
        for width, params, macs in ((0.75, "2.6", "325"), (0.5, "1.3", "149"), (0.25, "0.5", "41"))
    ),
    *(
        Printed(V2, "mobilenetv2", {"width": width, "resolution": side}, params, macs)
        for width, params, sides in (
            (1.4, "6.06", {224: "582"}),
            (1.3, "5.34", {224: "509"}),
            (1.0, "3.47", {224: "300", 192: "221", 160: "154", 128: "99", 96: "56"}),
            (0.75, "2.61", {224: "209", 192: "153", 160: "107", 128: "69", 96: "39"}),
            (0.5, "1.95", {224: "97", 192: "71", 160: "50", 128: "32", 96: "18"}),
            (0.35, "1.66", {224: "59", 192: "43", 160: "30", 128: "20", 96: "11"}),
        )
        for side, macs in sides.items()
    ),
    *(
        Printed(V2_PAPER, "mobilenetv2", {"width": width}, params, macs)
        for width, params, macs in ((1.0, "3.4", "300"), (1.4, "6.9", "585"))
    ),
    Printed("MnasNet, release, text", "mnasnet_a1", {}, "3.9", "312"),
    *(
        Printed(A1, "mnasnet_a1", {"width": width}, params, macs)
        for width, params, macs in (
            (1.4, "6.1", "591.5"),
            (1.0, "3.9", "315.2"),
            (0.75, "2.9", "226.7"),
            (0.5, "2.1", "105.2"),
            (0.35, "1.7", "63.2"),
        )
    ),
    Printed(A1, "mnasnet_small", {}, "2.0", "68"),
    Printed("SqueezeNet, table 1", "squeezenet_1_0", {}, "1.248424", ""),
    Printed("SqueezeNet, release", "squeezenet_1_0", {"resolution": 227}, "", "860"),  # 1.72 GFLOPS, two a multiply-add
    Printed("SqueezeNet, release", "squeezenet_1_1", {"resolution": 227}, "", "360"),  # 0.72 GFLOPS
    *(
        Printed(SHUFFLE, "shufflenet", {"groups": groups, "width": width}, params, macs)
        for groups, width, params, macs in (
            (3, 0.5, "0.7", "38"),
            (3, 1.0, "1.9", "138"),
            (3, 1.5, "3.4", "292"),
            (3, 2.0, "5.4", "524"),
            (8, 0.5, "1.0", "40"),
            (8, 1.0, "2.4", "138"),
            (8, 1.5, "4.3", "290"),
            (8, 2.0, "6.5", "522"),
        )
    ),
    Printed(DEEP, "lenet_300_100", {}, "0.266", ""),
    Printed(DEEP, "lenet_5", {}, "0.431", ""),
    Printed(DEEP, "alexnet", {}, "61", ""),
    Printed(DEEP, "vgg_16", {}, "138", ""),
    *(
        Printed("ResNet, table 6", f"resnet_{layers}", {}, params, "")
        for layers, params in ((20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"))
    ),
)

NORM_LEFT_OUT = {V2, V2_PAPER}
"""Sources that count parameters without batch norm."""


def norm_params(notation: str) -> int:
    """Batch-norm scales and shifts: two for each channel of a convolution that is not written with a bias."""
    return sum(2 * int(out) for out, rest in re.findall(r"conv_(\d+)([a-z0-9_]*)", notation) if "bias" not in rest)


def met(exact: int, printed: str) -> bool:
    """Whether exact lies within a unit of the last digit of printed, in millions."""
    digits = len(printed.partition(".")[2])
    return not printed or abs(exact / 1e6 - float(printed)) < 10.0**-digits


def main() -> None:
    print("| network | parameters | params | macs | printed params (M) | printed macs (M) | source | met |")
    print("|---|---|---|---|---|---|---|---|")
    found = 0
    for row in PRINTED:
        net = network.make({"name": row.name, **row.parameters}).expand()
        cost = network_cost(net)
        counted = cost.params - (norm_params(write_network(net)) if row.source in NORM_LEFT_OUT else 0)
        good = met(counted, row.params) and met(cost.macs, row.macs)
        found += good
        said = " ".join(f"{key}={value}" for key, value in row.parameters.items()) or "defaults"
        cells = (row.name, said, f"{cost.params:,}", f"{cost.macs:,}", row.params or "-", row.macs or "-", row.source)
        print(f"| {' | '.join(cells)} | {'yes' if good else 'NO'} |")
    print(f"\n{found} of {len(PRINTED)} rows meet what is printed.")


if __name__ == "__main__":
    main()
