"""Claim: the product of packed bits runs at 85 % or more of what the machine's popcount allows, on one thread.

Prints, from one run, with the least CPU time of the thread in n rounds, as interruptions only ever add time:

- the limit of each native level: exclusive or, popcount and addition of vectors in registers;
- products of matrices by all levels, beside torch and ONNX Runtime in fp32, 8-bit integers of torch, and a popcount of
  NumPy. `portable` counts the ones of 64-bit words in plain C; `to bits` compares sums with thresholds and packs what
  comes out, as layers do; `packing fp32` packs the rows each time;
- a whole binary network for MNIST (784-4096-4096-4096-10), whose outputs are those of torch;
- the convolutions of the CIFAR-10 network of arXiv:1602.02830.

Command: python benchmarks/binary_gemm.py; machine and versions are printed; results: docs/results/binary_gemm.md
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from latency_db.devices.local import local_device
from latency_db.measuring.environment import environment
from nas.binary.layers import ScoreLayer, binary_layer, pixel_layer, run
from nas.binary.product import Weights, signs, sums
from nas.binary.window import Window
from nas.binary.words import pack
from nas.native import binary

Floats = NDArray[np.float32]
WIDTHS = (784, 4096, 4096, 4096, 10)
CONVOLUTIONS = ((128, 128, 32), (128, 256, 16), (256, 256, 16), (256, 512, 8), (512, 512, 8))
"""Channels in and out, and the side of the image, of the CIFAR-10 network after its first layer."""
CONVOLVED_IMAGES = 16
LARGEST_NUMPY, LARGEST_CHECKED, LARGEST_SLOW = 1024, 2048, 4096
"""Sizes to which NumPy is timed, products are compared, and levels that are not the fastest are timed."""


@dataclass(frozen=True)
class Row:
    name: str
    gops: float


def seconds(call: Callable[[], object], rounds: int) -> float:
    call()
    times = []
    for _ in range(rounds):
        started = time.thread_time()
        call()
        times.append(time.thread_time() - started)
    return min(times)


def on_level(level: str, call: Callable[[], object]) -> Callable[[], object]:
    def chosen() -> object:
        os.environ[binary.VARIABLE] = level
        return call()

    return chosen


def session(
    nodes: Sequence[onnx.NodeProto], arrays: dict[str, NDArray[np.generic]], rank: int
) -> Callable[[Floats], object]:
    """ONNX Runtime on one thread, from "x" of this rank to "y"."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name in ("x", "y")]
    constants = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "baseline", values[:1], values[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    made = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda x: made.run(None, {"x": x})[0]


def numpy_product(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.stack([np.bitwise_count(row ^ b).sum(-1, dtype=np.int64) for row in a])


def values_of(rng: np.random.Generator, *shape: int) -> Floats:
    return 2 * rng.integers(0, 2, shape).astype(np.float32) - 1


def products(rows: int, columns: int, bits: int, rounds: int) -> list[Row]:
    """Each way to multiply, with weights prepared before as all libraries do; rows of bits are packed before too."""
    rng = np.random.default_rng(0)
    a, b = values_of(rng, rows, bits), values_of(rng, columns, bits)
    x, weights = pack(a)[:, None, None], Weights.of(b)
    ta, tb = torch.from_numpy(a), torch.from_numpy(np.ascontiguousarray(b.T))
    ia, ib = ta.to(torch.int8), tb.to(torch.int8)
    ort = session([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": b.T}, 2)
    calls: dict[str, Callable[[], object]] = {
        "torch fp32": lambda: ta @ tb,
        "ONNX Runtime fp32": lambda: ort(a),
        "torch int8 (_int_mm)": lambda: torch._int_mm(ia, ib),  # noqa: SLF001 - torch has no other
    }
    largest = max(rows, columns, bits)
    if largest <= LARGEST_NUMPY:
        calls["NumPy bitwise_count"] = lambda: numpy_product(x[:, 0, 0], weights.words)
    for level in binary.levels():
        if level in binary.NATIVE_LEVELS and (level == binary.levels()[0] or largest <= LARGEST_SLOW):
            calls[level] = on_level(level, lambda: sums(x, weights))
    fastest, zero = binary.levels()[0], np.zeros(columns, np.int32)
    calls[f"{fastest}, to bits"] = on_level(fastest, lambda: signs(x, weights, zero))
    calls[f"{fastest}, packing fp32"] = on_level(fastest, lambda: sums(pack(a)[:, None, None], weights))
    expected = (a @ b.T).astype(np.int64) if largest <= LARGEST_CHECKED else None
    found = sums(x, weights)[:, 0, 0]
    if expected is not None and not np.array_equal(found, expected):
        raise SystemExit("the products differ")
    return [Row(name, 2e-9 * rows * columns * bits / seconds(call, rounds)) for name, call in calls.items()]


def limits() -> dict[str, float]:
    """Gop/s of each native level in registers."""
    levels = [level for level in binary.levels() if level in binary.NATIVE_LEVELS]
    rounds = 1 << 17
    bits = {level: binary.limit_bits(level, rounds) for level in levels}
    return {level: 2e-9 * bits[level] / seconds(lambda: binary.limit_bits(level, rounds), 20) for level in levels}  # noqa: B023 - called at once


def show_products(shape: tuple[int, int, int], rounds: int, limit: dict[str, float]) -> None:
    rows = products(*shape, rounds)
    of = {row.name: row.gops for row in rows}
    for row in rows:
        level = row.name.split(",")[0]
        share = f"{row.gops / limit[level]:.0%}" if level in limit else ""
        others = ("torch fp32", "ONNX Runtime fp32", "portable")
        ratios = [f"{row.gops / of[name]:.1f}" if name in of else "" for name in others]
        print(
            f"| {' x '.join(map(str, shape))} | {row.name} | {row.gops:.0f} | {share} | {' | '.join(ratios)} |",
            flush=True,
        )


@dataclass(frozen=True)
class Dense:
    """sign(x @ weights.T * scale + shift), without the sign in the last layer."""

    weights: Floats
    scale: Floats
    shift: Floats

    def is_on(self, sums: NDArray[np.int64]) -> NDArray[np.bool]:
        return sums.astype(np.float32) * self.scale + self.shift >= 0


def packed(layers: Sequence[Dense], pixels: NDArray[np.uint8]) -> Callable[[], Floats]:
    first, *middle, end = layers
    into = pixel_layer(first.weights, first.is_on)
    hidden = [binary_layer(layer.weights, layer.is_on) for layer in middle]
    return lambda: run(into, hidden, ScoreLayer(Weights.of(end.weights), end.scale, end.shift), pixels)


def by_torch(layers: Sequence[Dense], inputs: Floats) -> Callable[[], Floats]:
    tensors = [tuple(map(torch.from_numpy, (layer.weights.T, layer.scale, layer.shift))) for layer in layers]

    def forward() -> Floats:
        x = torch.from_numpy(inputs)
        for number, (weights, scale, shift) in enumerate(tensors, 1):
            x = x @ weights * scale + shift
            if number < len(tensors):
                x = torch.where(x >= 0, 1.0, -1.0)
        return np.asarray(x)

    return forward


def by_onnxruntime(layers: Sequence[Dense], inputs: Floats) -> Callable[[], object]:
    nodes, arrays, source = [], {}, "x"
    for number, layer in enumerate(layers):
        is_last = number + 1 == len(layers)
        names = [f"{part}{number}" for part in ("weights", "scale", "shift", "product", "scaled", "shifted", "sign")]
        weights, scale, shift, product, scaled, shifted, sign = names
        shifted = "y" if is_last else shifted
        arrays |= {weights: layer.weights.T, scale: layer.scale, shift: layer.shift}
        nodes += [helper.make_node("MatMul", [source, weights], [product])]
        nodes += [
            helper.make_node("Mul", [product, scale], [scaled]),
            helper.make_node("Add", [scaled, shift], [shifted]),
        ]
        nodes += [] if is_last else [helper.make_node("Sign", [shifted], [sign])]
        source = sign
    made = session(nodes, arrays, 2)
    return lambda: made(inputs)


def show_network(images: int, rounds: int) -> None:
    """The binary network for MNIST, and the same one in fp32; its inputs are 2 p - 255."""
    rng, layers = np.random.default_rng(1), []
    for inputs, outputs in pairwise(WIDTHS):
        scale, shift = rng.standard_normal(outputs, np.float32), 10 * rng.standard_normal(outputs, np.float32)
        layers.append(Dense(values_of(rng, outputs, inputs), scale, shift))
    pixels = rng.integers(0, 256, (images, 1, 1, WIDTHS[0]), np.uint8)
    numbers = 2 * pixels.reshape(images, -1).astype(np.float32) - 255
    fastest, floats = on_level(binary.levels()[0], packed(layers, pixels)), by_torch(layers, numbers)
    if not np.array_equal(np.asarray(fastest()), floats()):
        raise SystemExit("the outputs of the networks differ")
    took = {"torch fp32": seconds(floats, 2), "ONNX Runtime fp32": seconds(by_onnxruntime(layers, numbers), 2)}
    took[binary.levels()[0]] = seconds(fastest, rounds)
    for name, taken in took.items():
        ratios = [took[other] / taken for other in ("torch fp32", "ONNX Runtime fp32")]
        print(f"| {name} | {1000 * taken:.0f} | {ratios[0]:.1f} | {ratios[1]:.1f} |")
    print(f"\nOutputs of {images} images are identical to those of torch.")


def show_convolutions(rounds: int) -> None:
    """Convolution, threshold and packed output, against ONNX Runtime's convolution in fp32."""
    rng, total = np.random.default_rng(2), np.zeros(2)
    for channels, outputs, side in CONVOLUTIONS:
        values, images = values_of(rng, outputs, channels, 3, 3), values_of(rng, CONVOLVED_IMAGES, side, side, channels)
        node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
        ort = session([node], {"w": values}, 4)
        x, weights, thresholds = pack(images), Weights.of(values), np.zeros(outputs, np.int32)
        planar = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        window = Window((3, 3), padding=1)
        ours = seconds(on_level(binary.levels()[0], lambda: signs(x, weights, thresholds, window)), rounds)  # noqa: B023 - called at once
        theirs = seconds(lambda: ort(planar), rounds)  # noqa: B023 - called at once
        total += [ours, theirs]
        gops = 2e-9 * 9 * channels * outputs * side**2 * CONVOLVED_IMAGES / ours
        name = f"{channels} -> {outputs}, {side} x {side}"
        print(f"| {name} | {1000 * ours:.2f} | {gops:.0f} | {1000 * theirs:.1f} | {theirs / ours:.1f} |")
    print(f"| all | {1000 * total[0]:.2f} | | {1000 * total[1]:.1f} | {total[1] / total[0]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[512, 1024, 2048, 4096, 8192])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()

    torch.set_num_threads(1)
    versions = f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, numpy {np.__version__}"
    print(
        f"{local_device('local-cpu-1t').fingerprint}; {versions}; load {environment()['load_1min']}; n {given.rounds}\n"
    )
    limit = limits()
    for level, gops in limit.items():
        print(f"limit of {level}: {gops:.0f} Gop/s")
    print("\n| rows x outputs x bits | by | Gop/s | of limit | to torch | to ONNX Runtime | to portable |")
    print("|---|---|---|---|---|---|---|")
    shapes = [(size, size, size) for size in given.sizes]
    for shape in (*shapes, (100, 4096, 784), (100, 4096, 4096), (1, 4096, 4096)):
        show_products(shape, given.rounds if min(shape) < LARGEST_SLOW else 2, limit)
    print("\n| network for MNIST | ms | to torch | to ONNX Runtime |\n|---|---|---|---|")
    show_network(given.images, given.rounds)
    print("\n| convolution | ms | Gop/s | ONNX Runtime, ms | to ONNX Runtime |\n|---|---|---|---|---|")
    show_convolutions(given.rounds)


if __name__ == "__main__":
    main()
