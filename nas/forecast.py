"""How long a search will take: its steps, and the seconds that such steps have taken on this machine before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from random import Random
from statistics import median
from typing import Any, Protocol

from nas.evaluator import evaluator, rank_check_of
from nas.ops.cost import network_cost
from nas.search.pruner import trained_share
from nas.spaces import load_space
from nas.spec import SearchSpec
from nas.spec.references import single

MEASURING_S = 120.0
"""Time for measuring kernels before the first trial, at most."""

NETWORK_S = 3.0
"""Time to measure one whole network, until this machine has measured some: sessions are as long on every machine."""

SAMPLES = 9
OVERHEAD_MACS = 1e6
"""What an image costs in a training beside its network's multiply-adds, expressed in these."""

PACES = 5
"""Number of earlier searches from whose seconds a forecast is made."""


class Images(Protocol):
    """What the length of a training depends on."""

    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def channels(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a search has to do. work: of one epoch of a trial, in images times multiply-adds; longer_work: of a longer
    training, of a reference network or a finalist, of final_epochs epochs.

    parallel: trainings at a time. networks: those that are measured whole. repeats: trainings of trials again, with
    other seeds, before the finalists are chosen. baseline: short trainings of the baseline. checked: networks that are
    trained by themselves for check_epochs before the first trial. side: of the images, in pixels. trained: share of its
    epochs that a trial is trained for in the mean, if a pruner stops some.
    """

    evaluator: str
    space: str
    device: str
    trials: int
    parallel: int
    trial_epochs: int
    references: int
    finalists: int
    networks: int
    final_epochs: int
    work: float
    longer_work: float
    repeats: int = 0
    baseline: int = 0
    checked: int = 0
    check_epochs: int = 0
    side: int | None = None
    trained: float = 1.0


def plan_of(spec: SearchSpec, images: Images, *, train: int, side: int, workers: int) -> Plan:
    """The plan of a spec. train: number of training images. workers: how many trainings run at a time, at most."""
    space = load_space(spec.space).for_images(images.channels, side, len(images.classes))
    parameters = evaluator.checked(spec.evaluator, "evaluator")
    used = images_of_trials(spec, train)
    rng = Random(spec.seed)
    macs = median(network_cost(space.sample(rng).architecture.expand()).macs for _ in range(SAMPLES))
    references = len(single(spec.references))
    check = rank_check_of(spec.evaluator)
    repeats = spec.finalists.repeats * min(spec.finalists.candidates, spec.max_trials)
    return Plan(
        evaluator=str(spec.evaluator["name"]),
        space=space.name,
        device=", ".join(spec.device_names),
        trials=spec.max_trials,
        parallel=max(1, min(spec.parallel, workers)),
        trial_epochs=int(getattr(parameters, "epochs", 1)),
        references=references if spec.finalists.count else 0,
        finalists=spec.finalists.count * (2 if spec.baseline else 1),
        networks=(references + spec.finalists.count) * len(spec.device_names),
        final_epochs=spec.finalists.epochs,
        work=used * (macs + OVERHEAD_MACS),
        longer_work=train * (macs + OVERHEAD_MACS),
        repeats=repeats,
        baseline=spec.max_trials + repeats if spec.baseline else 0,
        checked=check.networks if check else 0,
        check_epochs=int(check.alone["epochs"]) if check else 0,
        side=side,
        trained=trained_share(spec.pruner, spec.evaluator, spec.device_names, spec.objective),
    )


def plan_of_check(plan: Plan, *, candidates: int, repeats: int, longer_epochs: int) -> Plan:
    """The plan of a proxy check for a search of this plan: trials and longer trainings, and no network measured."""
    trials = candidates + repeats - 1
    return replace(
        plan, trials=trials, trained=1.0, references=0, finalists=candidates, networks=0, final_epochs=longer_epochs
    )


def images_of_trials(spec: SearchSpec, train: int) -> int:
    """How many of the training images a trial sees in an epoch."""
    wanted = getattr(evaluator.checked(spec.evaluator, "evaluator"), "train_images", None)
    return min(train, wanted or train)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that steps take on this machine; None where it has not done one yet.

    work_s: of one unit of a plan's work in one trial; longer_s: of its longer_work in one longer training. measuring_s:
    of the kernels before the first trial. preparation_s: of what all trials share. network_s: of measuring one whole
    network.
    """

    work_s: float | None = None
    longer_s: float | None = None
    measuring_s: float | None = None
    preparation_s: float | None = None
    network_s: float | None = None

    @classmethod
    def of_past(cls, plan: Plan, past: Sequence[Mapping[str, Any]]) -> "Pace":
        """The pace of earlier searches and suggestions, as `row` describes each, the newest first.

        Trainings are timed by those of the same space at the same size on the same device, if there are any: seconds do
        not follow multiply-adds alone.
        """
        alike = [known for known in past if known["evaluator"] == plan.evaluator]
        of_space = [known for known in past if (known["space"], known["device"]) == (plan.space, plan.device)]
        same = [known for known in of_space if known in alike and known.get(SIDE) == plan.side]
        here = [known for known in of_space if known.get(MEASURED, True)]
        return cls(
            work_s=_median(same, alike, name="work_s"),
            longer_s=_median(same, past, name="longer_s"),
            measuring_s=0.0 if here else _median(past, name="measuring_s"),  # kernels are kept once they are measured
            preparation_s=_median(alike, name="preparation_s"),
            network_s=_median(past, name="network_s"),
        )

    def row(self, plan: Plan, *, measured: bool = True) -> dict[str, Any]:
        """The pace of something of this plan, as later ones read it. measured: whether kernels of the space were."""
        about = {"evaluator": plan.evaluator, "space": plan.space, "device": plan.device, SIDE: plan.side}
        return {**about, MEASURED: measured, **asdict(self)}


SIDE, MEASURED = "side", "measured"
"""Of rows; those of early versions have neither."""


def _median(*past: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """That of the first of these sequences with any."""
    for rows in past:
        known: list[float] = [values[name] for values in rows if values.get(name) is not None]
        if known:
            return median(known[:PACES])
    return None


def step_seconds(plan: Plan, pace: Pace) -> dict[str, float] | None:
    """Seconds of each step of a plan, by the phase of the search; None if no training was timed on this machine yet."""
    if pace.work_s is None:
        return None
    measured_s = plan.networks * (NETWORK_S if pace.network_s is None else pace.network_s)
    epoch_s = pace.work_s * plan.work
    alone_s = pace.work_s if pace.longer_s is None else pace.longer_s
    longer_s = plan.final_epochs * plan.longer_work * alone_s
    checked_s = ceil(plan.checked / plan.parallel) * plan.check_epochs * plan.work * alone_s
    baseline_s = ceil(plan.baseline / plan.parallel) * plan.trial_epochs * epoch_s
    repeated_s = ceil(plan.repeats / plan.parallel) * plan.trial_epochs * epoch_s
    return {
        "MEASURING": MEASURING_S if pace.measuring_s is None else pace.measuring_s,
        "PREPARING": pace.preparation_s or 0.0,
        **({"CHECKING": checked_s} if plan.checked else {}),
        "TRAINING": ceil(plan.trials / plan.parallel) * plan.trial_epochs * plan.trained * epoch_s,
        **({"REPEATS": repeated_s} if plan.repeats else {}),
        **({"BASELINE": baseline_s} if plan.baseline else {}),
        "REFERENCES": ceil(plan.references / plan.parallel) * longer_s,
        "FINALISTS": ceil(plan.finalists / plan.parallel) * longer_s + measured_s,
    }
