"""Transfer of latencies to a new device: prediction from a few networks measured on it and their latencies on known
devices.

Bayesian linear regression of log-latency on groups of columns (physical quantities, counts, one-hot slots, latencies on
known devices), averaged over hyperparameters: the share of the variance that each group explains, and the noise.
Weights of the average are the evidence of the few samples times a prior that is learned by leaving out each known
device. The average prevents negative transfer: where known devices do not explain the samples, their groups lose their
weight.

Shapes: n networks, d raw columns, s hyperparameter settings, g column groups, r samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.transfer_columns import ColumnGroups, Features, raw_columns
from latency_db.robust_statistics import Values, quadratic_form, student_weights
from nas.errors import NasError

Indices = NDArray[np.int64]

CONSTANT_VARIANCE = 100.0
RANDOM_SETTINGS = 120
CONCENTRATION = 0.4
"""Parameter of the Dirichlet distribution of shares: in most settings two or three groups explain most variance."""

NOISE_VARIANCES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Relative to the explained variance; up to more than that, as phones are timed in whole milliseconds."""

DEGREES_OF_FREEDOM = 4.0
"""Degrees of freedom of Student's t: one sample in ten may be an outlier."""

ITERATIONS = 4
PRIOR_NETWORKS = 300
"""The prior is learned from this many networks at most."""

PRIOR_DRAWS = 2
UNRELATED = 2 / 3
"""Prior probability that the known devices do not show how the new one behaves."""


class TransferError(NasError):
    """The model cannot be fitted to the samples."""


@dataclass(frozen=True, slots=True)
class TransferModel:
    """Log-latency as a linear function of the raw columns.

    center, weights: [d]. covariance: of the weights, [d, d]. noise: variance of the log-latency of one measurement.
    """

    center: Values
    weights: Values
    intercept: float
    covariance: Values
    noise: float

    def predict(self, features: Features, known_ms: Values) -> tuple[Values, Values]:
        """Milliseconds [n] and their relative standard deviations [n]; features and known_ms as in `fit_transfer`."""
        x = raw_columns(features, known_ms) - self.center
        variance = np.maximum(quadratic_form(x, self.covariance), 0) + self.noise
        return np.exp(self.intercept + x @ self.weights), np.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Settings to average over. shares: of the variance, by column group, [s, g]. noise: variance, [s]."""

    shares: Values
    noise: Values

    @classmethod
    def drawn(cls, groups: int, seed: int) -> "Hyperparameters":
        """Settings in which one group explains all, with each noise; then random ones."""
        rng = np.random.default_rng(seed)
        alone, noises = np.repeat(np.eye(groups), len(NOISE_VARIANCES), axis=0), np.tile(NOISE_VARIANCES, groups)
        shares = rng.dirichlet(np.full(groups, CONCENTRATION), RANDOM_SETTINGS)
        noises = np.concatenate([noises, rng.choice(NOISE_VARIANCES, RANDOM_SETTINGS)])
        return cls(np.concatenate([alone, shares]), noises)


@dataclass(frozen=True, slots=True)
class Solutions:
    """The fit under every setting: log evidence of the samples [s], inverse covariance K^-1 [s, r, r], alpha = K^-1 y
    [s, r], and the variance that is explained [s].
    """

    evidence: Values
    inverse: Values
    alpha: Values
    variance: Values


def fit_transfer(
    features: Features, known_ms: Values, rows: Sequence[int], sample_ms: Sequence[float], *, seed: int = 0
) -> TransferModel:
    """Fit a new device by the milliseconds sample_ms, measured on the networks at these rows.

    features: groups of columns, [n, columns] each. known_ms: milliseconds on known devices, measured or estimated in
    the same way for all networks that are predicted later, [n, devices]; there may be no device. TransferError for
    fewer than three samples, and for latencies that are not finite and positive.
    """
    chosen, logs = np.asarray(rows, np.int64), np.log(_positive(np.asarray(sample_ms, np.float64)))
    if len(chosen) < 3 or len(chosen) != len(logs):  # noqa: PLR2004 (a constant, a slope and a residual)
        raise TransferError(f"{len(chosen)} networks with {len(logs)} latencies: measure at least three, each once")
    groups = ColumnGroups.of(features, _positive(known_ms))
    settings = Hyperparameters.drawn(len(groups.columns), seed)
    solved = _solve(groups, settings, chosen, logs - logs.mean())
    posterior = _softmax(solved.evidence + _log_prior(features, known_ms, settings, len(chosen), seed))
    return _average(groups, settings, solved, posterior, (chosen, logs))


def _log_prior(features: Features, known_ms: Values, settings: Hyperparameters, count: int, seed: int) -> Values:
    """Log prior of every setting, [s]: how well it predicts each known device from `count` samples and the others."""
    devices = known_ms.shape[1]
    if devices < 2:  # noqa: PLR2004 (no others)
        return np.zeros(len(settings.noise))
    rng = np.random.default_rng(seed + 1)
    subset = rng.permutation(len(known_ms))[:PRIOR_NETWORKS]
    few, logs, priors = {name: group[subset] for name, group in features.items()}, np.log(known_ms[subset]), []
    for device in range(devices):
        groups = ColumnGroups.of(few, np.delete(known_ms[subset], device, axis=1))
        score = np.zeros(len(settings.noise))
        for _ in range(PRIOR_DRAWS):
            rows = rng.permutation(len(subset))[:count]
            score -= count / 2 * np.log(_errors(groups, settings, rows, logs[:, device])) / PRIOR_DRAWS
        priors.append(_softmax(score))
    return np.asarray(np.log((1 - UNRELATED) * np.mean(priors, axis=0) + UNRELATED / len(priors[0])))


def _positive(values: Values) -> Values:
    if not np.all(np.isfinite(values) & (values > 0)):
        raise TransferError("latencies must be finite and above zero: drop such rows or measure them again")
    return values


def _solve(groups: ColumnGroups, settings: Hyperparameters, rows: Indices, y: Values) -> Solutions:
    """y: centred log-latencies of the samples, [r]. The scale is integrated out; samples that the others predict badly
    have more noise, as under Student's t.
    """
    n, diagonal = len(rows), np.arange(len(rows))
    signal = np.einsum("sb,bij->sij", settings.shares, groups.grams(rows)) + CONSTANT_VARIANCE
    noise_factor = np.ones((len(signal), n))
    for _ in range(ITERATIONS):
        kernel = signal.copy()
        kernel[:, diagonal, diagonal] += settings.noise[:, None] * noise_factor
        inverse = np.linalg.inv(kernel)
        alpha = inverse @ y
        variance = (alpha @ y + 1e-6) / n
        squared = alpha**2 / (inverse[:, diagonal, diagonal] * variance[:, None])
        noise_factor = 1 / student_weights(squared, DEGREES_OF_FREEDOM)
    evidence = -np.linalg.slogdet(kernel)[1] / 2 - n / 2 * np.log(variance)
    return Solutions(evidence, inverse, alpha, variance)


def _errors(groups: ColumnGroups, settings: Hyperparameters, rows: Indices, logs: Values) -> Values:
    """Error variance of every setting over all networks when it is fitted to those at these rows, [s]."""
    alpha = _solve(groups, settings, rows, logs[rows] - logs[rows].mean()).alpha.T
    columns = enumerate(groups.columns.values())
    found = sum(group @ (group[rows].T @ (alpha * settings.shares[:, i])) for i, group in columns)
    return np.asarray(np.var(logs[:, None] - found, axis=0) + 1e-8)


def _softmax(scores: Values) -> Values:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def _average(
    groups: ColumnGroups,
    settings: Hyperparameters,
    solved: Solutions,
    posterior: Values,
    samples: tuple[Indices, Values],
) -> TransferModel:
    """Mean and covariance of the weights over the likely settings. posterior: of the settings, [s]."""
    rows, logs = samples
    x = np.concatenate([group[rows] for group in groups.columns.values()], axis=1)
    weights, second, intercept, noise = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])), logs.mean(), 0.0
    for number in np.flatnonzero(posterior > 1e-3 * posterior.max()):
        share, p, variance = groups.variances(settings.shares[number]), posterior[number], solved.variance[number]
        beta, scaled = share * (x.T @ solved.alpha[number]), x * share
        weights += p * beta
        intercept += p * CONSTANT_VARIANCE * solved.alpha[number].sum()
        left = np.diag(share) - scaled.T @ solved.inverse[number] @ scaled
        second += p * (np.outer(beta, beta) + variance * left)
        noise += p * variance * settings.noise[number] * DEGREES_OF_FREEDOM / (DEGREES_OF_FREEDOM - 2)
    maps = np.concatenate(list(groups.maps.values()), axis=1)
    covariance = maps @ (second - np.outer(weights, weights)) @ maps.T
    return TransferModel(groups.center, maps @ weights, float(intercept), covariance, float(noise))
