"""What is known of a search before it begins: targets and limits that no network of its space keeps."""

from functools import partial

import numpy as np

from api.http.app_state import AppState
from latency_db.errors import StoreError
from nas.dataset import Outline
from nas.errors import NotMeasuredError, UnknownNameError
from nas.metric import of_devices
from nas.objective import LATENCY, objective
from nas.search.devices import given_targets_ms, with_targets
from nas.search.reach import Drawn, Values, bounds, few_networks, reach_notes
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
    latencies = of_devices(LATENCY, devices).values()
    wanted = {name: bound for name, bound in bounds(goal).items() if name not in latencies or bound < ANY_MS}
    drawn = Drawn(space, spec.seed)
    said = reach_notes(wanted, drawn, devices, partial(_latencies_ms, app, drawn))
    return [*few_networks(space, spec.max_trials), *said]


def _latencies_ms(app: AppState, drawn: Drawn, device: str) -> Values:
    """The latencies of the drawn networks; none as long as the device is not measured, which a search does itself."""
    try:
        return app.latency.drawn_latencies(device, drawn)[LATENCY]
    except (NotMeasuredError, UnknownNameError, StoreError):  # a spec can be checked without
        return np.empty(0)
