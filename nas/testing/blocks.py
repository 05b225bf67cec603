"""Conformance of blocks and networks: all readings of an expression agree.

A failed check is an AssertionError whose message names the expression.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import onnxruntime
import torch
from torch import nn

from nas.block import Block, block
from nas.errors import InvalidArchitectureError
from nas.ops import Network, Shape, seq
from nas.ops.cost import cost_of, network_cost
from nas.ops.diagram import diagram
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import StateWeights, onnx_model
from nas.ops.torch_reading.module import build

TOLERANCE = 1e-4
"""Largest difference between ONNX Runtime and torch, relative to the largest output."""

WIDTHS = ((8, 8), (8, 24), (24, 16), (16, 48), (10, 22))
"""Input and output channels that check_block tries: equal, wider, narrower, and some that few groups divide."""

FRACTION = 64
"""Numbers that are exact in networks of signs are multiples of 1 / FRACTION."""

MAP = (7, 6)
"""Height and width of the input: odd and even, so that wrong rounding shows."""


def members(name: str) -> Iterator[Block]:
    """The block at every combination of its parameters' values, including those that only a space may name."""
    cls, known = block[name], block[name].known()
    for values in product(*known.values()):
        yield cls(**dict(zip(known, values, strict=True)))


def check_block(name: str) -> None:
    """Check all readings of every member of a block, at every stride and width that it does not refuse.

    A refusal is an InvalidArchitectureError with a reason; a member that refuses everything fails the check.
    """
    for member in members(name):
        built = [check_member(member, *widths, stride) for widths, stride in product(WIDTHS, (1, 2))]
        _check(any(built), f"{member} refuses all of {WIDTHS}")


def check_member(member: Block, c_in: int, c_out: int, stride: int) -> bool:
    """Check one block at one input shape, width and stride; False if it refuses them."""
    x = Shape(c_in, *MAP)
    try:
        op = member.expand(c_in, c_out, stride)
        y, _ = cost_of(op, x)
    except InvalidArchitectureError as error:
        _check(bool(str(error)), f"{member} refuses {c_in} to {c_out} channels without a reason")
        return False
    _check(y == (c_out, -(-x.height // stride), -(-x.width // stride)), f"{member} leads from {x} to {y}")
    check_readings(Network(seq(op), x))
    return True


def check_readings(network: Network, seed: int = 0) -> None:
    """Check that torch agrees with the cost, ONNX Runtime with torch, and the diagram with the whole expression.

    The torch module's batch-norm statistics and biases are made random, so that folding them into ONNX shows. In a
    network of signs all other numbers are binary fractions, whose sums are exact in whatever order a runtime adds them:
    the sign of a sum near 0 would depend on its rounding.
    """
    text = write_network(network)
    _check(read_network(text) == network, f"{text} is read back as another network")
    net = randomised(network, seed)
    _check(
        sum(p.numel() for p in net.parameters()) == network_cost(network).params, f"torch counts other params: {text}"
    )
    images = np.random.default_rng(seed).standard_normal((2, *network.input), np.float32)
    if _has_signs(network):
        images = np.round(images * FRACTION) / np.float32(FRACTION)
    with torch.inference_mode():
        expected = net(torch.from_numpy(images)).numpy()
    y, _ = cost_of(network.op, network.input)
    _check(expected.size == 2 * y.channels * y.height * y.width, f"torch puts out {expected.shape}, not {y}: {text}")
    error, largest = np.abs(_onnx_scores(network, net, images) - expected).max(), np.abs(expected).max()
    _check(bool(error <= TOLERANCE * largest), f"ONNX Runtime differs by {error:.1e} from torch, {largest:.1e}: {text}")
    check_diagram(network)


def randomised(network: Network, seed: int) -> nn.Module:
    """The torch module in inference mode, with random batch-norm statistics, scales and biases."""
    net = build(network, seed).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, values in (*net.named_parameters(), *net.named_buffers()):
        if values.ndim == 1:
            positive = name.endswith(("norm.weight", "running_var"))
            values.data.uniform_(0.5 if positive else -0.5, 1.5 if positive else 0.5, generator=generator)
        if _has_signs(network) and "norm" not in name:
            values.data.copy_(values.sign() if values.ndim > 1 else (values * FRACTION).round() / FRACTION)
    return net


def _has_signs(network: Network) -> bool:
    return "_sign" in write_network(network)


def check_diagram(network: Network) -> None:
    """Check that edges lead forwards between nodes, that only the last node ends, and that totals are the cost's."""
    drawn, text = diagram(network), write_network(network)
    nodes, edges = drawn["nodes"], drawn["edges"]
    _check([node["id"] for node in nodes] == list(range(len(nodes))), f"node ids have gaps: {text}")
    _check(all(0 <= tail < head < len(nodes) for tail, head in edges), f"an edge leads backwards or nowhere: {text}")
    _check({tail for tail, _ in edges} == set(range(len(nodes) - 1)), f"a node leads nowhere: {text}")
    cost = network_cost(network)
    totals = (sum(node["params"] for node in nodes), sum(node["macs"] for node in nodes))
    _check(totals == (cost.params, cost.macs), f"the diagram adds up to {totals}: {text}")


def _onnx_scores(network: Network, net: nn.Module, images: np.ndarray) -> np.ndarray:
    weights = StateWeights({name: tensor.numpy() for name, tensor in net.state_dict().items()})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnx_model(network, weights).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    scores: np.ndarray = session.run(["scores"], {"image": images})[0]
    return scores


def _check(holds: bool, fault: str) -> None:
    if not holds:
        raise AssertionError(fault)
