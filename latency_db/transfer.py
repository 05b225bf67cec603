"""Latency on a new target from a few measured networks, helped by what known targets say of the same networks.

Bayesian linear regression of log-latency on blocks of columns (physical quantities, counts, one-hot slots, the known
targets' log-latencies), averaged over how much each block explains. Weights of the average: the evidence of the few
samples, times a prior learned by leaving each known target out. That average is the guard against negative
transfer: where the known targets do not explain the samples, their block loses its weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.errors import NasError

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

CONSTANT_VARIANCE = 100.0
SETTINGS = 120
NOISE = (0.01, 0.03, 0.1, 0.3, 1.0)  # up to as much as what there is to learn: phones are timed in whole ms
KNOWN = "known"
KNOWN_WHITE = "known, whitened"
MIN_SINGULAR = 0.01
DRAWS = 2
UNLIKE = 2 / 3  # prior belief that the known targets do not show how the new one behaves


class TransferError(NasError):
    """The samples or tables cannot be learned from."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Columns of every network, centred, each block scaled to unit mean squared length."""

    names: tuple[str, ...]
    columns: tuple[Values, ...]

    def shares(self, setting: Values) -> Values:
        """The prior variance of each column's weight."""
        return np.concatenate(
            [np.full(block.shape[1], share) for block, share in zip(self.columns, setting, strict=True)]
        )


@dataclass(frozen=True, slots=True)
class TransferModel:
    """Log-latency as a linear function of features and known log-latencies; plain numbers, no pickle.

    covariance: of the weights; noise: variance of one measurement in log space.
    """

    center: Values
    weights: Values
    intercept: float
    covariance: Values
    noise: float
    shares: dict[str, float]

    def predict(self, features: Mapping[str, Values], known_ms: Values) -> tuple[Values, Values]:
        """Latency in ms and its relative standard deviation, one per row."""
        x = _raw(features, known_ms) - self.center
        spread = np.sum((x @ self.covariance) * x, axis=1)
        return np.exp(self.intercept + x @ self.weights), np.sqrt(np.maximum(spread, 0) + self.noise)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the sha256 of its data."""
        data = {
            "center": self.center.tolist(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
            "covariance": self.covariance.tolist(),
            "noise": self.noise,
            "shares": self.shares,
        }
        return data | {"sha256": _digest(data)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "TransferModel":
        """TransferError if the data do not match their hash."""
        data = {key: value for key, value in stored.items() if key != "sha256"}
        if stored.get("sha256") != _digest(data):
            raise TransferError("the stored model does not match its hash: fit it again from its samples")
        arrays = {key: np.asarray(data[key], np.float64) for key in ("center", "weights", "covariance")}
        return cls(**arrays, intercept=data["intercept"], noise=data["noise"], shares=data["shares"])


def fit_transfer(
    features: Mapping[str, Values], known_ms: Values, rows: Sequence[int], sample_ms: Sequence[float], *, seed: int = 0
) -> TransferModel:
    """Fit a new target from `sample_ms`, measured on networks `rows` of the tables.

    features: blocks of columns, networks x columns each. known_ms: networks x known targets, measured or estimated, in
    ms; the same estimates must be given for every network that is predicted later. It may have no column.
    """
    chosen, logs = np.asarray(rows, np.int64), np.log(_positive(np.asarray(sample_ms, np.float64)))
    if len(chosen) < 3 or len(chosen) != len(logs):  # noqa: PLR2004 (a constant, a slope and a residual)
        raise TransferError(f"{len(chosen)} networks with {len(logs)} latencies: measure at least three, each once")
    known = np.log(_positive(known_ms))
    blocks, maps = _blocks(features, known)
    settings, noises = _settings(len(blocks.names), seed)
    prior = _learned_prior(features, known, len(chosen), seed) if known.shape[1] > 1 else np.zeros(len(settings))
    evidence, solved = _evaluate(blocks, settings, noises, chosen, logs)
    posterior = _softmax(evidence + prior)
    return _average(
        blocks, maps, _raw(features, known_ms).mean(0), (settings, noises, posterior, solved), (chosen, logs)
    )


def _positive(values: Values) -> Values:
    if not np.all(np.isfinite(values) & (values > 0)):
        raise TransferError("latencies must be finite and above zero: drop such rows or measure them again")
    return values


def _raw(features: Mapping[str, Values], known_ms: Values) -> Values:
    return np.concatenate([*(np.asarray(block, np.float64) for block in features.values()), np.log(known_ms)], axis=1)


def _blocks(features: Mapping[str, Values], known: Values) -> tuple[Blocks, Values]:
    """The blocks, and the matrix that maps centred raw columns to all their columns."""
    names, columns, maps, start = [], [], [], 0
    total = sum(block.shape[1] for block in features.values()) + known.shape[1]

    def add(name: str, raw: Values, mixing: Values) -> None:
        centred = (raw - raw.mean(0)) @ mixing
        scale = np.sqrt(np.mean(np.sum(centred**2, axis=1))) or 1.0
        full = np.zeros((total, mixing.shape[1]))
        full[start : start + raw.shape[1]] = mixing / scale
        names.append(name)
        columns.append(centred / scale)
        maps.append(full)

    for name, block in features.items():
        spread = block.std(0)
        add(
            name,
            block,
            np.diag(1 / np.where(spread > 0, spread, np.inf)) if name == "physical" else np.eye(block.shape[1]),
        )
        start += block.shape[1]
    if known.shape[1]:
        _, singular, axes = np.linalg.svd(known - known.mean(0), full_matrices=False)
        kept = singular > MIN_SINGULAR * singular[0]
        add(KNOWN, known, np.eye(known.shape[1]))
        add(KNOWN_WHITE, known, axes[kept].T / singular[kept])
    return Blocks(tuple(names), tuple(columns)), np.concatenate(maps, axis=1)


def _settings(blocks: int, seed: int) -> tuple[Values, Values]:
    """How variance may be divided among the blocks, and the noise beside it: each block alone, then at random."""
    rng = np.random.default_rng(seed)
    alone, noises = np.repeat(np.eye(blocks), len(NOISE), axis=0), np.tile(NOISE, blocks)
    shares = np.concatenate([alone, rng.dirichlet(np.full(blocks, 0.4), SETTINGS)])
    return shares, np.concatenate([noises, rng.choice(NOISE, SETTINGS)])


def _evaluate(
    blocks: Blocks, settings: Values, noises: Values, rows: Indices, logs: Values
) -> tuple[Values, list[tuple[Values, float]]]:
    """Log evidence of every setting, and (K^-1 y, variance of the target) under it; the scale is integrated out."""
    grams = [block[rows] @ block[rows].T for block in blocks.columns]
    y, n = logs - logs.mean(), len(rows)
    evidence, solved = np.empty(len(settings)), []
    for number, (setting, noise) in enumerate(zip(settings, noises, strict=True)):
        kernel = sum(s * g for s, g in zip(setting, grams, strict=True)) + noise * np.eye(n) + CONSTANT_VARIANCE
        factor = np.linalg.cholesky(kernel)
        alpha = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
        variance = (y @ alpha + 1e-6) / n
        evidence[number] = -np.log(np.diag(factor)).sum() - n / 2 * np.log(variance)
        solved.append((alpha, float(variance)))
    return evidence, solved


def _learned_prior(features: Mapping[str, Values], known: Values, count: int, seed: int) -> Values:
    """Log prior of every setting: how well it predicted each known target from as many samples and the others."""
    targets = known.shape[1]
    rng, votes = np.random.default_rng(seed + 1), []
    subset = rng.permutation(len(known))[:300]
    few = {name: block[subset] for name, block in features.items()}
    for target in range(targets):
        blocks, _ = _blocks(few, np.delete(known[subset], target, axis=1))
        settings, noises = _settings(len(blocks.names), seed)
        score = np.zeros(len(settings))
        for _ in range(DRAWS):
            rows = rng.permutation(len(subset))[:count]
            score -= count / 2 * np.log(_errors(blocks, settings, noises, rows, known[subset, target])) / DRAWS
        votes.append(_softmax(score))
    return np.asarray(np.log((1 - UNLIKE) * np.mean(votes, axis=0) + UNLIKE / len(votes[0])))


def _errors(blocks: Blocks, settings: Values, noises: Values, rows: Indices, logs: Values) -> Values:
    _, solved = _evaluate(blocks, settings, noises, rows, logs[rows])
    crosses = [block @ block[rows].T for block in blocks.columns]
    alphas = np.stack([alpha for alpha, _ in solved], axis=1)
    found = sum(cross @ (alphas * settings[:, i]) for i, cross in enumerate(crosses))
    return np.asarray(np.var(logs[:, None] - found, axis=0) + 1e-8)


def _softmax(scores: Values) -> Values:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def _average(
    blocks: Blocks,
    maps: Values,
    center: Values,
    mixture: tuple[Values, Values, Values, Any],
    samples: tuple[Indices, Values],
) -> TransferModel:
    settings, noises, posterior, solved = mixture
    rows, logs = samples
    x = np.concatenate([block[rows] for block in blocks.columns], axis=1)
    likely = np.flatnonzero(posterior > 1e-3 * posterior.max())
    weights, second, intercept, noise = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])), logs.mean(), 0.0
    for number in likely:
        share = blocks.shares(settings[number])
        alpha, variance = solved[number]
        kernel = (x * share) @ x.T + noises[number] * np.eye(len(rows)) + CONSTANT_VARIANCE
        beta, scaled = share * (x.T @ alpha), x * share
        p = posterior[number]
        weights += p * beta
        intercept += p * CONSTANT_VARIANCE * alpha.sum()
        second += p * (np.outer(beta, beta) + variance * (np.diag(share) - scaled.T @ np.linalg.solve(kernel, scaled)))
        noise += p * variance * noises[number]
    covariance = maps @ (second - np.outer(weights, weights)) @ maps.T
    explained = dict(zip(blocks.names, (posterior @ settings).tolist(), strict=True))
    return TransferModel(center, maps @ weights, float(intercept), covariance, float(noise), explained)


def _digest(data: Mapping[str, Any]) -> str:
    return sha256(dumps(data, sort_keys=True).encode()).hexdigest()
