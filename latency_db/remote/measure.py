"""Measuring on another machine: requests for its agent, and waiting until they are done."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from time import sleep

from latency_db.devices.device import Device
from latency_db.measuring.measure import BATCH, EFFORTS, Effort
from latency_db.records.record import Kind, LatencyRecord, RecordState, Signature
from latency_db.remote.leases import LEASE_S
from latency_db.remote.requests import Requests, too_large
from latency_db.remote.tables import RequestState
from latency_db.storing.store import Store
from nas.errors import NotMeasuredError

KERNELS_AT_ONCE = 2 * BATCH
"""Kernels requested at once: several batches, so that the agent, which polls every few seconds, always has work."""

POLL_S = 0.5
AWAY_AFTER_S = 2 * LEASE_S
"""An agent is seen when it polls and while it measures. One not seen for this long is away."""

_NAME_OF = {effort: name for name, effort in EFFORTS.items()}
_ENDED = frozenset({RequestState.DONE, RequestState.FAILED})


class Remote:
    """A device on another machine, whose agent measures.

    NotMeasuredError if there is no agent, or if it is away; the requests stay queued for it in that case.
    """

    def __init__(self, store: Store, device: Device) -> None:
        self._store, self._device, self._requests = store, device, Requests(store)

    @cached_property
    def has_agent(self) -> bool:
        """Whether an agent offers the device; it may be away."""
        return self._requests.has_agent(self._device)

    def ensure(self, wanted: Collection[Signature], effort: Effort) -> None:
        """Have those measured that have no valid record. What the device refuses is in the store afterwards."""
        known = {s for s, record in self._records(wanted).items() if record.state is RecordState.VALID}
        missing = [signature for signature in wanted if signature not in known]
        failed = self._ask(missing, effort, {})
        refused = {kind: self._store.refusals(self._device, kind) for kind in {signature.kind for signature in failed}}
        self._check({s: reason for s, reason in failed.items() if s.key not in refused[s.kind]}, missing)

    def measure(
        self, wanted: Collection[Signature], effort: Effort, models: Mapping[Signature, bytes]
    ) -> dict[Signature, LatencyRecord]:
        """Have all measured, also those with records. effort: one of EFFORTS. models: ONNX files.

        NotMeasuredError if the device does not run a model.
        """
        self._check(self._ask(wanted, effort, models), wanted)
        return self._records(wanted)

    def _ask(
        self, wanted: Collection[Signature], effort: Effort, models: Mapping[Signature, bytes]
    ) -> dict[Signature, str | None]:
        """Request all and wait; those that failed, with the reasons."""
        large = {s: reason for s in wanted if s not in models and (reason := too_large(s))}
        self._store.refuse(self._device, large)
        asked = [signature for signature in wanted if signature not in large]
        if not asked:
            return {**large}
        name = _NAME_OF[effort]
        self._requests.ask(self._device, asked, name, models=models, priority=0)
        return large | self._wait(asked, name)

    def _wait(self, wanted: Collection[Signature], effort: str) -> dict[Signature, str | None]:
        while True:
            states = self._requests.states(self._device, wanted, effort)
            if all(state in _ENDED for state, _ in states.values()):
                break
            self._check_seen()
            sleep(POLL_S)
        return {signature: reason for signature, (state, reason) in states.items() if state is RequestState.FAILED}

    def _check(self, failed: Mapping[Signature, str | None], wanted: Collection[Signature]) -> None:
        if failed:
            (signature, reason), *_ = failed.items()
            raise NotMeasuredError(
                f"device {self._device.name!r}: {len(failed)} of {len(wanted)} models could not be measured, such as "
                f"'{signature.key}': {reason}"
            )

    def _check_seen(self) -> None:
        status = self._requests.status(self._device)
        # In the future, where the clock was set back since: an agent that is there is seen again within seconds.
        if status.seen_ago_s is None or abs(status.seen_ago_s) > AWAY_AFTER_S:
            ago = "never" if status.seen_ago_s is None else f"last seen {status.seen_ago_s:.0f} s ago"
            raise NotMeasuredError(
                f"device {self._device.name!r}: the agent of {status.agent!r} is away ({ago}); start `nas agent` "
                "there. The requests stay queued for it"
            )

    def _records(self, wanted: Iterable[Signature]) -> dict[Signature, LatencyRecord]:
        keys: dict[Kind, list[str]] = {}
        for signature in wanted:
            keys.setdefault(signature.kind, []).append(signature.key)
        found = [self._store.latest(self._device, kind, of_kind) for kind, of_kind in keys.items()]
        return {record.signature: record for records in found for record in records.values()}
