"""Before the first trial: whether an evaluator such as a supernet orders networks better than their multiply-adds do.

Networks spread over the space are scored by it and trained by themselves. The check knows neither target nor device, so
searches share it as they share what the evaluator prepares.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nas.errors import InfeasibleError
from nas.evaluator import RankCheck, ScoredTwice, evaluator
from nas.jobs.records import Json
from nas.metric import network_metrics
from nas.ops.notation import read_network, write_network
from nas.proxy.candidates import spread
from nas.proxy.rank_check import ALONE, SHARED, compared, doubt, found_by
from nas.space import Candidate, SearchSpace
from workers.searching.context import SearchContext
from workers.searching.evaluations import Evaluation, evaluated
from workers.searching.recording.training_keys import TrainingKeys

NAME = "rank-check"
"""The name under which a search keeps what its check has found."""


def check_ranks(context: SearchContext, space: SearchSpace, check: RankCheck) -> list[Json]:
    """The networks of the check, scored and trained. context: with what the evaluator prepared."""
    candidates = spread(space, count=check.networks, seed=f"{context.spec.seed} {NAME}")
    context.listener.phase("CHECKING")
    scored = _accuracies(by_evaluator(context, check.unchecked), candidates, "scored")
    alone = by_evaluator(replace(context, prepared=None), check.alone)
    trained = _accuracies(alone, candidates, "trained alone")
    return [_row(each, {SHARED: scored, ALONE: trained}) for each in candidates]


def _accuracies(context: SearchContext, candidates: list[Candidate], what: str) -> dict[str, float]:
    """By the network's id; none of those that failed."""
    wanted = {
        each.architecture.network_id: Evaluation(
            f"{NAME}-{context.evaluator.name}-{each.architecture.network_id}",
            f"{each.architecture.id} {what}",
            each.architecture,
        )
        for each in candidates
    }

    def begin() -> None:
        context.listener.say(f"rank check: {len(wanted)} networks are {what}")

    found = evaluated(context, [*wanted.values()], f"networks {what}", begin)
    named = {network_id: found[each.name] for network_id, each in wanted.items()}
    return {network_id: metrics["accuracy"] for network_id, metrics in named.items() if "accuracy" in metrics}


def _row(candidate: Candidate, accuracies: Mapping[str, Mapping[str, float]]) -> Json:
    architecture = candidate.architecture
    network = architecture.expand()
    row = {"id": architecture.id, "notation": write_network(network), "macs": network_metrics(network)["macs"]}
    known = {name: found.get(architecture.network_id) for name, found in accuracies.items()}
    return row | {name: value for name, value in known.items() if value is not None}


def judged(context: SearchContext, space: SearchSpace, check: RankCheck, rows: list[Json]) -> Json:
    """What the check has found, with the correction of scores if that pays; said, and kept for a later call."""
    both = [ScoredTwice(read_network(row["notation"]), row[SHARED], row[ALONE]) for row in compared(rows)]
    correction = context.evaluator.correction(space, both)
    found = found_by(rows, correction, check, seed=context.spec.seed)
    kept: Json = context.store.keep(NAME, found)
    for line in kept["said"]:
        context.listener.say(line)
    return kept


def heeded(context: SearchContext, check: RankCheck | None) -> SearchContext:
    """The context of the trials after the check: what the spec says if multiply-adds order networks as well.

    InfeasibleError if the search is to end then.
    """
    found = context.store.known(NAME)
    if check is None or found is None or found["beats_size"] or found["otherwise"] == "go_on":
        return context
    if found["otherwise"] == "stop":
        raise InfeasibleError(f"{doubt(found)}; take `evaluator: train`, or `otherwise: go_on` to search all the same")
    finalists = context.spec.finalists.model_copy(update={"inherit": False})
    spec = context.spec.model_copy(update={"finalists": finalists})
    return by_evaluator(replace(context, spec=spec, prepared=None), check.alone)


def by_evaluator(context: SearchContext, given: Mapping[str, Any]) -> SearchContext:
    """The context with another evaluator, as a spec has it."""
    spec = context.spec.model_copy(update={"evaluator": dict(given)})
    setup = replace(context.setup, evaluator=json.dumps(given))
    made = evaluator.make(given, setup.trial_images(context.images), spec.seed)
    keys = TrainingKeys(spec, made, setup.final_images(context.images))
    return replace(context, spec=spec, setup=setup, evaluator=made, training_keys=keys)
