"""`nas latency import`, `export` and `check`, run in this process with databases of their own."""

import json

import pytest
from click.testing import CliRunner

from latency_db.commands.exchange import check_table, export_table, import_table

TABLE = "key,phone,board\n" + "".join(f"n{number},{1 + number / 7},{2 + number / 9}\n" for number in range(20))
SOURCE = ("--source", "invented", "--licence", "CC0", "--unit", "ms", "--statistic", "mean", "--runtime", "tflite")


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE + "n20,-1,4\n")

    def run(command, *arguments, database="latency.db"):
        monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / database))
        return CliRunner().invoke(command, arguments, catch_exceptions=False)

    return run


def test_a_published_table_is_checked_imported_exported_and_imported_elsewhere(call):
    """Once, however often it is imported; a wrong row is kept as rejected."""
    for _ in range(2):
        imported = call(import_table, "table.csv", "--format", "device_columns", *SOURCE, "--json")
        rows = json.loads(imported.stdout)["rows"]
        assert (rows["rejected"], rows["valid"] + rows["suspect"]) == (1, 41)

    exported = json.loads(call(export_table, "phone@invented", "--to", "phone.parquet", "--json").stdout)
    assert exported == {"device": "phone@invented", "records": 21, "path": "phone.parquet"}
    checks = {
        finding["check"] for finding in json.loads(call(check_table, "phone.parquet", "--json").stdout)["findings"]
    }
    assert "positive" in checks

    assert "21 records" in call(import_table, "phone.parquet", database="other.db").stdout
    again = call(export_table, "phone@invented", "--to", "again.parquet", "--json", database="other.db")
    assert json.loads(again.stdout)["records"] == 21
