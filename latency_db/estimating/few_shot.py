"""Few-shot prediction for a device on which a few whole networks are measured but hardly a kernel: from their sizes,
and from the latencies that other devices with measured kernels predict for the same networks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.calibration import CONFIDENCE, Predictions
from latency_db.estimating.features import network_features
from latency_db.estimating.predictor import Predictor
from latency_db.estimating.sample_choice import choose_samples
from latency_db.estimating.transfer import TransferModel, fit_transfer
from latency_db.robust_statistics import Values, normal_half_width
from latency_db.storing.latencies import Latencies
from nas.ops.kernels import Kernel

MIN_NETWORKS = 5
"""Whole networks that must be measured on the device."""

HALF_WIDTH = normal_half_width(CONFIDENCE)
"""Half-width of the interval, in standard deviations."""

MAX_DEVICES = 4
"""Latencies are predicted from this many other devices at most: interpolating their missing kernels takes time."""

Kernels = Sequence[Kernel]
"""A network as its kernels."""


@dataclass(frozen=True, slots=True)
class FewShotModel:
    """A model of one device. known: the other devices that it predicts from; if there are none, only sizes count."""

    model: TransferModel
    known: Sequence[Predictor]

    @classmethod
    def fit(cls, measured: Sequence[tuple[Kernels, float]], known: Sequence[Predictor]) -> "FewShotModel | None":
        """Fit to networks with their ms on the device, and to other devices; None for fewer than MIN_NETWORKS."""
        if len(measured) < MIN_NETWORKS:
            return None
        able = [predictor for predictor in known if predictor.can_interpolate]
        others = [parts for predictor in able for parts, _ in predictor.measured_networks()]
        networks = [*(parts for parts, _ in measured), *others]
        sample_ms = [ms for _, ms in measured]
        model = fit_transfer(_groups(_physical(networks)), _known_ms(able, networks), range(len(measured)), sample_ms)
        return cls(model, able)

    def predict(self, networks: Sequence[Kernels]) -> Predictions:
        """Latencies of networks. All of each counts as learned, and error_ms is unknown (nan)."""
        return self.predict_sums(_physical(networks), _known_ms(self.known, networks))

    def predict_sums(self, physical: Values, known_ms: Values) -> Predictions:
        """As predict, by the networks' features [n, 4] of latency_db.estimating.features.network_features and by the
        milliseconds [n, devices] that the known devices predict.
        """
        with np.errstate(over="ignore", under="ignore"):  # for networks far from the measured ones
            ms, deviation = self.model.predict(_groups(physical), known_ms)
            wide = np.exp(HALF_WIDTH * deviation)
            zero = np.zeros_like(ms)
            return Predictions(ms, ms / wide, ms * wide, zero + np.nan, zero, zero, zero + 1)


def select_networks(networks: Sequence[Kernels], known: Sequence[Predictor], count: int) -> list[int]:
    """Indices of the `count` networks whose measurement on a new device predicts all of them best."""
    able = [predictor for predictor in known if predictor.can_interpolate]
    return choose_samples(_groups(_physical(networks)), _known_ms(able, networks), range(len(networks)), count)


def devices_with_tables(store: Latencies, device: Device) -> list[Device]:
    """The other devices that latencies are predicted from."""
    return [other for other in store.with_tables() if replace(other, name=device.name) != device][:MAX_DEVICES]


def predictors_with_tables(store: Latencies, device: Device) -> Iterator[Predictor]:
    """Predictors of devices_with_tables."""
    yield from (Predictor(store, other) for other in devices_with_tables(store, device))


def _physical(networks: Sequence[Kernels]) -> Values:
    return np.array([network_features(parts) for parts in networks])


def _groups(physical: Values) -> dict[str, Values]:
    """Column groups for the transfer model, [networks, columns] each."""
    return {"macs": physical[:, :1], "physical": physical}


def _known_ms(known: Sequence[Predictor], networks: Sequence[Kernels]) -> Values:
    """Milliseconds that the known devices predict, [networks, devices]."""
    wanted = {kernel for parts in networks for kernel in parts}
    columns = []
    for predictor in known:
        predictor.resolve(wanted)
        columns.append(predictor.predict(predictor.index(networks)).ms)
    return np.column_stack(columns) if columns else np.zeros((len(networks), 0))
