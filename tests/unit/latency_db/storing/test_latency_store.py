import multiprocessing
import re
import resource
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, isnan, nan

import pytest
from processes import PATIENCE_S
from sqlalchemy import text

from latency_db.errors import StoreError
from latency_db.records.consensus import Method
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)
from latency_db.storing.location import default_location
from latency_db.storing.predictions import Prediction
from latency_db.storing.store import Store
from nas.sql import database
from nas.sql.errors import ValueRefusedError


@pytest.fixture
def store(latency_location):
    """On both databases."""
    return Store(latency_location)


def estimates(store):
    with store.reading() as connection:
        rows = connection.execute(text("SELECT * FROM estimate JOIN signature ON id = signature_id")).all()
    return {row.key: row for row in rows}


def test_a_record_comes_back_as_it_was(store, elsewhere):
    """With all statistics, its session, environment and device."""
    record = elsewhere.record("8x4x4 conv_8", 0.25)

    store.add([record])

    assert store.latest(elsewhere.device, Kind.KERNEL) == {"8x4x4 conv_8": record}


def test_what_is_unknown_is_stored_as_null(store, elsewhere):
    """A published table has a mean and a count, and neither rounds nor a reference network: NULL, and not 0."""
    device = replace(elsewhere.device, source="a table", batch=8)
    session = MeasurementSession(
        device, datetime(2019, 5, 1, tzinfo=UTC), "import 1", {"commit": "abc"}, licence="MIT", unit="us"
    )
    published = LatencyRecord(
        Signature("k", Kind.KERNEL), session, Statistic.MEAN, 0.25, wall=Statistics(mean_ms=0.25, n=50)
    )

    store.add([published])

    assert store.latest(device, Kind.KERNEL) == {"k": published}
    with store.reading() as connection:
        row = connection.execute(text("SELECT * FROM sample JOIN session ON session_id = session.id")).one()
    assert (row.wall_mean_ms, row.wall_n) == (0.25, 50)
    unknown = ("wall_min_ms", "cpu_mean_ms", "cpu_n", "error_ms", "empty_ms", "reference_ms", "reference_drift")
    assert [getattr(row, name) for name in unknown] == [None] * 7
    value = store.values(device, Kind.KERNEL)["k"]
    assert (value.ms, isnan(value.spread_ms)) == (0.25, True)
    (summary,) = store.devices()
    assert (summary.device, summary.statistics, summary.licences) == (device, ("mean",), ("MIT",))


def test_published_devices_with_the_same_facts_are_different_devices(store, elsewhere):
    """Sources have few facts of their machines; measured devices are identified by theirs, whatever their names."""
    for name, latency_ms in (("phone", 1.0), ("tablet", 2.0)):
        device = replace(elsewhere.device, name=name, source="a table")
        store.add(
            [replace(elsewhere.record("k", latency_ms), session=replace(elsewhere.session, device=device, uid=name))]
        )
    store.add([elsewhere.record("k", 3.0)])

    assert [summary.device.name for summary in store.devices()] == ["phone", "tablet", "pocket"]
    assert store.latest(elsewhere.device, Kind.KERNEL)["k"].latency_ms == 3.0


def test_latest_is_the_newest_valid_record_or_else_the_newest_suspect_one(store, elsewhere):
    for key, latency_ms, state in (
        ("a", 0.1, RecordState.VALID),
        ("a", 0.2, RecordState.VALID),
        ("a", 0.3, RecordState.SUSPECT),
        ("b", 0.4, RecordState.SUSPECT),
        ("c", 0.5, RecordState.STALE),
        ("d", 0.6, RecordState.REJECTED),
    ):
        store.add([elsewhere.record(key, latency_ms, state=state)])

    found = store.latest(elsewhere.device, Kind.KERNEL, ["a", "b", "c", "d", "e"])

    assert {key: record.latency_ms for key, record in found.items()} == {"a": 0.2, "b": 0.4}


def test_devices_kinds_and_runtime_versions_are_kept_apart(store, elsewhere):
    store.add([elsewhere.record("a", 0.1)])
    device = elsewhere.device

    assert store.latest(device, Kind.NETWORK) == {}
    for other in (
        replace(device, threads=2),
        replace(device, batch=2),
        replace(device, layout="nhwc"),
        replace(device, source="a table"),
        replace(device, fingerprint={**device.fingerprint, "runtime_version": "2"}),
    ):
        assert store.latest(other, Kind.KERNEL) == store.values(other, Kind.KERNEL) == {}


def test_more_keys_than_one_query_takes(store, elsewhere):
    store.add([elsewhere.record(f"k{number}", 0.1) for number in range(20)])

    assert len(store.latest(elsewhere.device, Kind.KERNEL, [f"k{number}" for number in range(2000)])) == 20


def test_summary_counts(store, elsewhere):
    store.add([*elsewhere.empties(), elsewhere.record("a", 0.1), elsewhere.record("a", 0.1, state=RecordState.SUSPECT)])
    store.add([elsewhere.record("b", 0.1, state=RecordState.SUSPECT)])

    (summary,) = store.devices()

    assert (summary.device, summary.kernels, summary.networks, summary.samples) == (elsewhere.device, 2, 0, 3)
    assert (summary.sessions, summary.suspect_sessions) == (5, 2)
    assert summary.last_measured_at == elsewhere.session.started_at
    assert summary.states == {"valid": 1, "suspect": 1, "stale": 0, "rejected": 0}
    assert [session.state for session in store.sessions(elsewhere.device, 2)] == ["suspect", "suspect"]


# The consensus of a signature


def test_values_are_the_consensus_of_the_sessions(store, elsewhere):
    """Sessions that agree: the median; others: the fastest, which a second one has to confirm."""
    for key, latencies_ms in {
        "one": [1.0],
        "agree": [1.00, 1.01, 1.015],
        "confirmed": [1.5, 1.01, 1.0],
        "unstable": [1.5, 1.0, 1.1],
    }.items():
        for latency_ms in latencies_ms:
            store.add([elsewhere.record(key, latency_ms)])

    found = store.values(elsewhere.device, Kind.KERNEL)

    assert found["one"] == (1.0, pytest.approx(0.001), RecordState.VALID, 1)
    assert found["agree"] == (1.01, pytest.approx(0.015), RecordState.VALID, 3)
    assert found["confirmed"] == (1.0, pytest.approx(0.01), RecordState.VALID, 3)
    assert found["unstable"] == (1.0, pytest.approx(0.1), RecordState.SUSPECT, 3)
    rows = estimates(store)
    assert {key: row.method for key, row in rows.items()} == {
        "one": Method.SINGLE_SESSION,
        "agree": Method.MEDIAN_OF_SESSIONS,
        "confirmed": Method.BEST_OF_SESSIONS,
        "unstable": Method.BEST_OF_SESSIONS,
    }
    assert rows["unstable"].reason == "unstable: the two fastest of 3 sessions differ by 10.0%"
    assert rows["agree"].statistic == Statistic.CPU_P10_BEST


def test_valid_sessions_count_before_suspect_ones(store, elsewhere):
    """Those with another statistic than the newest do not count."""
    store.add([elsewhere.record("a", 0.5, state=RecordState.SUSPECT)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"][2:] == (RecordState.SUSPECT, 1)
    assert estimates(store)["a"].reason == "drifted"

    store.add([elsewhere.record("a", 1.0)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"] == (1.0, pytest.approx(0.001), RecordState.VALID, 1)

    store.add([replace(elsewhere.record("a", 2.0), statistic=Statistic.WALL_P10_BEST)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"] == (2.0, pytest.approx(0.001), RecordState.VALID, 1)
    assert estimates(store)["a"].samples == 3


def test_what_is_rejected_does_not_count_until_it_is_measured_again(store, elsewhere):
    wrong = replace(elsewhere.record("a", 0.1, state=RecordState.REJECTED), reason="a decimal point too far")
    store.add([wrong, elsewhere.record("b", 0.2)])

    assert set(store.values(elsewhere.device, Kind.KERNEL)) == set(store.latest(elsewhere.device, Kind.KERNEL)) == {"b"}
    assert (estimates(store)["a"].state, estimates(store)["a"].reason) == ("rejected", "a decimal point too far")
    store.add([elsewhere.record("a", 1.0)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"][:1] == (1.0,)


def test_what_is_stale_is_answered_with_its_state_until_it_is_measured_again(store, elsewhere):
    store.add([elsewhere.record(key, ms, state=RecordState.STALE) for key, ms in (("a", 0.1), ("b", 0.2))])

    found = store.values(elsewhere.device, Kind.KERNEL)
    assert {key: (value.ms, value.state) for key, value in found.items()} == {"a": (0.1, "stale"), "b": (0.2, "stale")}
    assert store.latest(elsewhere.device, Kind.KERNEL) == {}
    store.add([elsewhere.record("a", 1.0)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"] == (1.0, pytest.approx(0.001), "valid", 1)


def test_another_version_of_the_runtime_makes_the_old_values_stale_and_no_more(store, elsewhere):
    """Going back makes them valid again; a session that arrives late does not."""
    older, newer = (
        replace(elsewhere.device, fingerprint={**elsewhere.device.fingerprint, "runtime_version": version})
        for version in ("1.23.0", "1.24.0")
    )

    def measured(device, day):
        session = replace(
            elsewhere.session, device=device, started_at=datetime(2026, 1, day, tzinfo=UTC), uid=f"day {day}"
        )
        store.add([replace(elsewhere.record(f"k{day}", 0.1), session=session)])
        found = {key: value.state for one in (older, newer) for key, value in store.values(one, Kind.KERNEL).items()}
        return sorted(key for key, state in found.items() if state == "stale")

    assert measured(older, 2) == []
    assert measured(newer, 4) == ["k2"]
    assert measured(older, 3) == ["k2", "k3"]
    assert {summary.superseded_by: summary.states["stale"] for summary in store.devices()} == {"1.24.0": 2, None: 0}
    assert set(store.latest(older, Kind.KERNEL)) == {"k2", "k3"}
    assert measured(older, 5) == ["k4"]


# Sessions that arrive twice, and wrong values


def test_a_session_that_arrives_again_is_stored_once(store, elsewhere):
    """Whole, or with the records that were missing the first time."""
    first, second = elsewhere.record("a", 0.1), elsewhere.record("b", 0.2)
    second = replace(second, session=first.session)

    store.add([first])
    store.add([first, second])
    store.add([second, first])

    assert store.latest(elsewhere.device, Kind.KERNEL) == {"a": first, "b": second}
    (summary,) = store.devices()
    assert (summary.samples, summary.sessions) == (2, 1)


def test_one_session_does_not_measure_a_model_twice(store, elsewhere):
    first = elsewhere.record("a", 0.1)
    store.add([first])

    with pytest.raises(StoreError, match=r"holds 0\.1 ms for 'a', not 0\.2.*session of its own"):
        store.add([elsewhere.record("b", 0.1), replace(first, latency_ms=0.2)])
    other = replace(first.session, device=replace(elsewhere.device, threads=2))
    with pytest.raises(StoreError, match="belongs to another target"):
        store.add([replace(first, session=other)])

    assert store.latest(elsewhere.device, Kind.KERNEL) == {"a": first}
    assert len(store.devices()) == 1


@pytest.mark.parametrize("latency_ms", [nan, inf, 0.0, -1.0])
def test_a_latency_that_is_not_a_finite_positive_number_is_refused(store, elsewhere, latency_ms):
    """A rejected record may keep the negative number that it is rejected for."""
    with pytest.raises(ValueRefusedError, match=r"'b': .* ms is not a latency"):
        store.add([elsewhere.record("a", 0.1), replace(elsewhere.record("b", 0.1), latency_ms=latency_ms)])
    assert store.devices() == []

    store.add([replace(elsewhere.record("b", 0.1, state=RecordState.REJECTED), latency_ms=-1.0)])
    assert store.values(elsewhere.device, Kind.KERNEL) == {}


def test_a_renamed_device_keeps_its_records(store, elsewhere):
    store.add([elsewhere.record("a", 0.1)])
    renamed = replace(elsewhere.device, name="purse")
    store.add([replace(elsewhere.record("b", 0.1), session=replace(elsewhere.session, device=renamed))])

    (summary,) = store.devices()

    assert (summary.device.name, summary.former_names, summary.kernels) == ("purse", ("pocket",), 2)
    assert set(store.latest(elsewhere.device, Kind.KERNEL)) == set(store.latest(renamed, Kind.KERNEL)) == {"a", "b"}


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (lambda: datetime.now(UTC) + timedelta(hours=2), r"clock: it arrived 7\d\d\d s before it started"),
        (lambda: datetime(1970, 1, 1, tzinfo=UTC), "clock: it was at 1970-01-01"),
    ],
)
def test_a_wrong_clock_makes_a_session_suspect_but_not_its_durations(store, elsewhere, clock, reason):
    started_at = clock()
    session = replace(elsewhere.session, started_at=started_at)
    store.add([replace(elsewhere.record("a", 0.1), session=session)])

    (stored,) = store.sessions(elsewhere.device, 5)

    assert (stored.state, stored.started_at.year) == ("suspect", started_at.year)
    assert re.fullmatch(reason, stored.reason)
    assert store.values(elsewhere.device, Kind.KERNEL)["a"].state == "valid"


# Predictions


def test_predictions_are_completed_by_later_measurements(store, elsewhere):
    device = elsewhere.device
    networks = [Signature(name, Kind.NETWORK) for name in ("known", "later", "never")]
    store.add([elsewhere.record("known", 1.0, kind=Kind.NETWORK)])
    with store.writing() as connection:
        connection.execute(text("UPDATE session SET added_at = added_at - 1000"))
    predicted = [Prediction(network, 1.0, 0.9, 1.2, 0.5, 0.25, 0.25, "table") for network in networks]

    store.log_predictions(device, predicted)
    store.add([elsewhere.record("later", 1.1, kind=Kind.NETWORK), elsewhere.record("never", 3.0)])

    found = {one.signature.key: one for one in store.predictions(device)}
    assert (found["later"].measured_ms, found["later"].measured_at >= found["later"].at) == (1.1, True)
    assert found["known"].measured_ms is found["never"].measured_ms is None
    assert [replace(one, at=None, measured_ms=None, measured_at=None) for one in found.values()] == predicted


# Faults


def _write(location, elsewhere, name):
    store = Store(location)
    for number in range(5):
        store.add([elsewhere.record(f"{name}-{number}", 0.1), elsewhere.record("shared", 0.1)])


def test_several_processes_write_one_database(latency_location, elsewhere):
    """Every record arrives and counts, though all of them add the same device and signature."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(latency_location, elsewhere, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    store = Store(latency_location)
    (summary,) = store.devices()
    assert (summary.samples, summary.kernels) == (30, 16)
    assert store.values(elsewhere.device, Kind.KERNEL)["shared"].sessions == 15


def test_add_is_all_or_none(store, elsewhere):
    """A batch that breaks in the middle leaves nothing behind."""
    broken = replace(elsewhere.record("b", 0.2), session=replace(elsewhere.session, harness=None))

    with pytest.raises(StoreError, match="harness"):
        store.add([elsewhere.record("a", 0.1), broken])

    assert store.devices() == []


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "latency.db"
    path.write_bytes(b"no database, but long enough to have a header" * 100)

    with pytest.raises(StoreError, match=r"latency\.db: file is not a database.*NAS_LATENCY_DB"):
        Store(path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="NAS_LATENCY_DB"):
        Store(tmp_path / "file" / "latency.db")


def test_an_unreachable_server_is_an_error_without_the_password():
    with pytest.raises(StoreError, match="NAS_LATENCY_DB") as caught:
        Store("postgresql://user:secret@127.0.0.1:1/nas?connect_timeout=2")
    assert "secret" not in str(caught.value)


def test_a_locked_file_is_waited_for_and_then_a_clear_error(latency_file, elsewhere, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    store = Store(latency_file)
    with closing(sqlite3.connect(latency_file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="database is locked"):
            store.add([elsewhere.record("a", 0.1)])
        other.execute("ROLLBACK")

    store.add([elsewhere.record("a", 0.1)])
    assert set(store.latest(elsewhere.device, Kind.KERNEL)) == {"a"}


def _fill(path, elsewhere, answer):
    store = Store(path)
    size = path.stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        store.add([elsewhere.record(f"{number} {'x' * 200}", 0.1) for number in range(200)])
    except StoreError as error:
        answer.put(str(error))


def test_a_full_disk_is_a_clear_error_and_loses_nothing(latency_file, elsewhere):
    store = Store(latency_file)
    store.add([elsewhere.record("a", 0.1)])
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    writer = context.Process(target=_fill, args=(latency_file, elsewhere, answer))
    writer.start()

    assert "free the disk" in answer.get(timeout=PATIENCE_S)
    writer.join()
    assert set(store.latest(elsewhere.device, Kind.KERNEL)) == {"a"}


# Where it is


def test_the_location_is_from_the_environment_or_a_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("NAS_LATENCY_DB", raising=False)
    (tmp_path / "nas_latency_db").write_text("postgresql://nas:secret@db/nas\n")
    monkeypatch.setenv("NAS_SECRETS_DIR", str(tmp_path))
    assert default_location() == "postgresql://nas:secret@db/nas"

    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "mine.db"))
    assert default_location() == str(tmp_path / "mine.db")


def test_a_path_may_hold_what_a_url_may_not(tmp_path, elsewhere):
    path = tmp_path / "50 % of #1?.db"
    Store(path).add([elsewhere.record("a", 0.1)])
    assert set(Store(path).latest(elsewhere.device, Kind.KERNEL)) == {"a"}
