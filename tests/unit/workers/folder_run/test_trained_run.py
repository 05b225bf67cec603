"""`nas retarget` on the folder of a run."""

import json

import pytest
from click.testing import CliRunner
from small_spaces import tiny_space

from nas.errors import NasError, SpecError, UnknownNameError
from nas.metric import network_metrics
from nas.spaces import load_space
from workers.commands.retarget import retarget
from workers.folder_run.trained_run import trained_run

SPACE = tiny_space(layers=1, width=[8, 16, 24])
PARETO = {
    "dataset": {"channels": 1, "side": 8, "classes": ["a", "b", "c"]},
    "device": {"name": "a laptop"},
    "objective": {"target_latency_ms": 2.0},
    "evaluator": {"note": "as the test says"},
}


@pytest.fixture
def run(tmp_path):
    """A folder as `nas run` leaves it: three trials, the slower the more accurate, the last of which was lucky."""
    space, rows = load_space(SPACE), []
    for number in range(3):
        choices = {decision.name: number if len(decision.options) > 1 else 0 for decision in space.decisions()}
        candidate = space.decode(choices)
        metrics = network_metrics(candidate.architecture.expand())
        metrics |= {"latency_ms": number + 1.0, "accuracy": 0.7 + number / 10}
        row = {"number": number, "state": "succeeded", "metrics": metrics, "reward": metrics["accuracy"]}
        rows.append(row | {"choices": dict(candidate.choices)})
    rows.append({"number": 3, "state": "failed", "metrics": {}, "reward": None, "choices": {}})
    (tmp_path / "results").mkdir()
    spec = {"space": SPACE, "device": "a laptop", "objective": {"name": "constrained"}}
    for name, value in {"spec.json": spec, "pareto.json": PARETO, "results/repeat-2-1.json": {"accuracy": 0.3}}.items():
        (tmp_path / name).write_text(json.dumps(value))
    (tmp_path / "trials.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path


def test_the_command_answers_for_a_target(run):
    def called(*options):
        return CliRunner().invoke(retarget, [str(run), *options])

    found = [json.loads(called("--target", ms, "--json").output) for ms in ("1.5", "2", "3")]

    assert [each["winner"]["trial"] for each in found] == [0, 1, 1]  # the repeat has drawn the last one back
    assert "trial 1 wins on a laptop with a target of 2.00" in called().output
    assert "accuracies: as the test says" in found[0]["notes"]
    assert isinstance(called("--device", "toaster").exception, UnknownNameError)


def test_what_is_no_run_or_has_nothing_trained_is_refused(run, tmp_path):
    with pytest.raises(SpecError, match=r"spec\.json"):
        trained_run(tmp_path / "results")
    (run / "trials.jsonl").write_text("{")
    with pytest.raises(NasError, match="damaged"):
        trained_run(run)
    (run / "trials.jsonl").write_text("")
    with pytest.raises(SpecError, match="wait for one"):
        trained_run(run)
