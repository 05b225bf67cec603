"""Networks as inputs of a surrogate: their decisions, and what is known of them without training."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from nas.asking.codes import Codes
from nas.decision import Decision
from nas.surrogates.kernel import Layout, Values
from nas.trial import Columns

SAME = 0.9995
"""Correlation from which two columns say the same: one of them is an input."""


class NetworkInputs:
    """Turns n networks into inputs [n, C], as far as a sample of their space tells them apart.

    Decisions are one-hot, with zeros where they are not asked; each has a length scale. What is known without training
    is standardised, in logarithms where it is positive in all of the sample; predictions of the metric itself have a
    variance of slopes of their own.
    """

    def __init__(
        self, decisions: Sequence[Decision], codes: Codes, columns: Columns, predictions: Collection[str] = ()
    ) -> None:
        """codes and columns: of the sample, without rows that are NaN. predictions: the columns that are some."""
        options = [len(decision.options) for decision in decisions]
        self._decision = np.repeat(np.arange(len(options)), options)
        self._option = np.concatenate([np.arange(count) for count in options] or [np.zeros(0, int)])
        self._centre = np.zeros(len(self._option))
        self._centre = self._one_hot(codes).mean(axis=0)
        self._logs = {name: name not in predictions and bool((values > 0).all()) for name, values in columns.items()}
        raw = {name: self._raw(name, values) for name, values in columns.items()}
        self.names = _distinct(raw)
        self._moments = {name: (float(raw[name].mean()), float(raw[name].std())) for name in self.names}
        features = np.arange(len(self.names))
        scale_of = np.concatenate([self._decision, len(options) + features])
        groups = [2 if name in predictions else 1 for name in self.names]
        slope_of = np.concatenate([np.zeros(len(self._option), int), np.array(groups, int)])
        self.layout = Layout(scale_of, slope_of)

    def __call__(self, codes: Codes, columns: Columns) -> Values:
        """[n, C] of codes [n, decisions] and the columns that the sample had, none of them NaN."""
        return np.concatenate([self._one_hot(codes) / np.sqrt(2), self.standardised(columns, len(codes))], axis=1)

    def standardised(self, columns: Columns, rows: int) -> Values:
        """[rows, features] known columns, with mean 0 and standard deviation 1 in the sample."""
        found = np.zeros((rows, len(self.names)))
        for place, name in enumerate(self.names):
            mean, deviation = self._moments[name]
            found[:, place] = (self._raw(name, columns[name]) - mean) / deviation
        return found

    def _one_hot(self, codes: Codes) -> Values:
        return np.asarray((codes[:, self._decision] == self._option) - self._centre)

    def _raw(self, name: str, values: Values) -> Values:
        return np.log(np.maximum(values, np.finfo(float).tiny)) if self._logs[name] else values


def _distinct(raw: Columns) -> list[str]:
    """The columns that vary, without those that follow from an earlier one."""
    kept: list[str] = []
    standard: list[NDArray[np.float64]] = []
    for name, values in raw.items():
        deviation = float(values.std())
        if deviation <= 1e-9 * (1 + abs(float(values.mean()))):
            continue
        z = (values - values.mean()) / deviation
        if all(abs(float(np.mean(z * other))) < SAME for other in standard):
            kept.append(name)
            standard.append(z)
    return kept
