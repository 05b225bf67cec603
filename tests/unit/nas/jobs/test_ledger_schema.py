import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text

from nas.jobs.ledger import LEDGER_SCHEMA, Ledger
from nas.jobs.records import TrainingKey
from nas.jobs.tables import HEAD, metadata
from nas.sql.errors import LedgerError

DATA = Path(__file__).parents[3] / "data"


def test_the_migrated_schema_is_the_one_in_tables(ledger):
    with ledger.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrated_file_has_every_key_and_index_of_tables(sqlite_url, tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)
    made.dispose()

    def layout(path):
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'").fetchall()
        tables = [name for kind, name, _ in rows if kind == "table"]
        foreign = {t: sorted(connection.execute(f"PRAGMA foreign_key_list({t})").fetchall()) for t in tables}
        connection.close()
        indexes = sorted((name, " ".join(sql.split())) for kind, name, sql in rows if kind == "index" and sql)
        return sorted(tables), foreign, indexes

    assert layout(sqlite_url.removeprefix("sqlite:///")) == layout(tmp_path / "made.db")


def test_a_ledger_of_the_first_schema_is_upgraded_with_its_records(tmp_path):
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript((DATA / "recorded_ledger.sql").read_text(encoding="utf-8"))
    before = connection.execute("SELECT id, state FROM search ORDER BY id").fetchall()
    connection.close()
    ledger = Ledger(f"sqlite:///{path}")

    ledger.migrate()

    ledger.check()
    with ledger.database.reading() as reading:
        assert compare_metadata(MigrationContext.configure(reading), metadata) == []
    assert [(search.id, search.state) for search in sorted(ledger.searches.page(), key=lambda s: s.id)] == before
    ledger.close()


def test_the_newest_revision_is_the_one_that_check_asks_for():
    assert ScriptDirectory(str(LEDGER_SCHEMA.migrations)).get_heads() == [HEAD]


def test_processes_that_migrate_at_once_do_it_once(empty_url):
    ledgers = [Ledger(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Ledger.migrate, ledgers))
    for ledger in ledgers:
        ledger.check()
        ledger.migrate()
        ledger.close()


def test_the_ledger_knows_what_it_takes_on_disk(ledger):
    before = ledger.size_bytes()
    for number in range(500):
        ledger.trainings.put(TrainingKey(f"{number}", "data", "recipe", 0, 1), {"text": secrets.token_hex(500)})
    assert before > 0
    assert 500_000 < ledger.size_bytes() - before < 5_000_000


def test_a_ledger_without_schema_says_what_to_do(empty_url):
    ledger = Ledger(empty_url)
    with pytest.raises(LedgerError, match=r"has schema none.*nas serve"):
        ledger.check()
    ledger.close()


def test_a_ledger_of_a_newer_version_is_left_alone(empty_url):
    ledger = Ledger(empty_url)
    ledger.migrate()
    with ledger.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="9999"):
        ledger.check()
    with pytest.raises(LedgerError, match="newer nas"):
        ledger.migrate()
    ledger.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "no URL"),
        ("mysql://localhost/nas", "no database 'mysql'"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:////proc/nothing/nas.db", "/proc/nothing"),
    ],
)
def test_a_wrong_url_is_refused_with_the_remedy(url, message):
    with pytest.raises(LedgerError, match=message):
        Ledger(url)


def test_an_unreachable_server_is_an_error_of_the_ledger_without_the_password():
    ledger = Ledger("postgresql://user:secret@127.0.0.1:1/nas?connect_timeout=2")
    with pytest.raises(LedgerError, match="DATABASE_URL") as caught:
        ledger.searches.page()
    assert "secret" not in str(caught.value)
    ledger.close()


def test_a_file_that_is_no_database_is_an_error_of_the_ledger(tmp_path):
    (tmp_path / "nas.db").write_text("not a database, but long enough to be read as one" * 10)
    ledger = Ledger(f"sqlite:///{tmp_path / 'nas.db'}")
    with pytest.raises(LedgerError, match="not a database"):
        ledger.migrate()
    ledger.close()


def test_a_postgresql_ledger_that_may_only_be_read_is_an_error(postgresql_url):
    """As a standby, or a server whose operator has made it so because its disk is full."""
    read_only = make_url(postgresql_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    ledger = Ledger(read_only.render_as_string(hide_password=False))
    with pytest.raises(LedgerError, match="may only be read"):
        ledger.check()
    ledger.close()
