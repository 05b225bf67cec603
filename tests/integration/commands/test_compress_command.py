"""`nas compress` and `nas unpack`: from a network to the file, its ONNX form, and on from a kill."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml
from click.testing import CliRunner
from quadrants import one_thread  # noqa: F401 - a fixture that is used by itself

from nas.command_line.groups import cli
from nas.compressing.files import unpacked
from nas.container.file import read
from nas.dataset import load
from nas.export import accuracy
from nas.ops.coded import CodedTensor

PLAN = {
    "training": {"batch_size": 256, "flip": False, "shift": 0},
    "stages": [
        {"name": "prune", "density": 0.2, "batch_size": 256},
        {"name": "trained_quantization", "bits": 3, "batch_size": 256},
        {"name": "entropy_coding"},
    ],
}
NETWORK = "1x28x28: conv_8_k5_s3 pool_2 conv_16_k3 gap linear_10"


def compress(folder: Path, plan=PLAN, model=NETWORK):
    folder.mkdir(exist_ok=True)
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(plan))
    arguments = [
        "--preset",
        str(file),
        "--dataset",
        "fashion_mnist_mini",
        "--epochs",
        "1",
        "--out",
        str(folder / "out"),
        "--json",
    ]
    return CliRunner().invoke(cli, ["compress", model, *arguments])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compressed")
    result = compress(folder)
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def test_the_report_is_of_the_very_file(done):
    folder, report = done
    file = (folder / "out" / "model.naz").read_bytes()
    images = load("fashion_mnist_mini", 0)
    assert report["size_bytes"] == len(file) == sum(report["stages"][-1]["sizes"].values())
    assert report["test_accuracy"] == accuracy(unpacked(file), images, read(file).network)
    assert [stage["name"] for stage in report["stages"]] == [
        "before",
        "prune",
        "trained_quantization",
        "entropy_coding",
    ]
    sizes = [stage["size_bytes"] for stage in report["stages"]]
    assert sizes[0] == sizes[1] > sizes[2] > sizes[3]
    for weight, _ in read(file).tensors.values():
        assert isinstance(weight, CodedTensor)
        assert len(weight.levels) <= 2**3 + 1


def test_unpack_writes_the_onnx_file_that_compress_wrote(done):
    out = done[0] / "out"
    result = CliRunner().invoke(cli, ["unpack", str(out / "model.naz"), "--out", str(out / "again.onnx")])
    assert result.exit_code == 0, result.output
    assert (out / "again.onnx").read_bytes() == (out / "model.onnx").read_bytes()


def test_weights_are_packed_integers_or_floats_with_the_same_scores(done):
    out = done[0] / "out"
    result = CliRunner().invoke(cli, ["unpack", str(out / "model.naz"), "--floats", "--out", str(out / "floats.onnx")])
    assert result.exit_code == 0, result.output
    packed, floats = (onnx.load(out / name) for name in ("model.onnx", "floats.onnx"))
    assert {t.data_type for t in packed.graph.initializer if t.name.endswith(".codes")} == {onnx.TensorProto.UINT4}
    assert {t.data_type for t in floats.graph.initializer} == {onnx.TensorProto.FLOAT}
    image = {"image": np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)}
    scores = [onnxruntime.InferenceSession(m.SerializeToString()).run(None, image)[0] for m in (packed, floats)]
    np.testing.assert_array_equal(*scores)


def test_a_binary_network_runs_on_bits_too(tmp_path):
    plan = {
        "training": None,
        "images": "signed",
        "stages": [{"name": "binary"}, {"name": "entropy_coding", "numbers": "fp32"}],
    }
    result = compress(tmp_path, plan, "1x28x28: linear_32 bn_sign linear_16 bn_sign linear_10 bn")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["test_accuracy_on_bits"] == report["test_accuracy"] > 0.4
    again = compress(tmp_path / "again", plan, str(tmp_path / "out" / "model.onnx"))
    assert "whose statistics no ONNX file has" in str(again.exception)


def test_an_exported_file_is_compressed_with_its_weights(done, tmp_path):
    """Without a stage that changes weights, the scores stay; batch norms are folded."""
    exported = done[0] / "exported.onnx"
    exported.write_bytes(unpacked((done[0] / "out" / "model.naz").read_bytes(), as_floats=True))
    result = compress(
        tmp_path, {"stages": [{"name": "entropy_coding", "numbers": "fp32", "bias_bits": None}]}, str(exported)
    )
    assert result.exit_code == 0, result.output
    image = {"image": np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)}
    scores = [
        onnxruntime.InferenceSession(path).run(None, image)[0] for path in (exported, tmp_path / "out" / "model.onnx")
    ]
    np.testing.assert_array_equal(*scores)


def test_a_compressed_file_is_not_compressed_again(done, tmp_path):
    result = compress(tmp_path, PLAN, str(done[0] / "out" / "model.onnx"))
    assert "0.conv.weight in 32-bit floats: it is compressed already" in str(result.exception)


def test_the_same_command_goes_on_behind_the_last_stage_that_was_done(done):
    folder, report = done
    kept = folder / "out" / "state" / "2-entropy_coding.state"
    kept.unlink()
    again = json.loads(compress(folder).stdout)
    assert kept.exists()
    assert again["stages"][:3] == report["stages"][:3]  # their seconds too: they did not run again


@pytest.mark.parametrize(
    ("plan", "model", "fault"),
    [
        ({"stages": []}, NETWORK, "stages: give a list of compressors"),
        ({"stages": [{"name": "prune", "density": 2}]}, NETWORK, "stages.0.density"),
        (
            {"stages": [{"name": "prume"}]},
            NETWORK,
            "no compressor named 'prume'; there are: entropy_coding, int8, prune",
        ),
        ({**PLAN, "training": {"momentum": 1}}, NETWORK, "training.momentum"),
        ({**PLAN, "train": {}}, NETWORK, "train: no such field"),
        (PLAN, "lenet_301", "no network named 'lenet_301'"),
        (PLAN, "absent.onnx", "absent.onnx is no ONNX file that nas exported"),
    ],
)
def test_wrong_input_is_refused_with_its_field_before_anything_is_trained(tmp_path, plan, model, fault):
    result = compress(tmp_path, plan, model)
    assert result.exit_code != 0
    assert fault in str(result.exception)
    assert not (tmp_path / "out" / "state").exists()
