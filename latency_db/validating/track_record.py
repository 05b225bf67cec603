"""A device's track record: logged predictions of latencies against what was measured later."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.calibration import Predictions
from latency_db.storing.store import Store
from latency_db.validating.scores import Score


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """predicted: networks with a logged prediction. measured: how many of them were measured later. score: of these
    predictions, None if there are none.
    """

    predicted: int
    measured: int
    score: Score | None

    def plain(self) -> dict[str, Any]:
        """JSON values by their names in REST: the counts, and the fields of the score if there is one."""
        scored = asdict(self.score) if self.score else {}
        return {"foretold": self.predicted, "measured": self.measured, **scored}


def track_record(store: Store, device: Device) -> TrackRecord:
    """The track record by all predictions that were logged for the device."""
    logged = store.predictions(device)
    done = [one for one in logged if one.measured_ms is not None]
    if not done:
        return TrackRecord(len(logged), 0, None)
    rows = [
        (p.predicted_ms, p.low_ms, p.high_ms, np.nan, p.measured_share, p.interpolated_share, p.learned_share)
        for p in done
    ]
    found = Predictions(*np.array(rows, np.float64).T)
    truth = np.array([one.measured_ms for one in done], np.float64)
    return TrackRecord(len(logged), len(done), Score.of_predictions("foretold", found, truth))
