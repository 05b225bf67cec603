"""Files of runtimes that do not read ONNX: each model is converted once, in another process, and the file kept."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from latency_db.errors import MeasurementError
from nas.machine.folders import cache_folder

_REPORTED_LINES = 3


def converted_file(model: bytes, suffix: str, version: str, convert: Callable[[Path, Path], None]) -> Path:
    """The file that convert(model file, target file) writes for an ONNX model, now or at an earlier call.

    suffix: of the file. version: of the converter; another version converts again. MeasurementError if the file
    cannot be written.
    """
    folder = cache_folder() / "converted" / f"{suffix.removeprefix('.')}-{version}"
    file = folder / f"{hashlib.sha256(model).hexdigest()}{suffix}"
    if file.exists():
        return file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            source, target = Path(place, "model.onnx"), Path(place, f"model{suffix}")
            source.write_bytes(model)
            convert(source, target)
            target.replace(file)
    except OSError as error:
        raise MeasurementError(
            f"cannot keep a converted model in {folder}: {error}; set NAS_CACHE_DIR to a folder with free space"
        ) from None
    return file


class _Converter:
    """A process that has imported a converter, which takes longer than a conversion, and waits for models."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process

    def convert(self, source: Path, target: Path) -> None:
        if self._process is None or self._process.poll() is not None:
            self._log.truncate(0)
            command = [sys.executable, "-m", "latency_db.devices.converters", self._name]
            self._process = subprocess.Popen(  # noqa: S603 - this program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
            )
        answer = _answer(self._process, f"{source}\t{target}\n")
        if answer != "done\n":
            self._process.communicate()
            self._log.seek(0)
            report = self._log.read().strip().splitlines()[-_REPORTED_LINES:]
            raise MeasurementError(f"the model cannot be converted for {self._name}: {' / '.join(report)}")


def _answer(process: "subprocess.Popen[str]", question: str) -> str:
    """The process' answer to a line; empty if it has ended."""
    if process.stdin is None or process.stdout is None:
        return ""
    try:
        process.stdin.write(question)
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()


@cache
def converter_process(name: str) -> Callable[[Path, Path], None]:
    """`convert` of the converter of that name, run in a process that ends with this one."""
    return _Converter(name).convert
