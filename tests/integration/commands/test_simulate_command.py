"""`nas simulate`, as a user calls it."""

import json

import pytest
from click.testing import CliRunner
from problem_files import write_table

from nas.commands.simulate import simulate_command


@pytest.fixture
def simulated(tmp_path):
    path = write_table(tmp_path)

    def run(*words):
        result = CliRunner().invoke(simulate_command, [str(path), *map(str, words)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_front_of_a_search(simulated):
    result = json.loads(simulated("--trials", 60, "--workers", 4, "--searcher", "evolution:population=8", "--json"))

    assert (result["problem"], result["trials"], result["networks"], result["refused"]) == ("tiny", 60, 60, 0)
    assert list(result["hypervolume"]) == ["25", "50", "60"]
    assert set(result["regret"]) == {"25", "50", "75"}
    assert result["worker_seconds"] / 4 < result["seconds"] < result["worker_seconds"]
    latencies = [each["latency_ms"] for each in result["front"]]
    assert latencies == sorted(latencies)
    accuracies = [each["accuracy"] for each in result["front"]]
    assert accuracies == sorted(accuracies)


def test_a_target_is_a_limit(simulated):
    result = json.loads(simulated("--trials", 30, "--target", 6.5, "--failures", 0.5, "--json"))

    assert result["objective"] == {"name": "constrained", "target_latency_ms": 6.5}
    assert result["refused"] > 0
    assert result["failed"] + result["networks"] == 30
    assert max(each["latency_ms"] for each in result["front"]) <= 6.5
    assert set(result["regret"]) == {"25", "50"}


def test_for_people(simulated):
    printed = simulated("--trials", 30, "--searcher", "random", "--trial-seconds", 3600)

    assert "tiny: 30 trials by random, 0 failed, 0 refused before training; " in printed
    assert "hypervolume after 25 networks: 0." in printed
    assert "regret at target 50: " in printed
    assert "latency, ms" in printed


def test_with_a_pruner(simulated):
    result = json.loads(simulated("--trials", 30, "--pruner", "asha:first_epochs=3", "--epochs", 9, "--json"))

    assert result["trials"] == 30
    assert 0 < result["networks"] == 30 - result["pruned"] < 20
    assert result["epochs"] < 30 * 9
    assert "stopped early by asha; " in simulated("--trials", 30, "--pruner", "asha")
