"""Validation against a machine that is made up: only what would run models is replaced."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner

from latency_db.commands.device import measure, show
from latency_db.commands.estimate import estimate, validate
from latency_db.devices.local import local_device
from latency_db.estimating.estimate import Source
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind, LatencyRecord, MeasurementSession, Statistic
from latency_db.records.reference_models import EMPTY_KERNEL, EMPTY_NETWORK
from latency_db.records.signatures import network_model, network_signature, onnx_signature
from latency_db.robust_statistics import spearman
from latency_db.storing.store import Store
from latency_db.validating.scores import Score, table
from latency_db.validating.track_record import track_record
from latency_db.validating.validation import Plan, draw_networks, log_estimates, spread, validate_estimates
from nas.errors import InfeasibleError
from nas.ops.cost import network_cost
from nas.ops.notation import read_network
from nas.spaces import load_space

DEVICE = "local-cpu-1t"


def slow(models, device, settings, *, seed, known_ms=None, **_):  # noqa: ARG001 - as latency_db.measuring.measure has them
    """A machine on which whole networks take 8 % more than their kernels, and vary by 1 %."""
    session = MeasurementSession(device, datetime(2026, 1, 1, tzinfo=UTC), "made up", {}, 0.002, 0.05, 0.01)
    rng = Random(seed)

    def record(signature):
        ms = 0.005 if signature.key.startswith("sha256:") else 0.005 + cost_ms(signature.key)
        if signature.kind is Kind.NETWORK and signature != EMPTY_NETWORK:
            ms = 0.005 + (ms - 0.005) * 1.08 * math.exp(rng.gauss(0, 0.01))
        rounds = (ms, ms * 1.001)
        return LatencyRecord(signature, session, Statistic.CPU_P10_BEST, ms, rounds)

    return [record(signature) for signature in dict.fromkeys([*models, EMPTY_KERNEL, EMPTY_NETWORK])]


def cost_ms(key):
    cost = network_cost(read_network(key))
    return cost.macs * 1e-7 + cost.params * 1e-6


@pytest.fixture
def measurer(store, monkeypatch):
    monkeypatch.setattr("latency_db.profiling.measurer.measure_apart", slow)
    return Measurer(store, local_device(DEVICE))


def test_networks_that_validate_do_not_calibrate(measurer):
    found = validate_estimates(measurer, load_space("small"), Plan(networks=30, calibrate=12, seed=3))

    calibrated, bare, line, median, again = found.scores
    assert found.networks == 30
    assert found.calibrating == 12
    assert found.kernels_measured > 50
    assert calibrated.mean_error < 0.03 < bare.mean_error
    assert bare.bias == pytest.approx(1 / 1.08 - 1, abs=0.02)
    assert calibrated.coverage > 0.7
    assert calibrated.width < 0.2
    assert again.within_5 == 1
    assert median.spearman is None
    assert line.mean_error > calibrated.mean_error


def test_predictions_are_logged_before_the_measurement(measurer):
    validate_estimates(measurer, load_space("small"), Plan(networks=5, calibrate=2, seed=0))

    logged = measurer.store.predictions(measurer.device)

    assert len(logged) == 5
    for one in logged:
        assert one.measured_ms == pytest.approx(one.predicted_ms, rel=0.2)
        assert one.measured_share + one.interpolated_share + one.learned_share == pytest.approx(1)
    record = track_record(measurer.store, measurer.device)
    assert (record.predicted, record.measured) == (5, 5)
    assert record.score.mean_error == pytest.approx(np.mean([abs(p.predicted_ms / p.measured_ms - 1) for p in logged]))


def test_predictions_of_unmeasured_networks_are_not_scored(measurer):
    measurer.ensure([network := read_network("3x8x8: conv_8_k3 gap linear_4")])
    log_estimates(measurer.store, measurer.device, {network_signature(network): measurer.estimator.estimate(network)})

    assert track_record(measurer.store, measurer.device).plain() == {"foretold": 1, "measured": 0}

    measurer.measure_networks({"it": network})
    assert track_record(measurer.store, measurer.device).measured == 1
    log_estimates(measurer.store, measurer.device, {network_signature(network): measurer.estimator.estimate(network)})
    assert track_record(measurer.store, measurer.device).predicted == 1, "measured networks are not predicted"


def test_networks_that_were_measured_are_not_drawn_again(measurer):
    space, plan = load_space("small"), Plan(networks=4, calibrate=0, seed=0)
    first = list(draw_networks(measurer.estimator, space, plan))
    validate_estimates(measurer, space, plan)

    assert not set(first) & set(draw_networks(measurer.estimator, space, plan))


def test_calibrating_networks_are_spread():
    rng = np.random.default_rng(0)
    ms, weights = rng.lognormal(size=100), rng.lognormal(size=100)

    chosen = spread(ms, weights, 12)

    assert len(set(chosen)) == 12
    assert chosen[0] == weights.argmax()
    for sizes in (ms, weights):
        assert sizes[chosen].min() <= np.quantile(sizes, 0.1)
        assert sizes[chosen].max() >= np.quantile(sizes, 0.9)
    assert sorted(spread(ms[:5], weights[:5], 12)) == list(range(5))


@pytest.mark.usefixtures("measurer")
def test_a_table_is_calibrated_when_that_is_asked_for(latency_file, monkeypatch):
    monkeypatch.setenv("NAS_LATENCY_DB", str(latency_file))
    asked = [DEVICE, "--space", "small", "--budget", "20s", "--calibrate", "5", "--noisy", "--json"]

    found = json.loads(CliRunner().invoke(measure, asked).output)

    assert found["calibrating"] == 5


def test_a_space_with_too_few_networks_is_refused(measurer):
    stage = {"blocks": [{"conv": {"kernel": 3}}], "layers": [1, 2], "width": 8, "stride": 2}
    tiny = {"name": "tiny", "resolution": 8, "stem": {"width": 8, "stride": 1}, "stages": [stage]}

    with pytest.raises(InfeasibleError, match="40 networks are wanted, and 2 were found"):
        validate_estimates(measurer, load_space(tiny), Plan(networks=40, calibrate=0, seed=0))


@pytest.mark.usefixtures("measurer")
def test_the_commands_print_what_was_found(latency_file, monkeypatch, tmp_path):
    monkeypatch.setenv("NAS_LATENCY_DB", str(latency_file))
    shown = CliRunner().invoke(
        validate, ["--device", DEVICE, "--space", "small", "--networks", "6", "--calibrate", "3"]
    )
    assert "| measured again (ceiling) |" in shown.output
    assert "3 networks calibrate" in shown.output

    as_json = CliRunner().invoke(estimate, ["mobilenetv2", "--device", DEVICE, "--json"])
    found = json.loads(as_json.output)
    assert found["source"] == Source.INTERPOLATED
    assert found["measured"] + found["interpolated"] + found["learned"] == pytest.approx(1)
    assert found["low_ms"] < found["ms"] < found["high_ms"]

    assert "track record: 6 of 6 networks" in CliRunner().invoke(show, [DEVICE]).output

    file, network = tmp_path / "it.onnx", read_network("3x8x8: conv_8_k3 gap linear_4")
    file.write_bytes(network_model(network))
    of_file = CliRunner().invoke(estimate, [str(file), "--device", DEVICE])
    assert of_file.output.startswith("0.005 ms")
    assert "measured; 100.0% measured" in of_file.output
    stored = Store(latency_file).latest(local_device(DEVICE), Kind.NETWORK)
    assert onnx_signature(file.read_bytes()).key in stored


def test_scores():
    score = Score.of("it", np.array([1.04, 2.0, 4.36, 10.0]), np.array([1.0, 2.0, 4.0, 8.0]))

    assert (score.within_5, score.within_10, score.spearman) == (0.5, 0.75, pytest.approx(1))
    assert score.mean_error == pytest.approx((0.04 + 0.09 + 0.25) / 4)
    assert "| it | 9.5% | +9.5% | 1.0000 | 50.0% | 75.0% | - | - |" in table([score, replace(score, estimate="b")])
    assert spearman(np.array([1, 1, 2]), np.array([1, 1, 5])) == pytest.approx(1)
