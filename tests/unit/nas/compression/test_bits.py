"""Bit-packed inference of compressed binary networks equals the training graph, bit for bit."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from quadrants import quadrants

from nas.compressing.bits import bit_packed
from nas.compressing.plan import plan
from nas.compression.forms import layers, set_form
from nas.compression.model import Model
from nas.compression.packing import packed
from nas.compressors.binary import Binary
from nas.compressors.entropy_coding import EntropyCoding
from nas.container.file import read
from nas.errors import CompressionError
from nas.native import binary
from nas.ops import BatchNorm, Conv, Dropout, Linear, Network, Pool, Shape, seq
from nas.ops.notation import read_network
from nas.ops.onnx_graph import onnx_model
from nas.ops.torch_reading.module import build
from nas.training.batches import normalised

CONV = Conv(70, 3, norm=False, act=None)
SIGN = BatchNorm("sign")
POOL = Pool(2, 2, 0)
END = (Linear(4), BatchNorm())
NETWORKS = {
    "perceptron": (seq(Dropout(0.2), Linear(130), SIGN, Linear(65), SIGN, *END), Shape(1, 8, 8)),
    "convolutions": (seq(CONV, SIGN, CONV, POOL, SIGN, seq(CONV, SIGN), Linear(9), SIGN, *END), Shape(3, 8, 8)),
    "windows": (
        seq(Conv(5, 3, 2, padding=0, norm=False, act=None), POOL, SIGN, Conv(6, 2, norm=False, act=None), SIGN, *END),
        Shape(2, 13, 11),
    ),
}


@pytest.fixture(scope="module")
def images():
    return plan("bnn").normalised(quadrants())


def model(op, shape, seed=0):
    """A binary network with random weights and batch norms, a third of whose scales are negative and some 0."""
    network = Network(op, shape)
    module = build(network, seed)
    generator = torch.Generator().manual_seed(seed)
    for layer in layers(module).values():
        set_form(layer, Binary(bound=1.0))
    for name, values in (*module.named_parameters(), *module.named_buffers()):
        if ".norm." in name and values.ndim:
            scale = 9.0 if name.endswith("running_mean") else 1.0
            values.data = scale * torch.randn(values.shape, generator=generator)
            if name.endswith("running_var"):
                values.data = values.data.square()
            if name.endswith("norm.weight"):
                values.data[::7] = 0
    return Model(network, module.eval())


def file(made, images):
    """Images of quadrants have one channel, those of the networks up to three."""
    channels = made.network.input.channels
    return packed(made, replace(images, mean=images.mean * channels, std=images.std * channels))


def container(made, images):
    return read(file(made, images))


def scores(made, pixels, images):
    channels = pixels.shape[3]
    with torch.inference_mode():
        return made.module(normalised(pixels, images.mean * channels, images.std * channels)).numpy()


def pixels(shape, count=40):
    return np.random.default_rng(1).integers(0, 256, (count, shape.height, shape.width, shape.channels), np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("level", binary.levels())
def test_every_level_gives_the_scores_of_the_training_graph(name, level, images, monkeypatch):
    monkeypatch.setenv(binary.VARIABLE, level)
    for seed in range(3):
        made = model(*NETWORKS[name], seed)
        x = pixels(made.network.input)
        assert np.array_equal(bit_packed(container(made, images))(x), scores(made, x, images))


def test_another_process_gives_them_too(images, tmp_path):
    made = model(*NETWORKS["convolutions"])
    x = pixels(made.network.input)
    (tmp_path / "model.naz").write_bytes(file(made, images))
    np.save(tmp_path / "x.npy", x)
    code = (
        "import sys; import numpy as np; from pathlib import Path; from nas.compressing.bits import scores_of_file; "
        "np.save('y.npy', scores_of_file(Path('model.naz'), np.load('x.npy'))); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "y.npy"), scores(made, x, images))


@pytest.mark.parametrize(
    ("notation", "reason"),
    [
        ("1x8x8: linear_9 bn_sign linear_4", "no batch norm follows"),
        ("1x8x8: linear_9 bn_relu linear_4 bn", "batch norm and sign"),
        ("1x8x8: linear_9_sign bn_sign linear_4 bn", "without activation"),
        ("1x8x8: conv_8_bias_linear bn_sign conv_8_k3_g2_bias_linear bn_sign linear_4 bn", "one group"),
        ("1x8x8: conv_8_bias_linear pool_2_p0_avg bn_sign linear_4 bn", "largest value"),
        ("1x8x8: conv_8_bias_linear bn_sign res(id) linear_4 bn", "without branches"),
        ("1x8x8: linear_4 bn", "a last linear one with batch norm alone"),
        ("1x8x8: linear_9 bn_sign conv_4_bias_linear bn", "a last linear one"),
        ("9x99x99: linear_9 bn_sign linear_4 bn", "too many inputs"),
    ],
)
def test_what_is_not_binary_is_refused(notation, reason, images):
    network = read_network(notation)
    with pytest.raises(CompressionError, match=reason):
        bit_packed(container(model(network.op, network.input), images))


def test_other_images_weights_and_biases_are_refused(images):
    made = model(*NETWORKS["perceptron"])
    with pytest.raises(CompressionError, match="signed"):
        bit_packed(container(made, quadrants()))
    first = next(iter(layers(made.module).values()))
    first.bias.data[0] = 0.5
    with pytest.raises(CompressionError, match="bias"):
        bit_packed(container(made, images))
    set_form(first, None)
    first.weight.data[0, 0] = 3
    with pytest.raises(CompressionError, match="are not -1 and 1"):
        bit_packed(container(made, images))


def test_images_of_another_size_are_refused(images):
    with pytest.raises(ValueError, match="1x8x8"):
        bit_packed(container(model(*NETWORKS["perceptron"]), images))(pixels(Shape(1, 8, 9)))


def test_onnx_runtime_gives_them_too(images):
    """In plain operators; the last batch norm is its own two nodes."""
    made = model(*NETWORKS["convolutions"])
    x = pixels(made.network.input)
    graph = onnx_model(made.network, container(made, images)).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": normalised(x, images.mean * 3, images.std * 3).contiguous().numpy()})[0]
    assert np.array_equal(found, scores(made, x, images))


def test_scales_of_16_bits_are_those_of_the_file(images):
    """What the file says is run, also where its numbers are rounded: the same file gives the same scores always."""
    made = model(*NETWORKS["perceptron"])
    half = EntropyCoding(coder="raw", numbers="fp16").compress(made, None)
    x = pixels(made.network.input)
    first, again = (bit_packed(container(half, images))(x) for _ in range(2))
    assert np.array_equal(first, again)
