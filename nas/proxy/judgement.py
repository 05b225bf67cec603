"""What a proxy check comes to: a grade by stated thresholds, and reasons and remedies in words."""

from dataclasses import dataclass

from nas.proxy.grade import Grade
from nas.proxy.noise import Noise
from nas.proxy.ranks import Agreement, Uncertain
from nas.quantities import minus, percent

GOOD_TAU, USABLE_TAU = 0.6, 0.3
"""The least tau of a good and of a usable proxy: so many more pairs of networks are in the right order than in the
wrong one, as a share of all: 80 % against 20 %, and 65 % against 35 %."""

LOW_SHARE = 0.1
"""Share of random members that can be trained, below which the report says so."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The short training and the longer one, in epochs. epochs: 0 if trials are scored without a training of their own.
    prepared_epochs: of the training that they share, 0 without one.
    """

    epochs: int
    longer_epochs: int
    prepared_epochs: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """lowest, highest: the grades at the ends of the interval of tau."""

    grade: Grade
    lowest: Grade
    highest: Grade
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """count: how many networks were compared. ceiling: as in nas.proxy.noise. valid: the share of random members of the
    space that can be trained.
    """

    count: int
    agreement: Agreement
    noise: Noise
    ceiling: Uncertain
    valid: Uncertain


def judge(findings: Findings, proxy: Proxy) -> Judgement:
    count, found, valid, top = findings.count, findings.agreement, findings.valid, findings.ceiling
    tau = found.tau
    lowest, highest = (_grade(tau.low), _grade(tau.high)) if tau else (Grade.POOR, Grade.POOR)
    grade = _graded(found)
    reasons = [_order(count, found, proxy), _size(found), _pick(found, proxy), _noise(findings.noise, top, proxy)]
    if lowest is not highest:
        reasons.append(f"{count} networks leave this uncertain: the interval reaches from {lowest} to {highest}.")
    if valid.value < LOW_SHARE:
        reasons.append(f"Only {_share(valid)} of random networks can be trained: most proposals are spent on others.")
    remedies = [] if grade is Grade.GOOD else _remedies(found, top, proxy)
    if lowest is not highest:
        remedies.append(f"Check more networks for a narrower interval, such as {2 * count}.")
    if valid.value < LOW_SHARE:
        remedies.append("Raise the limits, or take options that are refused out of the space.")
    return Judgement(grade, lowest, highest, tuple(reasons), tuple(remedies))


def _grade(tau: float) -> Grade:
    if tau >= GOOD_TAU:
        return Grade.GOOD
    return Grade.USABLE if tau >= USABLE_TAU else Grade.POOR


def _graded(found: Agreement) -> Grade:
    """By tau; good only if the interval excludes chance, and if the proxy says more than the size does."""
    if found.tau is None:
        return Grade.POOR
    grade = _grade(found.tau.value)
    doubtful = found.tau.low <= 0 or no_gain(found)
    return Grade.USABLE if grade is Grade.GOOD and doubtful else grade


def no_gain(found: Agreement) -> bool:
    """Whether size orders as well, and what the proxy says beyond it may be chance."""
    beyond = found.tau_given_size
    return found.gain is not None and found.gain.value <= 0 and (beyond is None or beyond.low <= 0)


def _order(count: int, found: Agreement, proxy: Proxy) -> str:
    short = f"at {_epochs(proxy.epochs)}" if proxy.epochs else "as trials are scored"
    where = f"{short} and at {_epochs(proxy.longer_epochs)}"
    if found.tau is None:
        return f"The accuracies of the {count} networks are all equal {where.replace(' and ', ' or ')}: no order."
    how = {Grade.GOOD: "agree", Grade.USABLE: "agree in part", Grade.POOR: "hardly agree"}[_grade(found.tau.value)]
    chance = "; this may be chance" if found.tau.low <= 0 else ""
    return f"The orders of the {count} networks {where} {how}: tau {_with_interval(found.tau)}{chance}."


def _size(found: Agreement) -> str:
    if found.tau_size is None or found.gain is None:
        return "The networks are all of one size."
    said = f"Multiply-adds alone, without training, order them with tau {_with_interval(found.tau_size)}"
    beyond = found.tau_given_size
    left = "nothing is left to tell" if beyond is None else f"the proxy's is {_with_interval(beyond)}"
    return f"{said}; given the size, {left}."


def _pick(found: Agreement, proxy: Proxy) -> str:
    best = f"The proxy's best network is {100 * found.loss:.1f} points below the best at {_epochs(proxy.longer_epochs)}"
    return f"{best}; of the best {found.top} both have {found.shared} (by chance {found.by_chance:.1f})."


def _noise(noise: Noise, top: Uncertain, proxy: Proxy) -> str:
    deviation = noise.deviation
    points = f"{100 * deviation.value:.2f} points ({100 * deviation.low:.2f} to {100 * deviation.high:.2f})"
    variation = "" if noise.variation is None else f", {percent(noise.variation)} of the mean"
    what = "trainings" if proxy.epochs else "scores"
    repeats = f"{len(noise.accuracies)} {what} of one network have a standard deviation of {points}{variation}"
    if proxy.prepared_epochs:
        return f"{repeats}, in which another training of what trials share is not."
    return f"{repeats}; with this noise even the right order is expected to show tau {_with_interval(top)}."


def _remedies(found: Agreement, top: Uncertain, proxy: Proxy) -> list[str]:
    """For a proxy that is not good."""
    said = []
    if found.tau is None or found.tau.value < GOOD_TAU:
        said += _better_proxy(top, proxy)
    if no_gain(found):
        said.append(
            "Size orders networks that are spread over all sizes as well: take the largest within the limits, or check "
            "more candidates, to see what the proxy says beyond the size."
        )
    said.append("Train more finalists (`finalists.count`): the proxy's first few may not include the best.")
    return said


def _better_proxy(top: Uncertain, proxy: Proxy) -> list[str]:
    """What may bring the two orders together."""
    if not proxy.epochs:
        trained = "Score networks by training them (`evaluator: train`)."
        setting = f"`evaluator.epochs: {2 * proxy.prepared_epochs}`"
        longer = f"Train what trials share for longer ({setting}), and check again."
        return [longer, trained] if proxy.prepared_epochs else [trained]
    epochs = min(2 * proxy.epochs, proxy.longer_epochs)
    longer = f"train trials for {epochs} epochs (`evaluator: {{name: train, epochs: {epochs}}}`)"
    if top.value < GOOD_TAU:
        more = f", or {longer}" if epochs > proxy.epochs else ""
        return [f"Noise hides the order: train trials on more images (`train_images`){more}, and check again."]
    return [f"{longer[0].upper()}{longer[1:]}, and check again."] if epochs > proxy.epochs else []


def _with_interval(found: Uncertain) -> str:
    return minus(f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})")


def _share(found: Uncertain) -> str:
    return f"{percent(found.value, 1)} ({percent(found.low, 1)} to {percent(found.high, 1)})"


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' if count > 1 else ''}"
