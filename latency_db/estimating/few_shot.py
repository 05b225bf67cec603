"""Few-shot estimates: of a device on which a few whole networks are measured and hardly a kernel, by what devices with
tables say of the same networks (latency_db.estimating.transfer).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latency_db.devices.device import MEASURED, Device
from latency_db.estimating.calibration import CONFIDENCE, Predictions, Values
from latency_db.estimating.features import network_features
from latency_db.estimating.predictor import Predictor
from latency_db.estimating.sample_choice import choose_samples
from latency_db.estimating.transfer import TransferModel, fit_transfer
from latency_db.robust_statistics import normal_half_width
from latency_db.storing.store import Store
from nas.ops.kernels import Kernel

FEWEST = 5
"""Whole networks that must be measured."""

WIDTH = normal_half_width(CONFIDENCE)
"""Half-width of the interval, in standard deviations."""

MOST_UNSURE = 10.0
"""Ratio of the ends of an interval, beyond which it says nothing: of a network unlike those that were measured."""

MOST_DEVICES = 4
"""Devices that are looked at, those with the largest tables: what lacks in each is interpolated, which takes time."""

Parts = Sequence[Kernel]
"""A network as its kernels."""


@dataclass(frozen=True, slots=True)
class FewShot:
    """known: the devices that are learned from, or none: then multiply-adds and sizes alone say what is to be had."""

    model: TransferModel
    known: Sequence[Predictor]

    @classmethod
    def fit(cls, measured: Sequence[tuple[Parts, float]], known: Sequence[Predictor]) -> "FewShot | None":
        """From networks with their milliseconds on the new device; None if they are too few."""
        if len(measured) < FEWEST:
            return None
        able = [predictor for predictor in known if predictor.interpolates]
        others = [parts for predictor in able for parts, _ in predictor.whole()]
        networks = [*(parts for parts, _ in measured), *others]
        sample_ms = [ms for _, ms in measured]
        model = fit_transfer(_features(networks), _known_ms(able, networks), range(len(measured)), sample_ms)
        return cls(model, able)

    def predict(self, networks: Sequence[Parts]) -> Predictions:
        """All of it is learned. How well the measurements repeat is not known."""
        with np.errstate(over="ignore", under="ignore"):  # far from what was measured
            ms, deviation = self.model.predict(_features(networks), _known_ms(self.known, networks))
            wide = np.exp(WIDTH * deviation)
            none = np.zeros_like(ms)
            return Predictions(ms, ms / wide, ms * wide, none + np.nan, none, none, none + 1)


def most_telling(networks: Sequence[Parts], known: Sequence[Predictor], count: int) -> list[int]:
    """Places of the `count` networks to measure on a new device, as they leave least to guess about all of them."""
    able = [predictor for predictor in known if predictor.interpolates]
    return choose_samples(_features(networks), _known_ms(able, networks), range(len(networks)), count)


def devices_with_tables(store: Store, device: Device) -> Iterator[Predictor]:
    """Of all devices but this one, the largest tables first."""
    summaries = sorted(store.devices(), key=lambda summary: -summary.kernels)
    others = [s.device for s in summaries if s.kernels and s.device.source == MEASURED]
    others = [other for other in others if replace(other, name=device.name) != device]
    yield from (Predictor(store, other) for other in others[:MOST_DEVICES])


def _features(networks: Sequence[Parts]) -> dict[str, Values]:
    physical = np.array([network_features(parts) for parts in networks])
    return {"macs": physical[:, :1], "physical": physical}


def _known_ms(known: Sequence[Predictor], networks: Sequence[Parts]) -> Values:
    """What the known devices say of the networks, one column each."""
    wanted = {kernel for parts in networks for kernel in parts}
    columns = []
    for predictor in known:
        predictor.lacking(wanted)  # interpolates them
        columns.append(predictor.predict(predictor.index(networks)).ms)
    return np.column_stack(columns) if columns else np.zeros((len(networks), 0))
