"""Earlier searches of the ledger that another one begins with, as its spec names them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from nas.errors import SpecError
from nas.jobs.errors import NotFoundError
from nas.jobs.ledger import Ledger
from nas.jobs.records import SearchRecord
from nas.jobs.states import TERMINAL, SearchState, TrialState
from nas.search.earlier import AUTO, BEGAN_WITH, DIGEST, EVALUATOR, EarlierSearch, same_decisions
from nas.service.artifact_store import ArtifactStore
from nas.spec import SearchSpec

AT_REST = tuple(state.value for state in (*TERMINAL, SearchState.PAUSED))

LATEST = 200
"""The newest searches that `auto` looks at, or that have a name."""

MOST_SEARCHES = 8
"""Searches that `auto` takes."""

PAGE = 1000


def ids_of_earlier(ledger: Ledger, spec: SearchSpec) -> tuple[str, ...]:
    """The ids of the searches that the spec names, and AUTO as it is.

    SpecError, with the reason, if one does not exist, is of another space, or has no trial that succeeded.
    """
    return tuple(
        name if name == AUTO else _named(ledger, spec, f"warm_start.{place}", name)
        for place, name in enumerate(spec.warm_start)
    )


def _named(ledger: Ledger, spec: SearchSpec, field: str, name: str) -> str:
    try:
        found = [ledger.searches.get(name)]
    except NotFoundError:
        found = [each for each in ledger.searches.page(text=name, limit=LATEST) if each.name == name]
    if not found:
        raise SpecError(f"{field}: there is no search with the id or the name {name!r}; `nas search list` has them")
    if len(found) > 1:
        ids = ", ".join(each.id for each in found[:5])
        raise SpecError(f"{field}: {len(found)} searches are called {name!r}; give the id of one: {ids}")
    (search,) = found
    if not same_decisions(search.spec["space"], spec.space):
        raise SpecError(
            f"{field}: the search {name} is of another space, {_space(search)}, whose networks say nothing of this "
            "one's; leave it out"
        )
    if not search.counts.succeeded:
        raise SpecError(f"{field}: the search {name} has no trial that succeeded yet; leave it out, or wait for one")
    return search.id


def earlier_searches(
    ledger: Ledger, own_id: str, spec: SearchSpec, recipe: Sequence[Any]
) -> tuple[list[EarlierSearch], list[str]]:
    """The searches that the spec of a search names, with their trainings, and those of them that are gone meanwhile.

    recipe: of its evaluator, as under EVALUATOR. AUTO is the newest searches at rest of its space and recipe.
    """
    found: dict[str, EarlierSearch] = {}
    gone = []
    for name in spec.warm_start:
        if name == AUTO:
            found |= {each.id: each for each in _suitable(ledger, own_id, spec, recipe) if each.id not in found}
            continue
        try:
            search = ledger.searches.get(name)
        except NotFoundError:
            gone.append(name)
        else:
            found.setdefault(search.id, _with_trainings(ledger, search))
    return list(found.values()), gone


def earlier_files(
    ledger: Ledger, artifacts: ArtifactStore, own_id: str, spec: SearchSpec
) -> Iterator[tuple[str, bytes]]:
    """The .onnx files of finalists of the searches that the spec names, with their names, for people.

    AUTO is the newest searches at rest of its space. own_id: of the search with this spec, if it has one yet.
    """
    for search in _named_or_newest(ledger, own_id, spec):
        finalists = {row["file"] for row in ledger.trials.results(search.id).get("finalists") or ()}
        for link in ledger.artifacts.links(search.id):
            if link.file in finalists:
                with suppress(NotFoundError):
                    yield f"{search.name}, {link.file}", artifacts.path(link.sha256).read_bytes()


def _named_or_newest(ledger: Ledger, own_id: str, spec: SearchSpec) -> list[SearchRecord]:
    found: dict[str, SearchRecord] = {}
    for name in spec.warm_start:
        if name == AUTO:
            found |= {each.id: each for each in islice(_at_rest(ledger, own_id, spec), MOST_SEARCHES)}
        else:
            with suppress(NotFoundError):
                found[name] = ledger.searches.get(name)
    return list(found.values())


def _suitable(ledger: Ledger, own_id: str, spec: SearchSpec, recipe: Sequence[Any]) -> list[EarlierSearch]:
    def is_alike(search: SearchRecord) -> bool:
        if not search.counts.succeeded:
            return False
        known = ledger.trials.results(search.id)
        return (known.get(BEGAN_WITH) or {}).get(EVALUATOR) == [*recipe]

    suitable = islice(filter(is_alike, _at_rest(ledger, own_id, spec)), MOST_SEARCHES)
    return [_with_trainings(ledger, search) for search in suitable]


def _at_rest(ledger: Ledger, own_id: str, spec: SearchSpec) -> Iterator[SearchRecord]:
    """The other searches at rest of the spec's space, the newest first."""
    for search in ledger.searches.page(states=AT_REST, limit=LATEST):
        if search.id != own_id and same_decisions(search.spec["space"], spec.space):
            yield search


def _with_trainings(ledger: Ledger, search: SearchRecord) -> EarlierSearch:
    known = ledger.trials.results(search.id)
    recipe = (known.get(BEGAN_WITH) or {}).get(EVALUATOR)
    return EarlierSearch(search.id, search.name, known.get(DIGEST), recipe, list(_trainings(ledger, search.id)))


def _trainings(ledger: Ledger, search_id: str) -> Iterator[dict[str, Any]]:
    after = -1
    while page := ledger.trials.page(search_id, after=after, limit=PAGE, states=[TrialState.SUCCEEDED.value]):
        for trial in page:
            yield {
                "choices": trial.choices,
                "id": trial.architecture_id,
                "metrics": trial.metrics,
            }
        after = page[-1].number


def _space(search: SearchRecord) -> str:
    space = search.spec["space"]
    return space if isinstance(space, str) else str(space.get("name"))
