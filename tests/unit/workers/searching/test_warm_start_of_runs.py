"""Searches that begin with earlier ones: in folders and in the ledger, killed, and with the earlier ones deleted."""

import json
import shutil

import pytest
from live_service import ledger_of
from processes import PATIENCE_S

from nas.errors import ChangedError, SpecError
from nas.evaluator import CacheKey, evaluator
from nas.service.earlier_searches import ids_of_earlier
from nas.service.settings import Settings
from nas.spec import parse_spec
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler
from workers.folder_run.run import run


@pytest.fixture
def recipe(monkeypatch):
    """Results of the evaluator may be reused, and calling it changes the recipe."""
    known = ["first"]
    key = property(lambda self: CacheKey(self.dataset.digest, known[0]))
    monkeypatch.setattr(evaluator["pooled"], "cache_key", key)
    return lambda name: known.__setitem__(0, name)


@pytest.fixture
def earlier(tmp_path, spec, listener, recipe):  # noqa: ARG001 - it is in effect
    """Three of the four networks of the space are trained in the folder `earlier`."""
    return searched(spec | {"max_trials": 3}, tmp_path, "earlier", listener())


def searched(spec, folder, out, listener):
    return run(parse_spec(spec), folder / out, listener, executor_name="inline", spec_folder=folder)


def trained(listener):
    return {what for what, _, _ in listener.epochs if what.startswith("trial")}


@pytest.mark.parametrize("name", ["random", "auto", "evolution"])
def test_networks_that_an_earlier_run_trained_are_not_trained_again(tmp_path, spec, listener, earlier, name):
    heard = listener()

    record = searched(spec | {"warm_start": ["earlier"], "searcher": {"name": name}}, tmp_path, "out", heard)

    known = {trial["id"]: trial["metrics"]["accuracy"] for trial in earlier["trials"]}
    reused = {trial["id"]: trial["metrics"]["accuracy"] for trial in record["trials"] if trial["reused"]}
    assert reused == known
    assert len(trained(heard)) == 1
    assert record["warm_start"]["searches"] == [{"id": "earlier", "name": "earlier", "same": True, "trainings": 3}]
    assert "warm start: 3 trainings of earlier: networks with one are not trained again" in heard.lines
    ignored = any("proposes as without them" in note for note in record["warm_start"]["notes"])
    assert ignored is (name != "evolution"), "auto is random in a space of four"
    assert "3 trainings of earlier" in (tmp_path / "out" / "report.html").read_text()


def test_a_run_of_another_recipe_is_a_hint(tmp_path, spec, listener, earlier, recipe):
    recipe("second")
    heard = listener()

    record = searched(spec | {"warm_start": ["earlier"], "searcher": {"name": "evolution"}}, tmp_path, "out", heard)

    assert len(trained(heard)) == 4
    assert record["warm_start"] == {
        "searches": [{"id": "earlier", "name": "earlier", "same": False, "trainings": len(earlier["trials"])}],
        "notes": [],
    }
    first = record["trials"][0]["id"]
    assert first in {earlier["trials"][number]["id"] for number in earlier["front"]}


@pytest.mark.usefixtures("earlier")
def test_what_was_taken_over_stays_when_the_earlier_run_is_gone(tmp_path, spec, listener):
    """A run that is killed goes on as if it had not been, though the folder that it began with was deleted."""
    warm = spec | {"warm_start": ["earlier"], "searcher": {"name": "evolution"}}
    calm = searched(warm, tmp_path, "calm", listener())
    last = next(trial["number"] for trial in calm["trials"] if not trial["reused"])
    with pytest.raises(KeyboardInterrupt):
        searched(warm, tmp_path, "out", listener(stop_at=(f"trial {last}", 1)))
    shutil.rmtree(tmp_path / "earlier")

    record = searched(warm, tmp_path, "out", listener())

    assert record["trials"] == calm["trials"]
    assert record["warm_start"] == calm["warm_start"]


@pytest.mark.usefixtures("earlier")
def test_a_run_that_has_lost_what_it_began_with_says_so(tmp_path, spec, listener):
    warm = spec | {"warm_start": ["earlier"]}
    searched(warm, tmp_path, "out", listener())
    (file,) = (tmp_path / "out").glob("earlier-*.json.gz")
    file.write_bytes(file.read_bytes()[:50])

    with pytest.raises(ChangedError, match=r"earlier-\w+.json.gz, with what the search began with, is lost"):
        searched(warm, tmp_path, "out", listener())


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["nothing"], "warm_start.0: .*nothing is not the folder of a run"),
        (["earlier", "auto"], "warm_start.1: auto is of a service"),
        (["other"], "warm_start.0: the run in .*other is of another space, small"),
        (["empty"], "warm_start.0: the run in .*empty has no trial that succeeded"),
        (["out"], "warm_start.0: .*out is the folder of this run itself"),
        (["earlier", "earlier"], "warm_start: it names a search twice"),
    ],
)
@pytest.mark.usefixtures("earlier")
def test_runs_that_cannot_be_begun_with_are_refused_before_anything_is_trained(tmp_path, spec, names, said):
    shutil.copytree(tmp_path / "earlier", tmp_path / "out")
    for name, space in (("other", "small"), ("empty", spec["space"])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").write_text(json.dumps(spec | {"space": space}))

    with pytest.raises(SpecError, match=said):
        searched(spec | {"warm_start": names}, tmp_path, "out", None)


class Service:
    """A ledger and the assignments of its searches."""

    def __init__(self, ledger, settings):
        self.ledger, self.settings = ledger, settings

    def submit(self, spec, name):
        """The id of the search, as REST would submit it."""
        parsed = parse_spec(spec)
        ids = ids_of_earlier(self.ledger, parsed)
        made, _ = self.ledger.searches.submit(
            parsed.model_copy(update={"warm_start": ids}).model_dump(mode="json"), name=name
        )
        return made.id

    def carry_out(self, stop_at=None):
        """The next search, until it ends, or until a trial of this number starts."""
        claim = self.ledger.claims.claim("the test")
        made = Assignment(self.ledger, self.settings, Scheduler(InlineExecutor(1)), claim)
        if stop_at is not None:
            started = made._listener.started
            made._listener.started = lambda number: made.stop() if number == stop_at else started(number)
        made.start()
        made.join(PATIENCE_S)
        return self.ledger.searches.get(claim.search.id)

    def trials(self, search_id):
        return {trial.architecture_id: trial for trial in self.ledger.trials.page(search_id)}


@pytest.fixture
def service(tmp_path, spec, recipe):  # noqa: ARG001 - it is in effect
    """A service whose first search has trained two of the four networks."""
    settings = Settings(home=tmp_path, executor="inline", threads=1)
    with ledger_of(settings) as ledger:
        made = Service(ledger, settings)
        made.first = made.submit(spec | {"max_trials": 2}, "first")
        assert made.carry_out().state == "SUCCEEDED"
        yield made


def test_a_search_goes_on_with_what_it_took_over_from_one_that_was_deleted(service, spec):
    """As it would have done otherwise, and on another machine."""
    wanted = spec | {"warm_start": ["first"], "searcher": {"name": "evolution"}}
    second = service.submit(wanted, "second")
    assert service.ledger.searches.get(second).spec["warm_start"] == [service.first]
    assert service.carry_out(stop_at=2).counts.succeeded == 2
    service.ledger.searches.delete(service.first)
    shutil.rmtree(service.settings.scratch)

    ended = service.carry_out()

    assert ended.state == "SUCCEEDED"
    assert ended.counts.reused == 2
    (begun,) = ended.facts["warm_start"]["searches"]
    assert begun == {"id": service.first, "name": "first", "same": True, "trainings": 2}
    assert {key for key, trial in service.trials(second).items() if trial.reused} == {*service.trials(service.first)}
    service.ledger.searches.undelete(service.first)
    calm = service.submit(wanted, "calm")
    service.carry_out()
    assert [*service.trials(second)] == [*service.trials(calm)]


def test_auto_takes_what_suits(service, spec, recipe):
    recipe("second")
    service.submit(spec, "of another recipe")
    service.carry_out()
    recipe("first")
    service.submit(spec | {"warm_start": ["auto"], "searcher": {"name": "evolution"}}, "auto")

    ended = service.carry_out()

    assert [search["name"] for search in ended.facts["warm_start"]["searches"]] == ["first"]
    assert ended.counts.reused == 2


def test_a_search_that_was_deleted_before_another_began_with_it(service, spec):
    service.submit(spec | {"warm_start": ["first"], "searcher": {"name": "random"}}, "late")
    service.ledger.searches.delete(service.first)

    ended = service.carry_out()

    gone = f"the search {service.first} was deleted before this one began: nothing is taken over from it"
    assert ended.state == "SUCCEEDED"
    assert ended.facts["warm_start"]["notes"][0] == gone


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "warm_start.0: there is no search with the id or the name 'nobody'"),
        ("twice", "warm_start.0: 2 searches are called 'twice'; give the id of one: srch_"),
        ("waiting", "warm_start.0: the search waiting has no trial that succeeded yet"),
        ("other", "warm_start.0: the search other is of another space, small"),
    ],
)
def test_searches_that_cannot_be_begun_with_are_refused(service, spec, name, said):
    for made, space in (
        ("twice", spec["space"]),
        ("twice", spec["space"]),
        ("waiting", spec["space"]),
        ("other", "small"),
    ):
        service.submit(spec | {"space": space}, made)

    with pytest.raises(SpecError, match=said):
        service.submit(spec | {"warm_start": [name]}, "new")
