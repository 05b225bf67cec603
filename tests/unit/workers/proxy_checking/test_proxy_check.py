"""A proxy check on four tiny networks: what it finds, what a kill leaves, and what it says of failures."""

import json

import pytest

from nas.errors import DivergedError, InfeasibleError
from nas.evaluator import evaluator
from nas.ops.cost import network_cost
from nas.proxy.options import CheckOptions
from nas.spec import parse_spec
from workers.folder_run.proxy_check import check_proxy

OPTIONS = CheckOptions(candidates=4, repeats=2, longer_epochs=2)


@pytest.fixture
def spec(spec, monkeypatch, tmp_path):
    monkeypatch.setattr("workers.folder_run.folder.paces_file", lambda: tmp_path / "paces.json")
    return {**spec, "evaluator": {"name": "train", "epochs": 1}}


def checked(spec, out, listener, options=OPTIONS):
    return check_proxy(parse_spec(spec), options, out, listener, executor_name="inline")


def test_a_killed_check_goes_on_and_finds_what_an_undisturbed_one_finds(tmp_path, spec, listener):
    heard = listener()
    calm = checked(spec, tmp_path / "calm", heard)
    longer = next(what for what, _, epochs in heard.epochs if epochs == 2)
    killed, again = listener(stop_at=(longer, 1)), listener()
    with pytest.raises(KeyboardInterrupt):
        checked(spec, tmp_path / "out", killed)

    found = checked(spec, tmp_path / "out", again)

    assert without_times(found) == without_times(calm)
    assert not [epoch for epoch in again.epochs if epoch[2] == 1], "trainings that were finished are not done again"
    assert json.loads((tmp_path / "out" / "proxy_check.json").read_text()) == found
    assert any("no training was timed on this machine yet" in line for line in heard.lines)
    assert any("this check: about" in line and "CPU-hours" in line for line in killed.lines)
    assert found["cost"]["search_seconds"] > 0
    sizes = [row["macs"] for row in found["candidates"]]
    assert sizes == sorted(sizes)
    assert {row["longer_rank"] for row in found["candidates"]} <= {1, 2, 3, 4}
    assert len(found["noise"]["accuracies"]) == 2
    assert found["valid"]["share"]["value"] == 1


def test_scores_with_shared_weights_are_compared_with_trainings_of_the_networks_alone(
    tmp_path, spec, listener, monkeypatch
):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    heard = listener()

    found = checked({**spec, "evaluator": {"name": "supernet", "epochs": 1}}, tmp_path / "out", heard)

    assert found["epochs"] == 0
    assert "as trials are scored and at 2 epochs" in found["reasons"][0]
    assert sum(epochs == 2 for _, epoch, epochs in heard.epochs if epoch == 1) == 4, "each network alone"
    assert sum(what == "preparing the evaluator supernet" for what, _, _ in heard.epochs) == 1
    assert all({"proxy_rank", "longer_rank"} <= set(row) for row in found["candidates"])


def without_times(found):
    rows = [{name: row[name] for name in row if not name.endswith("_seconds")} for row in found["candidates"]]
    return {**found, "candidates": rows, "cost": None}


def test_trainings_that_fail_are_named_and_too_few_of_them_end_the_check(tmp_path, spec, listener, monkeypatch):
    evaluate = evaluator["train"].evaluate
    sizes = []

    def failed(self, network, report):
        sizes.append(network_cost(network).params)
        if sizes[-1] == sizes[0]:
            raise DivergedError("the loss is nan")
        return evaluate(self, network, report)

    monkeypatch.setattr(evaluator["train"], "evaluate", failed)
    heard = listener()

    with pytest.raises(InfeasibleError, match=r"^3 of 4 networks .* too few to compare: DivergedError: the loss"):
        checked(spec, tmp_path / "out", heard)

    assert any(line.endswith("DivergedError: the loss is nan") for line in heard.lines)
