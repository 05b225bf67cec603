"""`nas unpack`: the ONNX file of a compressed file."""

from pathlib import Path

import click

from nas.compressing.files import unpacked
from nas.errors import FormatError
from nas.files import write_whole


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The ONNX file; default FILE.onnx.")
def unpack(file: Path, out: Path | None) -> None:
    """Write the ONNX file that the compressed file FILE (.naz) holds; any ONNX runtime runs it."""
    target = out or file.with_suffix(".onnx")
    try:
        data = unpacked(file.read_bytes())
    except FormatError as error:
        raise FormatError(f"{file}: {error}") from None
    write_whole(target, data)
    click.echo(f"{target}: {len(data):,} bytes, from {file.stat().st_size:,}.")
