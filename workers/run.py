"""A whole run in one folder: measure, search, train the finalists, export and test them, report."""

from concurrent.futures import Future
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from latency_db.catalogue import find_device
from latency_db.device import core_count
from latency_db.estimate import Estimator
from latency_db.store import Store
from latency_db.table import build_table
from nas.dataset import dataset
from nas.errors import InfeasibleError
from nas.loop import Search, Steps
from nas.objective import objective
from nas.ops.notation import write_network
from nas.searcher import searcher
from nas.space import Candidate, SearchSpace
from nas.spaces import load_space
from nas.spec import SearchSpec
from nas.trial import Metrics, State, Trial
from workers.bench import Bench, epoch_bar, sizes
from workers.executor import executor
from workers.finalists import measure_end_to_end, reference_rows, train_finalists, train_references
from workers.folder import RunFolder
from workers.record import RunRecord
from workers.tasks import Setup, evaluate
from workers.watch import Watch

TABLE_BUDGET_S = 120.0
"""Time for measuring kernels before the first trial; what is missing then is measured when a candidate needs it."""

TARGET_SAMPLES = 200
MIN_TARGET_SAMPLES = 20


def run(spec: SearchSpec, out: Path, watch: Watch, *, executor_name: str = "process") -> dict[str, Any]:
    """Carry out the spec in the folder out, going on from where an earlier call with the same spec was stopped.

    Returns the record of the run, which report.html shows. NasError if it cannot go on; what was finished stays.
    """
    start_pool = executor[executor_name]
    with RunFolder(out, spec) as folder:
        setup = Setup.of(spec.dataset, spec.evaluator, seed=spec.seed, threads=max(1, core_count() // spec.parallel))
        images = dataset.make(spec.dataset).load(spec.seed)
        sizes = f"{len(images.train)} training, {len(images.validation)} validation, {len(images.test)} test images"
        watch.say(f"{images.name}: {sizes} of {images.side} x {images.side} px in {len(images.classes)} classes")
        space = load_space(spec.space).for_images(images.channels, images.side, len(images.classes))
        space.sample(Random(spec.seed))  # a space without members is refused, with the reason, before any measurement
        references = reference_rows(spec, images)
        estimator = _estimator(spec.device, space, watch)
        aim = {"target_latency_ms": _target_ms(spec, space, estimator, folder, watch), **spec.objective}
        with start_pool(spec.parallel) as pool:
            bench = Bench(spec, folder, watch, images, estimator, pool, setup)
            search = Search(searcher.make(spec.searcher, space, spec.seed), objective.make(aim), folder.journal)
            record = RunRecord(bench, space, search)
            _run_trials(bench, search, record)
            references = train_references(bench, references)
            finalists = train_finalists(bench, search)
        measure_end_to_end(bench, references, finalists)
        return record.finish(references, finalists)


def _estimator(device: str, space: SearchSpace, watch: Watch) -> Estimator:
    """The device's estimator. On this machine, the kernels of the space are measured first, while it is quiet."""
    store = Store()
    estimator = Estimator(store, find_device(store, device))
    if estimator.is_local:
        progress = partial(watch.step, "measuring kernels")
        table = build_table(estimator, space, budget_s=TABLE_BUDGET_S, progress=progress)
        done = table.kernels - table.missing
        watch.say(f"{device}: {done} of the space's {table.kernels} kernels are measured")
    return estimator


def _target_ms(spec: SearchSpec, space: SearchSpace, estimator: Estimator, folder: RunFolder, watch: Watch) -> float:
    """The spec's target, or else the median latency of random members of the space, found once."""
    given: float | None = spec.objective.get("target_latency_ms") or folder.known("target_latency_ms")
    if given is not None:
        return given
    rng = Random(spec.seed)
    networks = [space.sample(rng).architecture.expand() for _ in range(TARGET_SAMPLES)]
    measured = [network for network in networks if not estimator.missing(network)]
    if len(measured) < MIN_TARGET_SAMPLES and estimator.is_local:  # the table of a large space is never complete
        measured = networks[:MIN_TARGET_SAMPLES]
        estimator.ensure(measured)
    target = float(f"{median(estimator.estimate(network).ms for network in measured or networks):.3g}")
    watch.say(f"target latency: {target} ms, the median of {len(measured)} random members of the space")
    folder.keep("target_latency_ms", target)
    return target


def _run_trials(bench: Bench, search: Search, record: RunRecord) -> None:
    total = bench.spec.max_trials

    def finished() -> int:
        return sum(trial.state is not State.RUNNING for trial in search.trials.values())

    def train(trial: Trial) -> Future[Metrics]:
        notation = write_network(trial.candidate.architecture.expand())
        bar = epoch_bar(bench.watch, f"trial {trial.number + 1}", bench.spec.trial_epochs)
        return bench.pool.submit(evaluate, bench.setup, notation, report=bar)

    def report(trial: Trial) -> None:
        bench.watch.trial(trial, total)
        bench.watch.step("trials", finished(), total)
        if trial.state is not State.RUNNING:
            record.update()

    if search.trials:
        bench.watch.say(f"resumed: {finished()} of {total} trials are finished already")
    search.run(Steps(partial(_known, bench.estimator), train, report), max_trials=total, parallel=bench.spec.parallel)
    record.write()
    if not any(trial.state is State.SUCCEEDED for trial in search.trials.values()):
        reasons = "; ".join(sorted({trial.reason or "no reason" for trial in search.trials.values()}))
        raise InfeasibleError(f"no trial succeeded: {reasons or 'the searcher proposed nothing'}")


def _known(estimator: Estimator, candidate: Candidate) -> Metrics:
    """What is known of a candidate without training it."""
    network = candidate.architecture.expand()
    if estimator.is_local:
        estimator.ensure([network])
    estimate = estimator.estimate(network)
    return {"latency_ms": estimate.ms, "latency_error_ms": estimate.error_ms, **sizes(network)}
