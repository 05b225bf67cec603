"""Networks of a folder of `nas run`: finalists with their weights, trials by their notation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.dataset import Dataset, dataset
from nas.errors import CompressionError
from nas.images.model_input import ModelInput
from nas.quantization.recipes import RECIPES
from nas.report.results import ranked, targets
from nas.spec import parse_spec
from nas.spec.images import with_size


@dataclass(frozen=True, slots=True)
class RunNetwork:
    """A network of a run. file: its exported .onnx, if it is a finalist. spec: that of the run, as JSON values."""

    notation: str
    file: Path | None
    spec: Mapping[str, Any]

    def images(self) -> Dataset:
        """The images of the run, in the run's splits: its test images were not trained on."""
        spec = parse_spec(self.spec)
        spec = with_size(spec, dataset.make(spec.dataset))
        return dataset.make(spec.dataset).load(spec.seed)


def in_run(text: str) -> RunNetwork | None:
    """The network that `FOLDER:TRIAL` means, or `FOLDER`, its best finalist; None if FOLDER is not of a run.

    CompressionError if the run has no such trial, or no finalists yet.
    """
    place, _, number = text.rpartition(":") if text.rpartition(":")[2].isdigit() else (text, "", "")
    folder = Path(place)
    if not (folder / "spec.json").is_file():
        return None
    try:
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        pareto = json.loads((folder / "pareto.json").read_text(encoding="utf-8"))
        trials = [json.loads(line) for line in (folder / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise CompressionError(f"{folder} has no results that can be read ({error}); let `nas run` end first") from None
    finalists = ranked(pareto["finalists"], targets(pareto))
    wanted = [row for row in finalists if not number or row["trial"] == int(number)]
    if wanted:
        return RunNetwork(wanted[0]["notation"], folder / _in_floats(wanted[0]["file"]), spec)
    for trial in trials:
        if number and trial["number"] == int(number):
            return RunNetwork(trial["notation"], None, spec)
    what = f"trial {number}" if number else "finalist yet"
    raise CompressionError(f"{folder} has no {what}; trials.jsonl lists its trials")


def _in_floats(file: str) -> str:
    """The name of a finalist's file with float32 input and weights, which others were made from."""
    name = file.removesuffix(".onnx")
    for made in (ModelInput.UINT8.value, *RECIPES):
        name = name.removesuffix(f"-{made}")
    return f"{name}.onnx"
