"""Evaluations of networks beside the trials: each done once, and kept as soon as it is done."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from nas.architecture import Architecture
from nas.errors import NasError
from nas.jobs.records import TrainingKey
from nas.ops.notation import write_network
from nas.trial import Metrics, unheard
from workers.searching.context import SearchContext, epoch_listener


@dataclass(frozen=True, slots=True)
class Evaluation:
    """name: under which the search keeps its metrics. words: for the user. seed: of the evaluation; None for the
    search's.
    """

    name: str
    words: str
    architecture: Architecture
    seed: int | None = None


def evaluated(
    context: SearchContext, wanted: Sequence[Evaluation], what: str, begin: Callable[[], object]
) -> dict[str, Metrics]:
    """The metrics of each by its name, by the context's evaluator; none of one that failed, whose reason the listener
    gets. As many run at a time as trials do. what: they are called in progress. begin: called before the first that has
    to be done now.
    """
    found = {each.name: _known(context, each) for each in wanted}
    missing = [each for each in wanted if found[each.name] is None]
    done, total = len(wanted) - len(missing), len(wanted)
    if missing:
        begin()
    at_once = max(1, min(context.spec.parallel, context.quota.workers))
    running: dict[Future[Metrics], Evaluation] = {}
    while missing or running:
        while missing and len(running) < at_once:
            each = missing.pop(0)
            running[_submit(context, each)] = each
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            each = running.pop(future)
            found[each.name] = _result(context, each, future)
            done += 1
            context.listener.step(what, done, total)
    return {name: metrics or {} for name, metrics in found.items()}


def _submit(context: SearchContext, each: Evaluation) -> Future[Metrics]:
    made = context.evaluator
    report = epoch_listener(context.listener, each.words, made.epochs) if made.trains else unheard
    return context.evaluate(write_network(each.architecture.expand()), report, seed=each.seed)


def _result(context: SearchContext, each: Evaluation, future: Future[Metrics]) -> Metrics:
    try:
        metrics = dict(future.result())
    except NasError as error:
        context.listener.say(f"{each.words} has failed: {error}")
        metrics = {}
    else:
        context.store_training(_key(context, each), metrics)
    kept: Metrics = context.store.keep(each.name, metrics)
    return kept


def _known(context: SearchContext, each: Evaluation) -> Metrics | None:
    """The metrics if this was done in this or an earlier search; none of one that failed."""
    kept: Metrics | None = context.store.known(each.name)
    if kept is not None:
        return kept
    cached = context.cached_training(_key(context, each))
    return None if cached is None else context.store.keep(each.name, cached)


def _key(context: SearchContext, each: Evaluation) -> TrainingKey | None:
    return context.training_keys.trial(each.architecture.network_id, each.seed)
