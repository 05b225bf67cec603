"""Searches whose shared weights start from the finalists of earlier ones: in folders and in the ledger."""

import json
import shutil

import pytest
from live_service import ledger_of
from processes import PATIENCE_S

from nas.dataset import Outline
from nas.errors import SpecError
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets
from nas.retargeting.fresh import fresh_spec
from nas.search.earlier import SHARED_START, with_known_start
from nas.service.earlier_searches import earlier_files, ids_of_earlier
from nas.service.settings import Settings
from nas.spec import parse_spec
from nas.spec.shared_start import check_start
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.fresh_run import fresh_run
from workers.folder_run.run import run

SUPERNET = {"name": "supernet", "epochs": 2, "start": "earlier"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def trained(spec):
    """The spec of a search with two finalists."""
    return spec | {"finalists": {"count": 2, "epochs": 1}}


@pytest.fixture
def earlier(tmp_path, trained, listener):
    return searched(trained, tmp_path, "earlier", listener())


def searched(spec, folder, out, listener):
    return run(parse_spec(spec), folder / out, listener, executor_name="inline", spec_folder=folder)


def prepared(folder):
    (file,) = folder.glob("prepared-*.bin")
    return file.read_bytes()


@pytest.mark.usefixtures("earlier")
def test_a_run_starts_from_finalists_and_goes_on_without_them(tmp_path, spec, listener):
    """Killed while it trains the weights, it ends with those of a run that was not, the earlier run being gone."""
    warm = spec | {"warm_start": ["earlier"], "evaluator": SUPERNET}
    heard = listener(stop_at=("preparing the evaluator supernet", 2))
    with pytest.raises(KeyboardInterrupt):
        searched(warm, tmp_path, "killed", heard)
    shutil.copytree(tmp_path / "earlier", tmp_path / "moved")
    shutil.rmtree(tmp_path / "earlier")

    record = searched(warm, tmp_path, "killed", listener())

    assert any(line.startswith("shared weights start from the weights of") for line in heard.lines)
    assert "whose training began with trained networks" in record["evaluator"]["note"]
    shutil.rmtree(tmp_path / "cache")
    searched(warm | {"warm_start": ["moved"]}, tmp_path, "calm", listener())
    assert prepared(tmp_path / "killed") == prepared(tmp_path / "calm")
    searched(spec | {"evaluator": {**SUPERNET, "start": "random"}}, tmp_path, "random", listener())
    assert prepared(tmp_path / "killed") != prepared(tmp_path / "random")


@pytest.mark.usefixtures("earlier")
def test_a_fresh_run_over_such_weights_trains_nothing(tmp_path, spec, listener):
    searched(spec | {"warm_start": ["earlier"], "evaluator": SUPERNET}, tmp_path, "out", listener())
    known = json.loads((tmp_path / "out" / "results" / f"{SHARED_START}.json").read_text())
    heard = listener()

    fresh, folder = fresh_run(tmp_path / "out", device=None, target_ms=2.0, candidates=4)
    run(fresh, folder, heard, executor_name="inline")

    assert fresh.evaluator["start"] == known["sha256"]
    assert not [what for what, _, _ in heard.epochs if what.startswith("preparing")]


def test_what_cannot_be_started_from_is_refused_with_the_remedy(tmp_path, spec, listener):
    searched(spec, tmp_path, "earlier", listener())
    warm = spec | {"warm_start": ["earlier"], "evaluator": SUPERNET}

    with pytest.raises(
        SpecError, match=r"evaluator.start: .* none of them has an .onnx of a finalist; .* write random"
    ):
        searched(warm, tmp_path, "out", listener())
    with pytest.raises(SpecError, match=r"evaluator.start: .*warm_start, which names none; name a search"):
        parse_spec(warm | {"warm_start": []})
    with pytest.raises(SpecError, match=r"evaluator.start: write random or earlier"):
        parse_spec(warm | {"evaluator": {**SUPERNET, "start": "earliest"}})
    with pytest.raises(SpecError, match=r"evaluator.start: .*write random for the check"):
        budgets(parse_spec(warm), CheckOptions())


def test_finalists_for_other_images_are_refused_at_submit(tmp_path, spec, earlier):
    parsed = parse_spec(spec | {"warm_start": ["earlier"], "evaluator": SUPERNET})
    files = [(row["file"], (tmp_path / "earlier" / row["file"]).read_bytes()) for row in earlier["finalists"]]

    check_start(parsed, Outline(("a", "b"), 64, 32, 32, 8, 1), files)
    check_start(parsed, None, files)
    with pytest.raises(SpecError, match="8 px images of 1 channels in 2 classes, which is not in the space for 16 px"):
        check_start(parsed, Outline(("a", "b"), 64, 32, 32, 16, 1), files)
    with pytest.raises(SpecError, match="which is not in the space for 8 px images of 3 channels in 3 classes"):
        check_start(parsed, Outline(("a", "b", "c"), 64, 32, 32, 8, 3), files)


def test_a_search_of_the_service_starts_from_finalists_of_another(tmp_path, spec, trained):
    """And so does a fresh search over its weights, which are known by the digest of these finalists."""
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    with ledger_of(settings) as ledger:
        first = carried_out(ledger, settings, trained, "first")
        warm = parse_spec(spec | {"warm_start": ["first", "auto"], "evaluator": SUPERNET})
        warm = warm.model_copy(update={"warm_start": ids_of_earlier(ledger, warm)}).model_dump(mode="json")
        second = carried_out(ledger, settings, warm, "second")
        results = ledger.trials.results(second.id)
        known = {**second.spec, "evaluator": with_known_start(second.spec["evaluator"], results[SHARED_START])}
        assert first.state == second.state == "SUCCEEDED"
        assert "began with trained networks" in second.facts["evaluator"]["note"]
        ledger.searches.delete(first.id)

        third = carried_out(ledger, settings, fresh_spec(known, second.facts, parent=second.id, candidates=4), "third")

        assert third.state == "SUCCEEDED"
        assert ledger.trials.results(third.id)["prepared"] == results["prepared"]
        assert not [*earlier_files(ledger, None, "", parse_spec(spec | {"warm_start": [third.id]}))]


def carried_out(ledger, settings, spec, name):
    ledger.searches.submit(parse_spec(spec).model_dump(mode="json"), name=name)
    claim = ledger.claims.claim("the test")
    made = Assignment(ledger, settings, Scheduler(InlineExecutor(1)), claim)
    made.start()
    made.join(PATIENCE_S)
    return ledger.searches.get(claim.search.id)
