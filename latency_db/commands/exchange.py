"""`nas latency import|export|check`: tables of latencies in and out, and their errors."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from latency_db.devices.device import Device
from latency_db.exchange.importer import Origin, importer
from latency_db.exchange.parquet import file_format
from latency_db.exchange.record_file import FORMAT, read_records, write_records
from latency_db.exchange.table import LatencyTable, read_table, write_table
from latency_db.exchange.table_records import PublishedTarget, of_records, to_records
from latency_db.quality.check import Verdict, inspect
from latency_db.records.record import LatencyRecord, RecordState
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.errors import NotMeasuredError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--format", "format_name", help="Of a published table, such as ofa_yaml; a file of nas needs none.")
@click.option("--source", help="Source of the published table.")
@click.option("--licence", help="Licence of the published table.")
@click.option("--unit", help="Unit of its latencies: ns, us, ms or s.")
@click.option("--statistic", help="Statistic of its latencies: mean, median, minimum, p90, sum or unknown.")
@click.option("--runtime", help="Runtime that ran the networks.")
@click.option("--device", "device_name", help="Device that was measured, for formats that name none.")
@click.option("--commit", help="Commit of the source.")
@click.option("--precision", default="fp32", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--table", "kept", type=click.Path(path_type=Path), help="Also write the checked table to this Parquet file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_table(*, file: Path, format_name: str | None, as_json: bool, **given: Any) -> None:
    """Add the latencies in FILE to the database: an export of nas, or a published table.

    Every row of a published table is checked first, and stored with its state: valid, suspect or rejected, and why.
    """
    if format_name is None:
        _import_export(file, as_json=as_json)
        return
    missing = [f"--{name}" for name in ("source", "licence", "unit", "statistic", "runtime") if given[name] is None]
    if missing:
        raise click.UsageError(f"a published table needs {', '.join(missing)}")
    verdict = _import_published(file, format_name, given)
    _print(verdict, as_json=as_json)


@click.command("export")
@click.argument("device")
@click.option("--to", "path", required=True, type=click.Path(path_type=Path), help="The Parquet file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export_table(device: str, path: Path, *, as_json: bool) -> None:
    """Write all records of DEVICE, with their sessions and all statistics, to one Parquet file."""
    _, records = _records(device)
    if not records:
        raise NotMeasuredError(f"{device} has no records; `nas device measure {device} --space SPACE` measures some")
    write_records(records, path)
    result = {"device": device, "records": len(records), "path": str(path)}
    click.echo(json.dumps(result) if as_json else f"{len(records)} records written to {path}")


@click.command("check")
@click.argument("what", metavar="DEVICE|FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_table(what: str, *, as_json: bool) -> None:
    """Say what is wrong with the latencies of DEVICE, or in a Parquet FILE that nas wrote. Nothing is changed."""
    path = Path(what)
    table = _of_file(path) if path.is_file() else of_records(*_records(what))
    _print(inspect(table), as_json=as_json)


def _of_file(path: Path) -> LatencyTable:
    if file_format(path) != FORMAT:
        return read_table(path)
    records = read_records(path)
    return of_records(records[0].session.device, records)


def _records(name: str) -> tuple[Device, list[LatencyRecord]]:
    store = Store()
    device = find_device(store, name)
    return device, store.records(device)


def _import_export(file: Path, *, as_json: bool) -> None:
    records = read_records(file)
    Store().add(records)
    click.echo(json.dumps({"records": len(records)}) if as_json else f"{len(records)} records of {file} are stored")


def _import_published(file: Path, format_name: str, given: dict[str, Any]) -> Verdict:
    described = {name: given[name] for name in ("source", "licence", "unit", "statistic", "commit")}
    origin = Origin(**described, device=given["device_name"])
    verdict = inspect(importer.make(format_name).read(file, origin))
    target = PublishedTarget(
        given["runtime"], precision=given["precision"], threads=given["threads"], batch=given["batch"]
    )
    Store().add(list(to_records(verdict.table, target, datetime.now(UTC))))
    if given["kept"]:
        write_table(verdict.table, given["kept"])
    return verdict


def _print(verdict: Verdict, *, as_json: bool) -> None:
    counts = {state.value: verdict.count(state) for state in RecordState}
    if as_json:
        findings = [asdict(finding) | {"rows": len(finding.rows)} for finding in verdict.findings]
        click.echo(json.dumps({"rows": counts, "findings": findings}, indent=2))
        return
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no rows")
    for finding in verdict.findings:
        click.echo(f"{finding.severity.value:8} {finding.check:15} {', '.join(finding.devices[:3])}: {finding.message}")
