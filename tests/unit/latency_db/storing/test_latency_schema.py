import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from latency_db.errors import StoreError
from latency_db.records.record import Kind, RecordState
from latency_db.remote import tables as request_tables  # noqa: F401 - its tables belong to the schema
from latency_db.storing.schema import LAYOUT, SCHEMA
from latency_db.storing.store import Store
from latency_db.storing.tables import HEAD, metadata
from nas.jobs.ledger import Ledger

BEFORE = Path(__file__).parents[3] / "data" / "latency_layout_1.sql"


def test_the_migrated_schema_is_the_one_in_tables(latency_location):
    with Store(latency_location).reading() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": SCHEMA.version_table}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_migrated_file_has_every_key_and_index_of_tables(latency_file, tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)
    made.dispose()

    def layout(path):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%latency_version%'"
            ).fetchall()
            tables = [name for kind, name, _ in rows if kind == "table"]
            foreign = {
                table: sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})"))
                for table in tables
            }
        indexes = sorted((name, " ".join(sql.split())) for kind, name, sql in rows if kind == "index" and sql)
        return sorted(tables), foreign, indexes

    assert layout(latency_file) == layout(tmp_path / "made.db")


def test_the_newest_revision_is_the_one_in_tables():
    assert ScriptDirectory(str(SCHEMA.migrations)).get_heads() == [HEAD]


def test_ledger_and_latencies_share_a_database(empty_url, elsewhere):
    """Processes that open it at once migrate it once; ledger and latencies do not disturb each other."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store, [empty_url] * 4))
    stores[0].add([elsewhere.record("a", 0.1)])

    assert set(stores[3].latest(elsewhere.device, Kind.KERNEL)) == {"a"}
    ledger = Ledger(empty_url)
    ledger.migrate()
    ledger.check()
    ledger.close()
    assert set(Store(empty_url).values(elsewhere.device, Kind.KERNEL)) == {"a"}


def test_a_database_of_a_newer_layout_is_left_alone(latency_file):
    with closing(sqlite3.connect(latency_file)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreError, match=r"layout 99.*newer nas"):
        Store(latency_file)


def test_a_database_of_a_newer_revision_is_left_alone(latency_file):
    with Store(latency_file).writing() as connection:
        connection.exec_driver_sql("UPDATE latency_version SET version_num = '9999'")

    with pytest.raises(StoreError, match=r"9999.*newer nas.*NAS_LATENCY_DB"):
        Store(latency_file)


@pytest.fixture
def before(tmp_path):
    """A file of layout 1, as an earlier nas wrote it: a target that was renamed, a model that a session has twice."""
    path = tmp_path / "before.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BEFORE.read_text())
    return path


def test_a_file_of_the_first_layout_is_migrated_without_loss(before, elsewhere):
    def contents():
        with closing(sqlite3.connect(before)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM sample ORDER BY id")]

    kept = ("id", "signature_id", "statistic", "latency_ms", "rounds_ms", "state", "reason", "wall_p90_ms", "cpu_n")
    old = [{name: row[name] for name in kept} for row in contents()]
    store = Store(before)

    assert [{name: row[name] for name in kept} for row in contents()] == old
    (summary,) = store.devices()
    assert (summary.device.machine_id, summary.samples, summary.former_names) == (
        elsewhere.device.machine_id, 6, ("pocket",),
    )  # fmt: skip
    found = store.latest(elsewhere.device, Kind.KERNEL)
    assert found["a"].latency_ms == 0.1005
    assert (found["b"].latency_ms, found["b"].reason) == (0.3, "drifted")
    assert found["c"].session.started_at == elsewhere.session.started_at
    assert found["c"].session.environment == elsewhere.session.environment
    values = store.values(elsewhere.device, Kind.KERNEL)
    assert values["a"] == (0.1005, pytest.approx(0.0011), RecordState.VALID, 3)
    assert (values["b"].state, values["b"].sessions) == (RecordState.SUSPECT, 2)
    store.add([elsewhere.record("a", 0.1)])
    assert store.values(elsewhere.device, Kind.KERNEL)["a"].sessions == 4


def test_a_mark_becomes_the_state_of_its_sample(latency_file, elsewhere):
    """In the revision that had marks."""
    store = Store(latency_file)
    store.add([elsewhere.record("a", 0.1), elsewhere.record("b", 0.2)])
    with store.writing() as connection:
        for column in ("mark TEXT", "mark_reason TEXT", "marked_at BIGINT"):
            connection.exec_driver_sql(f"ALTER TABLE sample ADD COLUMN {column}")
        connection.exec_driver_sql("UPDATE sample SET mark = 'rejected', mark_reason = 'wrong' WHERE latency_ms = 0.1")
        connection.exec_driver_sql("UPDATE latency_version SET version_num = '0003'")

    records = {record.signature.key: record for record in Store(latency_file).records(elsewhere.device)}

    assert (records["a"].state, records["a"].reason) == (RecordState.REJECTED, "wrong")
    assert (records["b"].state, records["b"].reason) == (RecordState.VALID, None)


def test_an_earlier_nas_can_see_that_the_file_is_newer(before):
    Store(before)

    with closing(sqlite3.connect(before)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (LAYOUT,)
