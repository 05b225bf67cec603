"""What is known of a search before it begins: targets and limits that no network of its space keeps."""

import numpy as np
from numpy.typing import NDArray

from api.http.app_state import AppState
from latency_db.errors import StoreError
from nas.dataset import Outline
from nas.errors import NotMeasuredError, UnknownNameError
from nas.metric import of_devices
from nas.objective import LATENCY, objective
from nas.search.devices import given_targets_ms, with_targets
from nas.search.reach import bounds, drawn, few_networks, reach_notes, size_columns
from nas.space import SearchSpace
from nas.spaces import load_space
from nas.spec import SearchSpec

ANY_MS = 1e6
"""The largest target, in place of those that the search finds when it begins."""


def foreseen(spec: SearchSpec, images: Outline | None, app: AppState) -> list[str]:
    """The sentences that the search will have in its head line, as far as its devices are measured by now.

    images: of the spec, with their side; without them nothing is known.
    """
    if images is None or images.side is None:
        return []
    space = load_space(spec.space).for_images(images.channels, images.side, len(images.classes))
    devices, given = spec.device_names, given_targets_ms(spec.device_names, spec.objective)
    goal = objective.make(with_targets(devices, spec.objective, {**dict.fromkeys(devices, ANY_MS), **given}))
    wanted = bounds(goal)
    known = dict(size_columns(drawn(space, spec.seed), wanted)) if wanted else {}
    for device, name in of_devices(LATENCY, devices).items():
        if wanted.get(name, ANY_MS) < ANY_MS:
            known[name] = _latencies_ms(device, space, spec.seed, app)
    return [*few_networks(space, spec.max_trials), *reach_notes(goal, known, devices)]


def _latencies_ms(device: str, space: SearchSpace, seed: int, app: AppState) -> NDArray[np.float64]:
    """The latencies of the drawn networks; none as long as the device is not measured, which a search does itself."""
    try:
        return app.latency.drawn_latencies(device, space, seed)[LATENCY]
    except (NotMeasuredError, UnknownNameError, StoreError):  # a spec can be checked without
        return np.empty(0)
