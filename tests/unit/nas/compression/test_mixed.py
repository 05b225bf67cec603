"""Networks partly in integers, for a latency."""

from dataclasses import dataclass, field, replace
from itertools import product

import onnx
import onnxruntime
import pytest
import torch
from quadrants import one_thread, trained_state  # noqa: F401 - a fixture that is used by itself
from torch.nn.functional import softmax

from nas.compressing.files import unpacked
from nas.compression.allocation.mixed import losses_in_integers
from nas.compression.bench import Bench
from nas.compression.device_latencies import MemberLatencies
from nas.compression.low_bits.integers import calibrated, calibration_images
from nas.compression.model import restore
from nas.compression.packing import packed
from nas.compressor import compressor
from nas.container.file import read
from nas.errors import CompressionError
from nas.onnx_file.metadata import properties
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network
from nas.ops.onnx_graph import StateWeights, onnx_model, tensors_by_member
from nas.quantization.qdq import quantised
from nas.training.file_score import evaluate_file
from nas.training.score import evaluate

NETWORK = read_network("1x8x8: conv_16_k3 res([conv_32 conv_32_k3_g32 conv_16_linear]) conv_24_k3 gap linear_4")
LATENCIES = MemberLatencies("int8", 0.01, (0.05, 0.30, 0.08, 0.02, 0.02), (0.06, 0.11, 0.04, 0.01, 0.01), (0.02,) * 4)


@dataclass
class Device:
    """A device whose latencies are given; a file takes `slower` times what its members do."""

    name: str = "somewhere"
    slower: float | None = 1.0
    measured: list[float] = field(default_factory=list)

    def members(self, network):
        assert network == NETWORK, "the network whose latencies are known, its batch norms not folded"
        return LATENCIES

    def latency_ms(self, file):
        if self.slower is None:
            return None
        names = {tensor.name for tensor in onnx.load_from_string(file).graph.initializer}
        by_layer = ["0.conv", "1.body.0.conv", "2.conv", None, "4.linear"]
        floats = [layer is not None and f"{layer}.weight" in names for layer in by_layer]
        floats[3] = floats[4]
        self.measured.append(self.slower * LATENCIES.sum_ms(floats))
        return self.measured[-1]


@pytest.fixture(scope="module")
def state(images):
    return trained_state(NETWORK, images, epochs=4)


def compress(state, images, device, max_latency_ms, checkpoint=None, **parameters):
    stage = compressor.make(
        {"name": "int8", "max_latency_ms": max_latency_ms, "epochs": 1, "batch_size": 32, **parameters}
    )
    notes = {}
    bench = Bench(images, 0, lambda *_: None, checkpoint, note=notes.__setitem__, target=device)
    return stage.compress(restore(state), bench), notes


@pytest.mark.parametrize("max_latency_ms", [0.3, 0.35, 0.45])
def test_the_choice_loses_least_of_all_that_are_fast_enough(state, images, max_latency_ms):
    _, notes = compress(state, images, Device(slower=None), max_latency_ms, fine_tuning=False)
    rows, latency = notes["members"], notes["latency"]
    choices = list(product((False, True), repeat=len(rows)))
    lost = [sum(row["loss"] for row, stays in zip(rows, floats, strict=True) if not stays) for floats in choices]
    fitting = [loss for loss, floats in zip(lost, choices, strict=True) if LATENCIES.sum_ms(floats) <= max_latency_ms]
    floats = tuple(row["floats"] for row in rows)

    assert lost[choices.index(floats)] == pytest.approx(min(fitting))
    assert latency["summed_ms"] == pytest.approx(LATENCIES.sum_ms(floats))
    assert latency["summed_ms"] <= max_latency_ms
    assert latency["measured_ms"] is None, "the device cannot be measured"


def test_the_file_has_what_stays_as_floats_and_says_so(state, images):
    made, notes = compress(state, images, Device(), 0.35)
    file = packed(made, images)
    stays = {str(row["member"]) for row in notes["members"] if row["floats"]}
    kept = {path for path, (weight, _) in read(file).tensors.items() if not isinstance(weight, CodedTensor)}
    graph = onnx.load_from_string(unpacked(file))
    types = {tensor.name: tensor.data_type for tensor in graph.graph.initializer}

    assert stays
    assert kept
    assert {path.split(".")[0] for path in kept} <= stays
    assert all(path in kept for path in read(file).tensors if path.split(".")[0] in stays)
    assert properties(graph)["integers"] == {
        "recipe": "int8",
        "float_layers": [p for p in read(file).tensors if p in kept],
    }
    assert all(types[f"{path}.weight"] == onnx.TensorProto.FLOAT for path in kept)
    assert sum(name.endswith(".weight_quantized") for name in types) == len(read(file).tensors) - len(kept)
    split = (images.validation, images.mean, images.std)
    before = evaluate(restore(state).module, *split).accuracy
    assert evaluate_file(unpacked(file), *split).accuracy >= before - 0.02
    assert restore(made.state()).integers == made.integers


def test_a_file_that_is_slower_than_its_blocks_say_is_chosen_for_less(state, images):
    device = Device(slower=1.5)
    _, notes = compress(state, images, device, 0.4, fine_tuning=False)

    assert len(device.measured) > 1
    assert device.measured[0] > 0.4
    assert notes["latency"]["measured_ms"] == device.measured[-1] <= 0.4


def test_what_cannot_be_says_what_would_do(state, images):
    with pytest.raises(CompressionError, match=r"0\.2 ms are too few on somewhere.* 0\.48 ms in .*least 0\.24 ms"):
        compress(state, images, Device(slower=None), 0.2)
    slow = Device(slower=2.0)
    with pytest.raises(CompressionError, match=r"at least 0\.48 ms with integers: give more"):
        compress(state, images, slow, 0.25)
    assert slow.measured == pytest.approx([0.5, 0.48]), "the fastest is tried last"
    with pytest.raises(CompressionError, match="no device to measure on"):
        compress(state, images, None, 0.4)
    with pytest.raises(CompressionError, match="computes in int8; leave `integers` out"):
        compress(state, images, Device(), 0.4, integers="int8_s8s8")


def test_a_killed_stage_goes_on_with_its_choice(state, images, tmp_path):
    first, notes = compress(state, images, Device(), 0.35, tmp_path / "stage.training", fine_tuning=False)
    again, kept = compress(state, images, Device(slower=1.3), 0.35, tmp_path / "stage.training", fine_tuning=False)

    assert kept == notes, "though the device is slower by now"
    assert packed(again, images) == packed(first, images)


def test_a_loss_is_the_divergence_with_that_member_alone_in_integers(state, images):
    model = restore(state)
    file = onnx_model(NETWORK, StateWeights(model.numbers())).SerializeToString()
    members, batches = tensors_by_member(NETWORK), list(calibration_images(images, 8))
    how = calibrated(file, "int8_per_tensor", images, 8)
    losses = losses_in_integers(file, how, members, batches)
    none = losses_in_integers(file, replace(how, recipe="int8"), [()], batches)

    def scores(graph):
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        return softmax(torch.cat([torch.from_numpy(session.run(None, {"image": each})[0]) for each in batches]), 1)

    others = frozenset(name for member in members[:1] + members[2:] for name in member)
    before, after = scores(file), scores(quantised(file, replace(how, floats=others)))
    assert losses[1] == pytest.approx(float((before * (before / after).log()).sum(1).mean()), rel=1e-3, abs=1e-7)
    assert len(losses) == len(members)
    assert min(losses) >= 0
    assert none == [0.0]
