"""`nas data decoded`: the decoded images of large sets that are kept in files, with their sizes; removing them."""

import json

import click
from rich.console import Console
from rich.table import Column, Table

from nas.errors import DataError
from nas.images.decoded_sets import GIB, KEY_DIGITS, decoded_folder, decoded_sets, limit_bytes, remove


@click.group("decoded", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def decoded(context: click.Context, *, as_json: bool) -> None:
    """List the decoded images of large sets, which lie in files that all workers map.

    They are made again when they are needed.
    """
    if context.invoked_subcommand is not None:
        return
    known = decoded_sets()
    total = sum(one.bytes for one in known)
    if as_json:
        rows = [
            {"key": one.key, "first": one.first, "shape": list(one.shape), "bytes": one.bytes, "state": one.state}
            for one in known
        ]
        about = {"folder": str(decoded_folder()), "bytes": total, "limit_bytes": limit_bytes()}
        click.echo(json.dumps({**about, "sets": rows}, indent=2))
        return
    key, first = Column("key", min_width=KEY_DIGITS), Column("first picture", overflow="fold")
    table = Table(key, first, "images", "GiB", "", box=None, header_style="bold")
    for one in known:
        count, side = one.shape[:2]
        table.add_row(one.key, one.first, f"{count:,} of {side} px", f"{one.bytes / GIB:.2f}", one.state)
    console = Console()
    if known:
        console.print(table)
    console.print(
        f"{total / GIB:.2f} of {limit_bytes() / GIB:.1f} GiB (NAS_DECODED_BYTES) in {decoded_folder()}",
        highlight=False,
        soft_wrap=True,
    )


@decoded.command("remove")
@click.argument("keys", metavar="KEY...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Remove all that no process uses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def remove_decoded(keys: tuple[str, ...], *, every: bool, as_json: bool) -> None:
    """Remove decoded images by their keys, or --all. Those that a process uses stay, and are named."""
    if bool(keys) == every:
        raise click.UsageError("give keys that `nas data decoded` lists, or --all")
    sizes = {one.key: one.bytes for one in decoded_sets()}
    if unknown := [key for key in keys if key not in sizes]:
        raise DataError(f"there are no decoded images {', '.join(unknown)}; `nas data decoded` lists them")
    removed, used = [], []
    for key in sizes if every else keys:
        if not remove(key):
            used.append(key)
            continue
        removed.append({"key": key, "bytes": sizes[key]})
        if not as_json:
            click.echo(f"{key} removed, {sizes[key] / GIB:.2f} GiB")
    if as_json:
        click.echo(json.dumps({"removed": removed, "used": used}, indent=2))
    if used:
        raise DataError(f"in use, and kept: {', '.join(used)}; try again when the searches that use them have ended")
