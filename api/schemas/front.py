"""Fronts, finalists and what they are compared with, as responses."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import DescribedBy, Json, Metrics, Numbers, Sent, Stored, one_of
from api.schemas.space import Diagram
from nas.reference_curves.outside import Outside
from nas.statistics.proportions import Verdict
from nas.winner.method import Method


class Point(Sent):
    """A trial on the front."""

    number: int
    id: str
    architecture_id: str
    notation: str
    metrics: Metrics
    reward: float | None = None


class Reference(Stored):
    """A hand-designed network, trained, tested and measured as the finalists.

    metrics: those of a finalist. verdict: whether the best finalist's test accuracy is better or worse than this one;
    unclear where the 95 % intervals of the two overlap, null where one of them was not tested. curve: the name of the
    curve that it is on, with others that differ from it in width alone; null for a single network.
    """

    label: str
    curve: str | None = None
    width: float | None = None
    notation: str
    metrics: Numbers
    verdict: Annotated[str, one_of(Verdict)] | None = None


class ModelFile(Stored):
    """A finalist in one format, as it is in that runtime.

    max_abs_difference: of a score to that in ONNX Runtime; for the .onnx itself, to that in torch. unpacks_to: of a
    compressed file (naz), the .onnx that `nas unpack` makes of it.
    """

    format: str
    file: str
    unpacks_to: str | None = None
    runtime: str | None = None
    runtime_version: str | None = None
    test_accuracy: float | None = None
    test_accuracy_low: float | None = None
    test_accuracy_high: float | None = None
    max_abs_difference: float | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    url: str | None = None


class ByClass(Stored):
    """How right a finalist's file is on one split, class by class.

    recall: the share of each class's images that are found to be of it, null for a class without images; in the order
    of classes, as the rows (classes of the images) and columns (classes found) of confusion. majority_rate: the
    accuracy of always answering majority_class. in_train: images that also lie in train, pixel for pixel. note: where
    the accuracy is hardly above the majority rate.
    """

    images: int
    accuracy: float
    balanced_accuracy: float
    majority_rate: float
    majority_class: str
    classes: list[str]
    recall: list[float | None]
    confusion: list[list[int]]
    in_train: int
    accuracy_without_train: float | None
    note: str | None = None


class BesideCurve(Stored):
    """A finalist beside a curve of reference networks, at equal test accuracy.

    ratio: how many times as fast as the curve, with its 95 % interval, an end of which is null where it is open.
    outside: the finalist is more accurate than the whole curve (above), or less (below), and the ratio is that of the
    curve's most accurate network, or of its fastest. text: all that in words.
    """

    curve: str
    ratio: float
    low: float | None = None
    high: float | None = None
    outside: Annotated[str, one_of(Outside)] | None = None
    text: str


class Finalist(Stored):
    """A trial that was trained for longer, exported and tested.

    file, sha256 and url are of the .onnx. files: that, and the file of the runtime that the search was for, if it has a
    format of its own. note: why that file is missing, and what to do. latency_note: why the measured latency is more
    than 20 % from its estimate, if it is. best: the first of them, within the target if any is, and then of the best
    validation accuracy. metrics: among them test_accuracy, of the exported file, and validation_accuracy, each with its
    95 % interval (Wilson) as test_accuracy_low, test_accuracy_high and so on. by_class: by split. ranked_by: the metric
    that orders finalists, null for validation_accuracy. beside_curves: once both are measured. choice_note: of the
    best one, that validation images do not tell it from another, if they do not.
    """

    trial: int
    id: str
    best: bool = False
    file: str | None = None
    notation: str
    diagram: Annotated[Json, DescribedBy(Diagram)] | None = None
    metrics: Numbers
    files: list[ModelFile] = Field(default_factory=list)
    note: str | None = None
    latency_note: str | None = None
    choice_note: str | None = None
    ranked_by: str | None = None
    by_class: dict[str, ByClass] | None = None
    beside_curves: list[BesideCurve] = Field(default_factory=list)
    sha256: str | None = None
    url: str | None = None


class Standing(Stored):
    """What is known of one network, after `trainings` of it.

    observed: the accuracy of its trial; average: over all its trainings. mean: the posterior mean of its accuracy over
    seeds, with its 95 % interval, which is null where nothing is known of the noise. reward: of the objective, with the
    mean as the accuracy.
    """

    trial: int
    observed: float
    average: float
    trainings: int
    mean: float
    mean_low: float | None = None
    mean_high: float | None = None
    reward: float


class Ranking(Stored):
    """How the finalists were chosen: networks by the reward of their posterior mean, not by the luckiest score.

    explanation: where the means come from, in words. noise: the standard deviation of one training's accuracy, if
    anything is known of it. standings: the best, and all that were trained again.
    """

    method: Annotated[str, one_of(Method)]
    explanation: str
    noise: float | None = None
    standings: list[Standing]


class Difference(Stored):
    """A figure of both arms. difference: the search's less the baseline's, with its 95 % interval of low and high."""

    figure: str
    searcher: float
    baseline: float
    difference: float
    low: float | None = None
    high: float | None = None


class BaselineColumns(Stored):
    """The baseline's trials that have succeeded, as parallel lists."""

    number: list[int]
    latency_ms: list[float]
    accuracy: list[float]
    reward: list[float]


class Baseline(Stored):
    """What random draws at equal cost have found, beside the search. explanation: what is compared, and what the
    intervals cover. reused: trials whose networks were trained before; refused: candidates over a limit.
    """

    searcher: str
    explanation: str
    trials: int
    reused: int
    refused: int
    columns: BaselineColumns
    comparison: list[Difference]


class ParetoOut(Sent):
    """The front of latency and accuracy, by rising latency; or of the metrics that were asked for, by the first one.

    hypervolume: the area that the front dominates, up to reference_ms and down to an accuracy of 0, as a fraction of
    the whole; null while the front is empty, and for other metrics. reference_ms is twice the target, or the slowest
    point where there is no target. ranking: null before all trials and their repeats have ended. finalists: best first.
    baseline: null of a search without one, and before it has ended.
    device: whose latency the front has, and for which finalists are best first. metrics: those of the front.
    """

    search_id: str
    seq: int
    device: str | None = None
    metrics: list[str] | None = None
    target_latency_ms: float | None = None
    reference_ms: float | None = None
    hypervolume: float | None = None
    points: list[Point] = Field(default_factory=list)
    ranking: Ranking | None = None
    baseline: Baseline | None = None
    references: list[Reference] = Field(default_factory=list)
    finalists: list[Finalist] = Field(default_factory=list)


class CorrelationOut(Sent):
    """Kendall's tau-b of a metric that is known before training with the accuracy, and its 95 % interval.

    n: number of succeeded trials that have both. given_macs: the partial tau, beside what both owe to the
    multiply-adds; null for these. text: what it means and what to do about it.
    """

    metric: str
    tau: float
    low: float
    high: float
    n: int
    given_macs: float | None = None
    text: str = ""


class CorrelationList(Sent):
    """One for each size and zero-cost score that enough trials have and that varies among them."""

    items: list[CorrelationOut] = Field(default_factory=list)
