"""`nas device` and `nas space profile`, run in this process with a database of their own."""

import json

import pytest
from click.testing import CliRunner
from small_spaces import tiny_space

from latency_db.commands.device import measure
from latency_db.commands.groups import device
from latency_db.commands.shown import calibrated
from latency_db.profiling.build import GOOD_ENOUGH
from nas.errors import UnknownNameError
from workers.commands.space_profile import profile

SPACE = tiny_space(layers=[0, 1, 2], width=[8, 16])


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    (tmp_path / "tiny.json").write_text(json.dumps(SPACE))
    monkeypatch.chdir(tmp_path)

    def run(command, *arguments):
        return CliRunner().invoke(command, arguments, catch_exceptions=False)

    return run


def test_measure_then_list_and_show(call):
    """A first call measures all kernels of the space, a second one none; both views count them."""
    arguments = ("measure", "local-cpu-1t", "--space", "tiny.json", "--budget", "1m", "--json")
    first, second = (json.loads(call(device, *arguments).stdout) for _ in range(2))

    assert (first["measured_now"], first["missing"], first["coverage"]) == (8, 0, pytest.approx(1))
    assert (second["measured_before"], second["measured_now"]) == (8, 0)
    assert (first["expected_error"], first["good_enough"], first["held_out"]) == (0, False, None)

    listed = {row["name"]: row for row in json.loads(call(device, "list", "--json").stdout)}
    shown = json.loads(call(device, "show", "local-cpu-1t", "--json").stdout)
    assert listed["local-cpu-1t"]["kernels"] == shown["kernels"] == 11  # eight kernels and their three contexts
    assert "thread CPU time" in shown["statistic"]
    assert len(shown["latest_sessions"]) == shown["sessions"] >= 1
    assert shown["track_record"] == {"foretold": 0, "measured": 0}
    table = call(device, "list").stdout
    assert all(word in table for word in ("local-cpu-1t", "onnxruntime_cpu", "cpu_p10_best", "nothing", "never"))
    assert max(map(len, table.splitlines())) <= 80
    assert "thread CPU time" in call(device, "show", "local-cpu-1t").stdout


def test_whole_networks_that_do_not_count_are_told_of():
    assert calibrated("d", 3, 3) == "3 whole networks are measured"
    assert "`nas device show d` says why" in calibrated("d", 0, 3)


def test_an_unknown_device_lists_the_known_ones(call):
    with pytest.raises(UnknownNameError, match="local-cpu-1t"):
        call(device, "show", "toaster")


@pytest.mark.parametrize("budget", ["soon", "-1s", ""])
def test_a_budget_that_is_no_duration(call, budget):
    result = call(device, "measure", "local-cpu-1t", "--space", "tiny.json", "--budget", budget)

    assert result.exit_code == 2
    assert "write 90s, 3m or 1h" in result.stderr


@pytest.mark.parametrize(("share", "code"), [("2%", 0), ("0.02", 0), ("0", 0), ("2", 2), ("much", 2), ("-1%", 2)])
def test_good_enough_is_a_fraction(call, share, code):
    result = call(device, "measure", "local-cpu-1t", "--space", "tiny.json", "--budget", "0s", "--good-enough", share)

    assert result.exit_code == code
    assert code == 0 or "write 2% or 0.02" in result.stderr


def test_the_command_and_the_builder_find_the_same_good_enough():
    (option,) = (option for option in measure.params if option.name == "good_enough")

    assert option.type.convert(option.default, option, None) == GOOD_ENOUGH


def test_profile_without_and_with_a_device(call):
    """The sizes need no device; the latencies say of how many networks they are, and how much was measured."""
    plain = json.loads(call(profile, "tiny.json", "--count", "50", "--json").stdout)
    timed = json.loads(call(profile, "tiny.json", "--count", "50", "--device", "local-cpu-1t", "--json").stdout)

    assert plain["size"] == 6
    assert plain["valid_share"] == 1.0
    assert "latency_ms" not in plain
    assert {key: timed[key] for key in plain} == plain
    assert (timed["latency_networks"], timed["kernels_measured_now"]) == (50, 8)
    assert 0 < timed["latency_ms"]["minimum"] < timed["latency_ms"]["maximum"]
    text = call(profile, "tiny.json", "--count", "50", "--device", "local-cpu-1t").stdout
    assert "6 architectures" in text
    assert "50 networks" in text


def test_a_negative_seed_is_refused(call):
    done = call(profile, "tiny.json", "--seed", "-1")

    assert done.exit_code == 2
    assert "--seed" in done.output
