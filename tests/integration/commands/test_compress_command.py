"""`nas compress` and `nas unpack`: from a network to the file, its ONNX form, and on from a kill."""

import json
import re
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
from nas.compressing.run_folder import in_run
from nas.container.file import read
from nas.dataset import load
from nas.errors import CompressionError
from nas.export import accuracy
from nas.onnx_file.metadata import properties
from nas.ops.coded import CodedTensor
from nas.ops.notation import read_network
from nas.quantization.qdq import is_quantised
from nas.quantization.recipes import RECIPES
from nas.testing.drawn_files import whole_file
from workers.commands.compress import compress as with_latency

PLAN = {
    "training": {"batch_size": 256, "flip": False, "shift": 0},
    "stages": [
        {"name": "prune", "density": 0.2, "batch_size": 256},
        {"name": "trained_quantization", "bits": 3, "batch_size": 256},
        {"name": "entropy_coding"},
    ],
}
NETWORK = "1x28x28: conv_8_k5_s3 pool_2 conv_16_k3 gap linear_10"


def compress(folder: Path, plan=PLAN, model=NETWORK, *more):
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
        *more,
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
    layers, last = report["stages"][-1]["layers"], report["stages"][-1]["sizes"]
    assert sum(layer["size_bytes"] for layer in layers) == last["weights"] + last["biases"]
    assert [layer["layer"] for layer in layers] == list(read(file).tensors)
    assert sum(layer["density"] * layer["weights"] for layer in layers) < 0.25 * sum(each["weights"] for each in layers)
    assert [layer["bits"] for layer in report["stages"][0]["layers"]] == [None] * 3
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
    sparse = ["unpack", str(out / "model.naz"), "--floats", "--sparse", "--out", str(out / "sparse.onnx")]
    assert CliRunner().invoke(cli, sparse).exit_code == 0
    assert (out / "sparse.onnx").stat().st_size < (out / "floats.onnx").stat().st_size
    packed, floats, sparse = (onnx.load(out / name) for name in ("model.onnx", "floats.onnx", "sparse.onnx"))
    assert {t.data_type for t in packed.graph.initializer if t.name.endswith(".codes")} == {onnx.TensorProto.UINT4}
    assert {t.data_type for t in floats.graph.initializer} == {onnx.TensorProto.FLOAT}
    image = {"image": np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)}
    scores = [onnxruntime.InferenceSession(m.SerializeToString()).run(None, image)[0] for m in (packed, floats, sparse)]
    np.testing.assert_array_equal(*scores[:2])
    np.testing.assert_array_equal(*scores[1:])


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


def test_the_size_that_is_asked_for_is_kept_by_bits_that_differ(done, tmp_path):
    stage = {"name": "allocate", "densities": [1.0], "bits": [1, 2, 4], "max_bytes": 10, "batch_size": 256}
    (tmp_path / "out" / "state").mkdir(parents=True)
    training = done[0] / "out" / "state" / "training"
    (tmp_path / "out" / "state" / "training").write_bytes(training.read_bytes())  # the same, so that none is needed
    result = compress(tmp_path, {**PLAN, "stages": [stage]}, NETWORK, "--max-bytes", "1.1k")
    report = json.loads(result.stdout)
    size = (tmp_path / "out" / "model.naz").stat().st_size
    assert 1000 < size == report["size_bytes"] <= 1100
    chosen = {row["layer"]: row["bits"] for row in report["stages"][1]["notes"]["sensitivities"] if row["chosen"]}
    assert chosen == {row["layer"]: row["bits"] for row in report["stages"][1]["layers"]}
    assert len(set(chosen.values())) > 1


def test_a_size_is_refused_for_a_plan_that_keeps_none(tmp_path):
    assert "no stage allocate" in str(compress(tmp_path, PLAN, NETWORK, "--max-bytes", "1.1k").exception)


@pytest.mark.parametrize(
    ("plan", "model", "fault"),
    [
        ({"stages": []}, NETWORK, "stages: give a list of compressors"),
        ({"stages": [{"name": "prune", "density": 2}]}, NETWORK, "stages.0.density"),
        (
            {"stages": [{"name": "prume"}]},
            NETWORK,
            "no compressor named 'prume'; did you mean prune?",
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


@pytest.fixture
def run(done, tmp_path):
    """A folder as `nas run` leaves it: trial 1 is a finalist, trial 0 is not."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "model-b.onnx").write_bytes(unpacked((done[0] / "out" / "model.naz").read_bytes(), as_floats=True))
    spec = {"dataset": "fashion_mnist_mini", "max_trials": 2, "seed": 3}
    finalist = {
        "trial": 1,
        "notation": NETWORK,
        "file": "model-b-int8-uint8.onnx",
        "metrics": {"validation_accuracy": 0.5},
    }
    pareto = {"objective": {}, "device": {"name": "local-cpu-1t"}, "finalists": [finalist]}
    trials = [{"number": number, "notation": NETWORK} for number in (0, 1)]
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "pareto.json").write_text(json.dumps(pareto))
    (folder / "trials.jsonl").write_text("".join(json.dumps(trial) + "\n" for trial in trials))
    return folder


def test_a_finalist_of_a_run_keeps_its_weights_and_is_tested_on_the_run_s_images(run, tmp_path):
    (tmp_path / "plan.yaml").write_text("stages: [{name: entropy_coding, numbers: fp32, bias_bits: null}]\n")
    arguments = ["--preset", str(tmp_path / "plan.yaml"), "--out", str(tmp_path / "out"), "--json"]
    for model in (run, f"{run}:1"):
        result = CliRunner().invoke(cli, ["compress", str(model), *arguments])
        assert result.exit_code == 0, result.output
        images = load("fashion_mnist_mini", 3)
        expected = accuracy((run / "model-b.onnx").read_bytes(), images, read_network(NETWORK))
        assert json.loads(result.stdout)["test_accuracy"] == expected


def test_a_trial_of_a_run_is_its_network(run):
    trial = in_run(f"{run}:0")
    assert (trial.notation, trial.file) == (NETWORK, None)
    assert in_run(f"{run}:1").file == run / "model-b.onnx"
    assert in_run(NETWORK) is None
    with pytest.raises(CompressionError, match="has no trial 7"):
        in_run(f"{run}:7")
    (run / "pareto.json").unlink()
    with pytest.raises(CompressionError, match="let `nas run` end first"):
        in_run(str(run))


def test_integers_are_timed_beside_floats(tmp_path):
    stages = [{"name": "int8", "fine_tuning": False}, {"name": "entropy_coding", "bias_bits": None}]
    result = compress(tmp_path, plan={**PLAN, "stages": stages})
    assert result.exit_code == 0, result.output
    report, out = json.loads(result.stdout), tmp_path / "out"

    assert set(report["latency_ms"]) == {"fp32", "integers"}
    assert report["stages"][1]["parameters"]["integers"] in RECIPES
    assert report["test_accuracy"] == pytest.approx(report["test_accuracy_before"], abs=0.03)
    assert is_quantised((out / "model.onnx").read_bytes())
    assert unpacked((out / "model.naz").read_bytes()) == (out / "model.onnx").read_bytes()


def test_a_file_for_a_latency_is_measured_on_the_device(tmp_path, monkeypatch):
    """So much time that nothing has to be in integers; and so little that nothing is fast enough."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump({**PLAN, "stages": [{"name": "int8", "fine_tuning": False}]}))
    network = "1x28x28: conv_8_k5_s3 gap linear_10"  # few members, as each and each border between them is measured

    def compressed(most, *more):
        options = ["--preset", str(plan), "--dataset", "fashion_mnist_mini", "--epochs", "1", "--json", "--noisy"]
        arguments = [network, *options, "--out", str(tmp_path / f"in-{most}"), "--max-latency-ms", most, *more]
        return CliRunner().invoke(with_latency, arguments)

    name = "local-onnxruntime_cpu-int8-1t"
    done = compressed("10000", "--latency-device", name)
    assert done.exit_code == 0, done.output
    report, model = json.loads(done.stdout), (tmp_path / "in-10000" / "model.onnx").read_bytes()
    assert report["on_device"]["device"] == name
    assert 0 < report["on_device"]["latency_ms"] < 10_000
    notes = report["stages"][1]["notes"]
    assert [row["floats"] for row in notes["members"] if row["loss"]] == [
        True for row in notes["members"] if row["loss"]
    ], "what loses nothing may be in integers"
    assert properties(onnx.load_from_string(model))["integers"]["recipe"] == "int8"

    refused = compressed("0.000001", "--latency-device", name)
    assert isinstance(refused.exception, CompressionError)
    assert re.search(r"too few on local-.* give more than", str(refused.exception))
    assert "go together" in compressed("1").output


def test_only_a_model_of_a_run_has_images_of_its_own(tmp_path):
    result = CliRunner().invoke(cli, ["compress", NETWORK, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "--dataset" in result.output


def test_unpack_prints_layers_as_deep_compression_counts_them(tmp_path):
    file = tmp_path / "model.naz"
    file.write_bytes(whole_file(0)[0])
    result = CliRunner().invoke(cli, ["unpack", str(file), "--layers", "--index-bits", "4"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert all(word in result.stdout for word in ("P+Q+H", "total"))


def test_trainings_follow_a_teacher_that_fits(done, tmp_path):
    folder, report = done
    teacher = tmp_path / "teacher.onnx"
    unpack = ["unpack", str(folder / "out" / "model.naz"), "--floats", "--out", str(teacher)]
    assert CliRunner().invoke(cli, unpack).exit_code == 0

    followed = compress(tmp_path / "pupil", PLAN, NETWORK, "--teacher", str(teacher))
    assert followed.exit_code == 0, followed.output
    stages = json.loads(followed.stdout)["stages"]
    assert stages[0]["accuracy"] == report["stages"][0]["accuracy"]
    assert stages[1]["loss"] != report["stages"][1]["loss"]

    smaller = compress(tmp_path / "other", PLAN, "1x14x14: conv_8_k3 gap linear_10", "--teacher", str(teacher))
    assert isinstance(smaller.exception, CompressionError)
    assert "teacher.onnx takes images of 28 px, and the network to compress of 14 px" in str(smaller.exception)
