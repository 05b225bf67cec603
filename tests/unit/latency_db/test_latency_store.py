import multiprocessing
import resource
import sqlite3
from dataclasses import replace

import pytest

from latency_db.errors import StoreError
from latency_db.records import Kind, RecordState
from latency_db.store import Store, default_path


def test_a_record_comes_back_as_it_was(store, elsewhere):
    """With all statistics, its session, environment and device."""
    record = elsewhere.record("8x4x4 conv_8", 0.25)

    store.add([record])

    assert store.latest(elsewhere.device, Kind.KERNEL) == {"8x4x4 conv_8": record}


def test_latest_is_the_newest_and_a_suspect_one_only_for_want_of_a_valid(store, elsewhere):
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
    newer = replace(elsewhere.device, fingerprint={**elsewhere.device.fingerprint, "runtime_version": "2"})

    assert store.latest(elsewhere.device, Kind.NETWORK) == {}
    assert store.latest(replace(elsewhere.device, threads=2), Kind.KERNEL) == {}
    assert store.latest(newer, Kind.KERNEL) == {}


def test_more_keys_than_one_query_takes(store, elsewhere):
    store.add([elsewhere.record(f"k{number}", 0.1) for number in range(20)])

    assert len(store.latest(elsewhere.device, Kind.KERNEL, [f"k{number}" for number in range(2000)])) == 20


def test_summary_counts(store, elsewhere):
    store.add([*elsewhere.empties(), elsewhere.record("a", 0.1), elsewhere.record("a", 0.1, state=RecordState.SUSPECT)])

    (summary,) = store.devices()

    assert (summary.device, summary.kernels, summary.networks, summary.samples) == (elsewhere.device, 1, 0, 2)
    assert (summary.sessions, summary.suspect_sessions) == (4, 1)
    assert summary.last_measured_at == elsewhere.session.started_at
    assert [session.state for session in store.sessions(elsewhere.device, 2)] == ["suspect", "valid"]


def _write(path, elsewhere, name):
    store = Store(path)
    for number in range(5):
        store.add([elsewhere.record(f"{name}-{number}", 0.1), elsewhere.record("shared", 0.1)])


def test_several_processes_write_one_new_file(tmp_path, elsewhere):
    """Every record arrives, though all of them create the file and add the same device and signature."""
    path = tmp_path / "new.db"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(path, elsewhere, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    (summary,) = Store(path).devices()
    assert (summary.samples, summary.kernels) == (30, 16)


def test_add_is_all_or_none(store, elsewhere):
    """A batch that breaks in the middle leaves nothing behind."""
    broken = replace(elsewhere.record("b", 0.2), latency_ms=None)

    with pytest.raises(StoreError, match="latency_ms"):
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


def test_a_database_of_a_newer_layout_is_left_alone(store):
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match=r"layout 99.*newer nas"):
        Store(store.path)


def _fill(path, elsewhere, answer):
    store = Store(path)
    size = path.stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        store.add([elsewhere.record(f"{number} {'x' * 200}", 0.1) for number in range(200)])
    except StoreError as error:
        answer.put(str(error))


def test_a_full_disk_is_a_clear_error_and_loses_nothing(store, elsewhere):
    store.add([elsewhere.record("a", 0.1)])
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    writer = context.Process(target=_fill, args=(store.path, elsewhere, answer))
    writer.start()

    assert "free the disk" in answer.get(timeout=30)
    writer.join()
    assert set(store.latest(elsewhere.device, Kind.KERNEL)) == {"a"}


def test_the_file_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "mine.db"))

    assert default_path() == tmp_path / "mine.db"
