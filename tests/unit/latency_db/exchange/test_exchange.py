"""Tables and records come back from Parquet, and published rows from the database, as they went in."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from latency_db.errors import TableFormatError
from latency_db.exchange.record_file import read_records, write_records
from latency_db.exchange.table import LatencyTable, Provenance, RowKind, Scope, TableRow, read_table, write_table
from latency_db.exchange.table_records import PublishedTarget, of_records, to_records
from latency_db.records.record import Kind, RecordState, Statistic
from latency_db.storing.store import Store

AT = datetime(2026, 1, 2, tzinfo=UTC)
TABLE = LatencyTable(
    (
        TableRow("k1", RowKind.BLOCK, "phone", 1.5, 0.1, 20, {"macs": 3.0, "op": "conv"}, {"min_ms": 1.0}),
        TableRow("k1", RowKind.BLOCK, "phone", 1.6),
        TableRow("k2", RowKind.NETWORK, "board", -1.0, state=RecordState.REJECTED, reason="positive"),
    ),
    Provenance("invented", "CC0", "mean", "us", "0a1b", Scope.END_TO_END, "for a test"),
)


def test_a_table_comes_back_with_its_provenance(tmp_path):
    write_table(TABLE, tmp_path / "table.parquet")
    assert read_table(tmp_path / "table.parquet") == TABLE


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "none" / "table.parquet"

    for write, content in ((write_table, TABLE), (write_records, [])):
        with pytest.raises(FileNotFoundError) as caught:
            write(content, path)
        assert caught.value.filename == str(path)


def test_records_come_back_with_sessions_and_all_statistics(tmp_path, elsewhere, store):
    records = [
        elsewhere.record("a", 0.1),
        elsewhere.record("b", 0.2, kind=Kind.NETWORK, state=RecordState.SUSPECT),
    ]
    store.add(records)
    write_records(store.records(elsewhere.device), tmp_path / "records.parquet")
    again = Store(tmp_path / "again.db")
    again.add(read_records(tmp_path / "records.parquet"))
    assert again.records(elsewhere.device) == store.records(elsewhere.device) == records
    metadata = pq.read_schema(tmp_path / "records.parquet").metadata
    assert metadata[b"statistics"] == b'["cpu_p10_best"]'
    assert metadata[b"licences"] == b'["own"]'


def test_published_rows_are_kept_with_state_licence_and_statistic(store):
    records = list(to_records(TABLE, PublishedTarget("tflite"), AT))
    store.add(records)
    store.add(list(to_records(TABLE, PublishedTarget("tflite"), AT)))
    kept = [record for summary in store.devices() for record in store.records(summary.device)]
    assert sorted((record.signature.key, record.latency_ms) for record in kept) == [
        ("k1", 1.5),
        ("k1", 1.6),
        ("k2", -1.0),
    ]
    (rejected,) = (record for record in kept if record.latency_ms < 0)
    assert (rejected.state, rejected.reason) == (RecordState.REJECTED, "positive")
    assert {record.statistic for record in kept} == {Statistic.MEAN}
    assert {(record.session.licence, record.session.unit) for record in kept} == {("CC0", "us")}
    assert kept[0].wall.p90_ms is None


def test_records_of_summed_tables_have_the_statistic_sum():
    summed = replace(TABLE, provenance=replace(TABLE.provenance, scope=Scope.SUMMED))
    assert {record.statistic for record in to_records(summed, PublishedTarget("tflite"), AT)} == {Statistic.SUM}


def test_own_records_are_checked_with_the_statistics_of_both_clocks(elsewhere):
    (row,) = of_records(elsewhere.device, [elsewhere.record("a", 0.1)]).rows
    assert row.statistics["wall_min_ms"] == 0.1
    assert row.n == 3


@pytest.mark.parametrize(
    "write", [lambda path: path.write_text("text"), lambda path: pq.write_table(pa.table({}), path)]
)
def test_other_files_are_refused(tmp_path, write):
    write(tmp_path / "other.parquet")
    with pytest.raises(TableFormatError, match=r"other\.parquet"):
        read_table(tmp_path / "other.parquet")
