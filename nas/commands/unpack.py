"""`nas unpack`: the ONNX file of a compressed file."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from nas.compressing.accounting import COLUMNS, accounts, rows
from nas.compressing.files import unpacked
from nas.container.file import read
from nas.errors import FormatError
from nas.files import write_whole


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The ONNX file; default FILE.onnx.")
@click.option("--floats", is_flag=True, help="Weights as 32-bit floats, for runtimes that do not know short integers.")
@click.option("--sparse", is_flag=True, help="Weights with many zeros as sparse tensors, where the file is smaller so.")
@click.option("--layers", is_flag=True, help="Print the table of layers as Deep Compression counts them.")
@click.option(
    "--index-bits", type=click.IntRange(1, 10), default=5, show_default=True, help="Of an index in the table."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --layers, its rows too.")
def unpack(  # noqa: PLR0917 - click passes them by name
    file: Path, out: Path | None, floats: bool, sparse: bool, layers: bool, index_bits: int, as_json: bool
) -> None:
    """Write the ONNX file that the compressed file FILE (.naz) holds."""
    target = out or file.with_suffix(".onnx")
    try:
        compressed = file.read_bytes()
        data = unpacked(compressed, as_floats=floats, sparse=sparse)
    except FormatError as error:
        raise FormatError(f"{file}: {error}") from None
    write_whole(target, data)
    table = (
        [dict(zip(COLUMNS, row, strict=True)) for row in rows(accounts(read(compressed), index_bits))] if layers else []
    )
    if as_json:
        sizes = {"file": str(target), "onnx_bytes": len(data), "size_bytes": len(compressed)}
        click.echo(json.dumps({**sizes, **({"layers": table} if layers else {})}, indent=2))
        return
    click.echo(f"{target}: {len(data):,} bytes, from {len(compressed):,}.")
    if layers:
        printed = Table(*COLUMNS, box=None, header_style="bold")
        for row in table:
            printed.add_row(*row.values())
        Console().print(printed)
