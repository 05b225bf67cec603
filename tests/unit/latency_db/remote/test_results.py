"""Results that cannot be true are refused whole, with the field named, as an error of the agent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan

import numpy as np
import pytest

from latency_db.agent.measuring_process import LEFT_OUT
from latency_db.errors import RecordError, SessionConflictError
from latency_db.records.plausibility import LONGEST_MS, SHORTEST_MS, record_faults
from latency_db.records.record import Kind, LatencyRecord, Signature, Statistic, Statistics
from latency_db.records.signatures import network_signature
from latency_db.records.wire import to_wire
from latency_db.remote.agents import Agents, Hello
from latency_db.remote.leases import Leases
from latency_db.remote.requests import Requests
from latency_db.remote.results import read_session
from latency_db.storing.known_devices import find_device
from nas.ops.notation import read_network

LEASED_AT = datetime(2026, 5, 6, tzinfo=UTC)
NETWORK = read_network("3x8x8: conv_8_k3 gap linear_4")
RUN = "a" * 32


@pytest.fixture
def sent(elsewhere):
    """A session of one record as an agent sends it."""
    record = elsewhere.record("1x1x1: id", 0.005)
    records = [to_wire(record, without=LEFT_OUT)]
    return {**to_wire(record.session, without=LEFT_OUT), "offset_s": 0.0, "records": records}


def read(sent, device):
    return read_session(sent, device, LEASED_AT, LEASED_AT + timedelta(seconds=40), "it")


def changed(value, path, new):
    """The JSON value with another one at a dotted path."""
    head, _, rest = path.partition(".")
    key = int(head) if head.isdigit() else head
    copied = dict(value) if isinstance(value, Mapping) else list(value)
    copied[key] = changed(value[key], rest, new) if rest else new
    return copied


IMPOSSIBLE = (5e-324, 0.0, -1.0, SHORTEST_MS / 2, LONGEST_MS * 2, 4.6e18, 1e300)
TIMES = ("empty_ms", "reference_ms", "records.0.latency_ms", "records.0.rounds_ms.1", "records.0.wall.min_ms")


@pytest.mark.parametrize("value", IMPOSSIBLE)
def test_no_time_of_a_run_is_shorter_than_a_tick_or_longer_than_an_hour(sent, elsewhere, value):
    for path in TIMES:
        with pytest.raises(RecordError, match=path.removeprefix("records.0.").replace(".", r"\.")):
            read(changed(sent, path, value), elsewhere.device)


def scaled(ms, *more):
    """A record whose times are all this one."""
    one = Statistics.of([ms] * 5)
    rounds = (ms, *more)
    return LatencyRecord(Signature("a", Kind.KERNEL), None, Statistic.WALL_P10_BEST, ms, rounds, one, one)


@pytest.mark.parametrize("ms", [SHORTEST_MS, 1.0, LONGEST_MS])
def test_the_bounds_themselves_are_possible(ms):
    assert list(record_faults(scaled(ms))) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("records.0.wall.min_ms", 0.0076, "wall.min_ms: 0.0076 is above p10_ms"),
        ("records.0.cpu.p99_ms", 0.004, "cpu.p90_ms.* is above p99_ms"),
        ("records.0.cpu.mean_ms", 0.004, "cpu.min_ms: .* is above mean_ms"),
        ("records.0.wall.std_ms", 1.0, "wall.std_ms: 1 is too large"),
        ("records.0.wall.std_ms", 0.0, "wall.* too far from mean_ms"),
        ("records.0.wall.std_ms", -1.0, "wall.std_ms: -1 ms is not from 0"),
        ("records.0.cpu.trimmed_mean_ms", 1e300, "cpu.trimmed_mean_ms: .* is not from 0 to an hour"),
        ("records.0.wall.n", 0, "wall.n: 0 is not a number of timings"),
        ("records.0.wall.n", 2**62, "wall.n: .* is not a number of timings"),
        ("records.0.wall.n", 4, "cpu.n: 3 timings, but wall.n is 4"),
        ("records.0.latency_ms", 0.0051, "latency_ms: 0.0051, but the best of rounds_ms is 0.005"),
        ("records.0.rounds_ms", [], "rounds_ms: it has 0 rounds"),
        ("records.0.statistic", "mean", "statistic: this device is measured by cpu_p10_best"),
        ("records.0.state", "rejected", "state: an agent sends valid or suspect"),
        ("records.0.reason", "x" * 3000, "reason: more than 2000 characters"),
        ("state", "stale", "state: an agent sends valid or suspect"),
        ("harness", "x" * 3000, "harness: more than 2000 characters"),
        ("environment", {"x": "x" * 200_000}, "environment: it has more than"),
        ("reference_drift", -0.1, "reference_drift: it is negative"),
        ("uid", "mine", "uid: it must be 32 hexadecimal digits"),
        ("unit", "s", "unit: what an agent measures is in ms"),
    ],
)
def test_what_contradicts_itself_is_refused(sent, elsewhere, path, value, told):
    assert len(read(sent, elsewhere.device)) == 1

    with pytest.raises(RecordError, match=rf"^it\.(records\.0\.)?{told}"):
        read(changed(sent, path, value), elsewhere.device)


def test_a_latency_outside_all_timings_of_its_clock_is_refused(elsewhere):
    for latency_ms in (0.5, 3.0):
        record = replace(elsewhere.record("a", 1.0), latency_ms=latency_ms, rounds_ms=(latency_ms,))

        assert [fault.split(":")[0] for fault in record_faults(record)] == ["latency_ms"]


def test_summaries_of_real_timings_are_possible():
    """Of few and of many, equal, skewed, with one far out, and of a CPU clock that did not move."""
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 10, 100, 10_000):
        for timings in (np.full(n, 0.3), rng.exponential(1e-3, n) + 1e-6, rng.normal(50, 1, n), rng.uniform(1, 2, n)):
            far = np.append(timings, 1e6)
            for rounds in (np.array_split(timings, min(n, 5)), np.array_split(far, 3)):
                wall = Statistics.of(np.concatenate(rounds))
                rounds_ms = tuple(float(np.quantile(one, 0.1)) for one in rounds if one.size)
                still = replace(Statistics.of([0.0]), n=wall.n)
                kept = (Signature("a", Kind.KERNEL), None, Statistic.WALL_P10_BEST, min(rounds_ms), rounds_ms)
                assert list(record_faults(LatencyRecord(*kept, wall=wall, cpu=still))) == []


@pytest.mark.parametrize("value", [nan, inf])
def test_what_is_not_a_number_is_refused(sent, elsewhere, value):
    for path in TIMES:
        with pytest.raises(RecordError):
            read(changed(sent, path, value), elsewhere.device)


@pytest.fixture
def batch(store, elsewhere):
    """Sends sessions as the results of a leased batch, for one network."""
    machine = "b" * 32
    offered = replace(elsewhere.device, fingerprint={**elsewhere.device.fingerprint, "machine": machine})
    agent, (name,) = Agents(store).register(Hello(machine, RUN, "pi", {}, [offered]), None)
    requests, leases = Requests(store), Leases(store)

    def complete(*sessions):
        requests.ask(find_device(store, name), [network_signature(NETWORK)], "quick", models={}, priority=0)
        return leases.complete(agent.id, leases.lease(agent.id, RUN).id, sessions, [])

    return complete


def test_one_model_twice_is_an_error_of_the_agent(store, elsewhere, batch):
    """In one session, in two of one uid, and in a session that is stored already."""
    first, second = (elsewhere.record(network_signature(NETWORK).key, ms, kind=Kind.NETWORK) for ms in (0.1, 0.2))
    both = [to_wire(record, without=LEFT_OUT) for record in (first, second)]
    session = {**to_wire(first.session, without=LEFT_OUT), "offset_s": 0.0}

    for records in (both, both[:1] * 2):
        with pytest.raises(RecordError, match="one model twice"):
            batch({**session, "records": records})
    with pytest.raises(RecordError, match="one uid twice"):
        batch({**session, "records": both[:1]}, {**session, "records": both[1:]})
    assert batch({**session, "records": both[:1]})
    with pytest.raises(SessionConflictError, match=r"holds 0\.1 ms") as refused:
        batch({**session, "records": both[1:]})

    assert refused.value.reason == RecordError.reason
    (measured,) = store.records(find_device(store, "pi-cpu-1t"))
    assert measured.latency_ms == 0.1
