"""`nas unpack`: the ONNX file of a compressed file."""

from pathlib import Path

import click

from nas.compressing.files import unpacked
from nas.errors import FormatError
from nas.files import write_whole


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The ONNX file; default FILE.onnx.")
@click.option("--floats", is_flag=True, help="Weights as 32-bit floats, for runtimes that do not know short integers.")
def unpack(file: Path, out: Path | None, floats: bool) -> None:
    """Write the ONNX file that the compressed file FILE (.naz) holds."""
    target = out or file.with_suffix(".onnx")
    try:
        data = unpacked(file.read_bytes(), as_floats=floats)
    except FormatError as error:
        raise FormatError(f"{file}: {error}") from None
    write_whole(target, data)
    click.echo(f"{target}: {len(data):,} bytes, from {file.stat().st_size:,}.")
