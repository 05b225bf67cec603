"""Latency on a new target from a few measured networks, helped by what known targets say of the same networks.

Bayesian linear regression of log-latency on blocks of columns (physical quantities, counts, one-hot slots, the known
targets' latencies), averaged over how much each block explains. Weights of the average: the evidence of the few
samples, times a prior learned by leaving each known target out. That average is the guard against negative
transfer: where the known targets do not explain the samples, their blocks lose their weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.transfer_columns import Blocks, Features, raw_columns
from latency_db.robust_statistics import quadratic_form, student_weights
from nas.errors import NasError

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

CONSTANT_VARIANCE = 100.0
SETTINGS = 120
CONCENTRATION = 0.4  # of the random shares: most settings explain nearly all by two or three blocks
NOISE = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # up to more than what there is to learn: phones are timed in whole ms
FREEDOM = 4.0  # of Student's t: one sample in ten may be an outlier
ROUNDS = 4
LEARNED_FROM = 300
DRAWS = 2
UNLIKE = 2 / 3  # prior belief that the known targets do not show how the new one behaves


class TransferError(NasError):
    """The samples or tables cannot be learned from."""


@dataclass(frozen=True, slots=True)
class TransferModel:
    """Log-latency as a linear function of features and known latencies; plain numbers.

    covariance: of the weights; noise: variance of one measurement in log space; shares: of what is explained, by block.
    """

    center: Values
    weights: Values
    intercept: float
    covariance: Values
    noise: float
    shares: dict[str, float]

    def predict(self, features: Features, known_ms: Values) -> tuple[Values, Values]:
        """Latency in ms and its relative standard deviation, one per row."""
        x = raw_columns(features, known_ms) - self.center
        variance = np.maximum(quadratic_form(x, self.covariance), 0) + self.noise
        return np.exp(self.intercept + x @ self.weights), np.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Settings:
    """How variance may be divided among the blocks (settings x blocks), and the noise beside it."""

    shares: Values
    noise: Values

    @classmethod
    def drawn(cls, blocks: int, seed: int) -> "Settings":
        """Each block alone with each noise, then at random."""
        rng = np.random.default_rng(seed)
        alone, noises = np.repeat(np.eye(blocks), len(NOISE), axis=0), np.tile(NOISE, blocks)
        shares = rng.dirichlet(np.full(blocks, CONCENTRATION), SETTINGS)
        return cls(np.concatenate([alone, shares]), np.concatenate([noises, rng.choice(NOISE, SETTINGS)]))


@dataclass(frozen=True, slots=True)
class Solved:
    """Under every setting: log evidence of the samples, inverse covariance K^-1, K^-1 y, and the target's variance."""

    evidence: Values
    inverse: Values
    alpha: Values
    variance: Values


def fit_transfer(
    features: Features, known_ms: Values, rows: Sequence[int], sample_ms: Sequence[float], *, seed: int = 0
) -> TransferModel:
    """Fit a new target from `sample_ms`, measured on networks `rows` of the tables.

    features: blocks of columns, networks x columns each. known_ms: networks x known targets, measured or estimated, in
    ms; the same estimates must be given for every network that is predicted later. It may have no column.
    """
    chosen, logs = np.asarray(rows, np.int64), np.log(_positive(np.asarray(sample_ms, np.float64)))
    if len(chosen) < 3 or len(chosen) != len(logs):  # noqa: PLR2004 (a constant, a slope and a residual)
        raise TransferError(f"{len(chosen)} networks with {len(logs)} latencies: measure at least three, each once")
    blocks = Blocks.of(features, _positive(known_ms))
    settings = Settings.drawn(len(blocks.columns), seed)
    solved = _solve(blocks, settings, chosen, logs - logs.mean())
    posterior = _softmax(solved.evidence + learned_prior(features, known_ms, settings, len(chosen), seed))
    return _average(blocks, settings, solved, posterior, (chosen, logs))


def learned_prior(features: Features, known_ms: Values, settings: Settings, count: int, seed: int) -> Values:
    """Log prior of every setting: how well it predicts each known target from `count` samples and the others."""
    targets = known_ms.shape[1]
    if targets < 2:  # noqa: PLR2004 (no others)
        return np.zeros(len(settings.noise))
    rng = np.random.default_rng(seed + 1)
    subset = rng.permutation(len(known_ms))[:LEARNED_FROM]
    few, logs, votes = {name: block[subset] for name, block in features.items()}, np.log(known_ms[subset]), []
    for target in range(targets):
        blocks = Blocks.of(few, np.delete(known_ms[subset], target, axis=1))
        score = np.zeros(len(settings.noise))
        for _ in range(DRAWS):
            rows = rng.permutation(len(subset))[:count]
            score -= count / 2 * np.log(_errors(blocks, settings, rows, logs[:, target])) / DRAWS
        votes.append(_softmax(score))
    return np.asarray(np.log((1 - UNLIKE) * np.mean(votes, axis=0) + UNLIKE / len(votes[0])))


def _positive(values: Values) -> Values:
    if not np.all(np.isfinite(values) & (values > 0)):
        raise TransferError("latencies must be finite and above zero: drop such rows or measure them again")
    return values


def _solve(blocks: Blocks, settings: Settings, rows: Indices, y: Values) -> Solved:
    """The scale is integrated out; the noise of a sample grows by how badly the others foretell it."""
    n, diagonal = len(rows), np.arange(len(rows))
    signal = np.einsum("sb,bij->sij", settings.shares, blocks.grams(rows)) + CONSTANT_VARIANCE
    doubt = np.ones((len(signal), n))
    for _ in range(ROUNDS):
        kernel = signal.copy()
        kernel[:, diagonal, diagonal] += settings.noise[:, None] * doubt
        inverse = np.linalg.inv(kernel)
        alpha = inverse @ y
        variance = (alpha @ y + 1e-6) / n
        surprise = alpha**2 / (inverse[:, diagonal, diagonal] * variance[:, None])
        doubt = 1 / student_weights(surprise, FREEDOM)
    evidence = -np.linalg.slogdet(kernel)[1] / 2 - n / 2 * np.log(variance)
    return Solved(evidence, inverse, alpha, variance)


def _errors(blocks: Blocks, settings: Settings, rows: Indices, logs: Values) -> Values:
    """Variance of what each setting leaves of all networks, having seen `rows`."""
    alpha = _solve(blocks, settings, rows, logs[rows] - logs[rows].mean()).alpha.T
    columns = enumerate(blocks.columns.values())
    found = sum(block @ (block[rows].T @ (alpha * settings.shares[:, i])) for i, block in columns)
    return np.asarray(np.var(logs[:, None] - found, axis=0) + 1e-8)


def _softmax(scores: Values) -> Values:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def _average(
    blocks: Blocks, settings: Settings, solved: Solved, posterior: Values, samples: tuple[Indices, Values]
) -> TransferModel:
    """Mean and covariance of the weights over the settings that are likely."""
    rows, logs = samples
    x = np.concatenate([block[rows] for block in blocks.columns.values()], axis=1)
    weights, second, intercept, noise = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])), logs.mean(), 0.0
    for number in np.flatnonzero(posterior > 1e-3 * posterior.max()):
        share, p, variance = blocks.variances(settings.shares[number]), posterior[number], solved.variance[number]
        beta, scaled = share * (x.T @ solved.alpha[number]), x * share
        weights += p * beta
        intercept += p * CONSTANT_VARIANCE * solved.alpha[number].sum()
        left = np.diag(share) - scaled.T @ solved.inverse[number] @ scaled
        second += p * (np.outer(beta, beta) + variance * left)
        noise += p * variance * settings.noise[number] * FREEDOM / (FREEDOM - 2)
    maps = np.concatenate(list(blocks.maps.values()), axis=1)
    covariance = maps @ (second - np.outer(weights, weights)) @ maps.T
    explained = dict(zip(blocks.columns, (posterior @ settings.shares).tolist(), strict=True))
    return TransferModel(blocks.center, maps @ weights, float(intercept), covariance, float(noise), explained)
