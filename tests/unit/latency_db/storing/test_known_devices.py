from dataclasses import replace
from datetime import UTC, datetime

import pytest
from small_spaces import tiny_space

from latency_db.commands.shown import lines
from latency_db.devices.local import local_device
from latency_db.profiling.coverage import table_coverage
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.records.record import RecordState
from latency_db.records.signatures import context_signature, kernel_signature
from latency_db.storing.known_devices import find_device, known_devices, targets_by_name
from latency_db.validating.device_rows import device_row, device_rows
from nas.errors import UnknownNameError
from nas.spaces import load_space

SPACE = tiny_space(layers=1, width=[8, 16])


def on(elsewhere, key, *, day=1, version="1.23.0", name="pocket", device=None):
    """A record of another version of the runtime, or of any device."""
    fingerprint = {**elsewhere.device.fingerprint, "runtime_version": version}
    device = device or replace(elsewhere.device, name=name, fingerprint=fingerprint)
    started_at = datetime(2026, 1, day, tzinfo=UTC)
    record = elsewhere.record(key, 0.1)
    return replace(record, session=replace(record.session, device=device, started_at=started_at))


def test_the_versions_of_a_runtime_are_targets_of_one_device(store, elsewhere):
    """The counts are those of the version that the machine has now; the others are listed, stale."""
    wrong = replace(on(elsewhere, "b"), state=RecordState.REJECTED, reason="wrong")
    store.add([on(elsewhere, "a"), wrong, on(elsewhere, "a", day=2, version="1.24.0")])
    name = f"pocket@{elsewhere.device.machine_id}"

    row = device_row(store, name)

    assert find_device(store, name).runtime_version == row["runtime_version"] == "1.24.0"
    assert (row["kernels"], row["sessions"]) == (1, 1)
    old, new = row["targets"]
    assert (old["runtime_version"], old["valid"], old["stale"], old["rejected"]) == ("1.23.0", 0, 1, 1)
    assert old["stale_because"] == "the machine has onnxruntime_cpu 1.24.0 now"
    assert (new["runtime_version"], new["valid"], new["stale"], new["stale_because"]) == ("1.24.0", 1, 0, None)
    assert new["last_measured_at"] == "2026-01-02T00:00:00+00:00"
    assert new["statistics"] == ["cpu_p10_best"]


def test_what_this_machine_measured_with_an_older_runtime_is_stale_before_it_measures_again(store, elsewhere):
    local = local_device("local-cpu-1t")
    older = replace(local, fingerprint={**local.fingerprint, "runtime_version": "0.1"})
    store.add([on(elsewhere, "a", device=older)])

    rows = {row["name"]: row for row in device_rows(store)}

    assert (rows["local-cpu-1t"]["kernels"], rows["local-cpu-1t"]["last_measured_at"]) == (0, None)
    (target,) = rows["local-cpu-1t"]["targets"]
    assert (target["valid"], target["stale"]) == (0, 1)
    assert target["stale_because"].endswith(f"{local.runtime_version} now")


def test_a_published_device_is_named_with_its_source(store, elsewhere):
    published = replace(elsewhere.device, source="a table")
    record = on(elsewhere, "a", device=published)
    store.add([replace(record, session=replace(record.session, licence="MIT")), on(elsewhere, "b")])

    known = set(known_devices(targets_by_name(store.devices())))
    assert {"pocket@a table", f"pocket@{elsewhere.device.machine_id}"} < known
    row = device_row(store, "pocket@a table")
    assert (row["targets"][0]["source"], row["targets"][0]["licences"]) == ("a table", ["MIT"])


def test_show_prints_the_facts_in_lines(store, elsewhere):
    """Also of renamed devices, and of sessions without numbers."""
    bare = replace(elsewhere.session, empty_ms=None, reference_drift=None, state=RecordState.SUSPECT, reason="hot")
    store.add([on(elsewhere, "a", name="purse"), replace(elsewhere.record("b", 0.1), session=bare)])

    text = "\n".join(lines(device_row(store, f"pocket@{elsewhere.device.machine_id}")))

    assert "former names       purse" in text
    assert "target onnxruntime_cpu 1.23.0 fp32, 1 threads, batch 1, nchw, measured: 2 valid, 0 suspect" in text
    assert "suspect (hot), reference, ms 0.0500" in text
    assert "session 2026-01-01T00:00:00+00:00: valid, empty run, ms 0.0020, reference, ms 0.0500, drift 1.0%" in text


def test_coverage_is_the_share_of_uses_that_are_measured(store, elsewhere):
    space = load_space(SPACE)
    frequencies = kernel_frequencies(space)
    often = [kernel for kernel, frequency in frequencies.items() if frequency == 1]
    keys = {signature(kernel).key for kernel in often for signature in (kernel_signature, context_signature)}
    store.add([elsewhere.record(key, 0.1) for key in keys])

    found = table_coverage(store, elsewhere.device, space)

    assert (found.space, found.kernels, found.measured) == ("tiny", len(frequencies), len(often))
    assert found.coverage == pytest.approx(len(often) / sum(frequencies.values()))
    assert 0 < found.coverage < 1


def test_an_unknown_device_lists_the_known_ones(store):
    with pytest.raises(UnknownNameError, match="local-cpu-1t"):
        device_row(store, "toaster")
