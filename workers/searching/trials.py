"""The trials of a search: what is known of a candidate before its training, and the training where it is worth one."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from nas.errors import InfeasibleError
from nas.ops.notation import write_network
from nas.report.correlations import correlations, in_words
from nas.search.loop import Search, Steps
from nas.space import Candidate
from nas.trial import Metrics, Report, State, Trial
from workers.searching.context import SearchContext, epoch_listener, known_now, measuring
from workers.searching.rungs import RungTrainings
from workers.searching.zero_cost import scored

MAX_UNCERTAINTY = 0.01
"""Relative standard deviation that interpolated kernels may leave in a candidate's estimate; kernels are measured until
it is met. 1 % is little beside the 2 % error of estimates with all kernels measured."""


def run_trials(context: SearchContext, search: Search, ended: Callable[[], None]) -> None:
    """Run the search's trials; ended is called after each. InfeasibleError if none succeeded."""
    epochs = context.evaluator.epochs

    def heard(trial: Trial) -> Report:
        return epoch_listener(context.listener, f"trial {trial.number}", epochs, trial.number)

    def train(trial: Trial) -> Future[Metrics]:
        network = trial.candidate.architecture
        started = partial(context.listener.started, trial.number)
        return context.evaluate(write_network(network.expand()), heard(trial), started)

    def report(trial: Trial) -> None:
        context.listener.trial(trial, search.max_trials)
        context.listener.step("trials", search.finished, search.max_trials)
        if trial.state is not State.RUNNING:
            ended()

    if search.trials:
        context.listener.say(f"resumed: {search.finished} of {context.spec.max_trials} trials are finished already")
    key = context.training_keys.trial
    rungs = RungTrainings(context, heard)
    steps = Steps(
        known=scored(partial(metrics_before_training, context), search.searcher.problem),
        train=train,
        cached_training=lambda candidate: trained_before(context, candidate),
        store_training=lambda candidate, metrics: context.store_training(
            key(candidate.architecture.network_id), metrics
        ),
        report=report,
        train_until=rungs.train_until,
        give_up=rungs.drop,
    )
    search.run(steps, max_trials=context.spec.max_trials, parallel=context.spec.parallel)
    rungs.drop_all()
    for each in correlations([t.metrics for t in search.trials.values() if t.state is State.SUCCEEDED]):
        context.listener.say(in_words(each))
    if not any(trial.state is State.SUCCEEDED for trial in search.trials.values()):
        reasons = "; ".join(sorted({trial.reason or "no reason" for trial in search.trials.values()}))
        raise InfeasibleError(f"no trial succeeded: {reasons or 'the searcher proposed nothing'}")


def trained_before(context: SearchContext, candidate: Candidate) -> Metrics | None:
    """The metrics of the candidate's network from a training like this search's; None if there was none."""
    network_id, key = candidate.architecture.network_id, context.training_keys.trial
    found = context.cached_training(key(network_id), key(candidate.architecture.id))
    return found or context.taken.training(network_id)


def metrics_before_training(context: SearchContext, candidate: Candidate) -> Metrics:
    """The candidate's sizes and its estimated latency on each device.

    Kernels are measured first where an estimate is too uncertain.
    """
    network = candidate.architecture.expand()
    for device in context.devices:
        measurer = device.measurer
        wanted = measurer.kernels_to_measure(network, MAX_UNCERTAINTY) if measurer.can_measure else []
        if wanted:
            with measuring(context.quota, measurer):
                measurer.measure_kernels(wanted)
    return known_now(context.devices, network)
