"""`nas network` as a user types it."""

import json

import click
import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

from nas.commands.network import network as command
from nas.errors import UnknownNameError
from nas.network import network as registry
from nas.ops.notation import read_network


def invoke(*arguments):
    return CliRunner().invoke(command, arguments)


def printed(*arguments):
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_json_holds_size_cost_and_notation():
    """One object; the notation alone rebuilds the network.

    Convolutions at 160 px take (160/224)^2 of those at 224 px: (149,497,088 - 512,000) * 25/49 + 512,000.
    """
    found = json.loads(printed("mobilenetv1", "--width", "0.5", "--resolution", "160", "--json"))

    assert found["name"] == "mobilenetv1"
    assert (found["params"], found["macs"]) == (1_331_592, 76_524_800)
    assert found["size_bytes"] == 4 * 1_331_592
    assert found["peak_memory_bytes"] > 0
    assert (found["input"], found["classes"]) == ([3, 160, 160], 1000)
    rebuilt = registry.make({"name": "mobilenetv1", "width": 0.5, "resolution": 160}).expand()
    assert read_network(found["notation"]) == rebuilt


def test_options_are_the_networks_own():
    """A number among choices, and a multiplier."""
    found = json.loads(printed("shufflenet", "--groups", "8", "--width", "0.5", "--json"))

    assert (found["params"], found["macs"]) == (1_011_448, 40_469_760)


@pytest.mark.parametrize("name", list(registry))
def test_help_shows_every_parameter(name):
    """`nas network NAME --help` names each option with its default."""
    text = " ".join(printed(name, "--help").split())

    for parameter, schema in registry.parameters(name).model_json_schema()["properties"].items():
        assert f"--{parameter.replace('_', '-')}" in text
        assert f"[default: {schema['default']}]" in text


def test_table_has_a_line_a_member_and_totals():
    """Without --json: notation, output, params and macs of each member, then their sums."""
    text = printed("lenet_5")

    for said in ("conv_20_k5_p0_bias_linear", "50x8x8", "400,500", "total", "431,080", "2,293,000", "1.72 MB"):
        assert said in text


def test_list_names_all_networks():
    """As a table and as JSON, with their parameters."""
    rows = json.loads(printed("--list", "--json"))

    assert [row["name"] for row in rows] == list(registry)
    assert rows[0]["parameters"]["resolution"] == 227
    text = printed("--list")
    assert all(name in text for name in registry)


def test_without_a_name_it_explains_itself():
    text = printed()

    assert "Usage" in text
    assert "mobilenetv2" in text


def test_onnx_file_runs_and_repeats(tmp_path):
    """onnxruntime runs the graph; the same seed writes the same bytes, another seed others."""
    files = [tmp_path / name for name in ("a.onnx", "b.onnx", "c.onnx")]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        printed("mobilenetv2", "--width", "0.35", "--resolution", "32", "--seed", seed, "--onnx", str(file), "--json")

    session = onnxruntime.InferenceSession(files[0], providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"image": np.zeros((2, 3, 32, 32), np.float32)})
    assert scores.shape == (2, 1000)
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("shufflenet", "--groups", "5"), "--groups: give 1, 2, 3, 4 or 8"),
        (("mobilenetv2", "--width", "-1"), "--width: give more than 0"),
        (("mobilenetv2", "--width", "inf"), "--width: give"),
        (("mobilenetv2", "--width", "wide"), "--width: give a number"),
        (("mobilenetv2", "--resolution", "22.5"), "--resolution: give a whole number"),
        (("mobilenetv2", "--widht", "1"), "'--widht'"),
        (("--list", "lenet_5"), "--list takes no NAME"),
    ],
)
def test_wrong_options_are_usage_errors(arguments, said):
    """Exit code 2, and the message names the option."""
    result = invoke(*arguments)

    assert result.exit_code == click.UsageError.exit_code == 2
    assert said in result.output


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    result = invoke("lenet_300_100", "--onnx", str(tmp_path / "absent" / "x.onnx"))

    assert result.exit_code == 1
    assert "x.onnx" in result.output


def test_an_unknown_name_lists_the_known_ones():
    """UnknownNameError, which the command line prints with exit code 2."""
    result = invoke("mobilenetv3")

    assert isinstance(result.exception, UnknownNameError)
    assert "mobilenetv2" in str(result.exception)
