"""`nas compress`: a trained network as a smaller file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from nas.command_line.option_types import Bytes
from nas.compressing.bits import accuracy_on_bits
from nas.compressing.compressed import Compressed, compressed
from nas.compressing.files import unpacked
from nas.compressing.plan import Plan, plan
from nas.compressing.run_folder import in_run
from nas.compressing.source import begin, content_of, teacher_in
from nas.compression.bench import Bench
from nas.compression.device_latencies import TargetDevice
from nas.compression.on_device import measured_on, on_device
from nas.compression.presets import PRESETS
from nas.dataset import Dataset, load
from nas.files import write_whole
from nas.quantization.qdq import is_quantised
from nas.quantization.timing import latencies_ms
from nas.trial import Metrics


@click.command()
@click.argument("model")
@click.option(
    "--preset",
    default="deep-compression",
    show_default=True,
    help=f"{', '.join(PRESETS)}, or a .yaml file of your own.",
)
@click.option(
    "--dataset", "data", help="Images to train and test on: a name, or folder:PATH.  [default: those of the run]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@click.option("--epochs", type=click.IntRange(min=1), help="Of each training, in place of the plan's; for a first try.")
@click.option("--max-bytes", type=Bytes(), help="Of the compressed file, as 100k; with --preset mixed.")
@click.option(
    "--teacher",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A larger network as an ONNX file that nas exported, whose scores trainings follow.  [default: MODEL itself]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and batches.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def compress(  # noqa: PLR0917 - click passes them by name
    model: str,
    preset: str,
    data: str | None,
    out: Path,
    epochs: int | None,
    max_bytes: int | None,
    teacher: Path | None,
    seed: int,
    device: str,
    as_json: bool,
    max_latency_ms: float | None = None,
    target: TargetDevice | None = None,
) -> None:
    """Make MODEL smaller. workers.commands.compress is the command that users have, and says the rest."""
    chosen = plan(preset)
    model, given = _found(model, chosen, data, seed)
    if max_bytes:
        chosen = chosen.within(max_bytes)
    if max_latency_ms:
        chosen = chosen.at_most(max_latency_ms)
    _check_target(chosen, target)
    if epochs:
        chosen = chosen.lasting(epochs)
    console = Console(stderr=True)

    def say(stage: str, epoch: int, metrics: Metrics) -> None:
        console.print(f"{stage}, epoch {epoch}: validation accuracy {metrics['accuracy']:.2%}", highlight=False)

    out.mkdir(parents=True, exist_ok=True)
    state = out / "state"
    bench = Bench(given, seed, lambda epoch, metrics: say("training", epoch, metrics), state / "training", device)
    start, images = begin(model, content_of(Path(model)) if model.endswith(".onnx") else None, chosen, bench)
    followed = teacher_in(teacher, start, given, images) if teacher else None
    made = compressed(
        start,
        chosen.stages,
        dataset=images,
        seed=seed,
        folder=state,
        listener=say,
        device=device,
        teacher=followed,
        target=target,
    )
    report = _report(made, images)
    if target:
        report["on_device"] = measured_on(target, made.onnx)
    made.write(out)
    write_whole(out / "report.json", json.dumps(report, indent=2))
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _print(report, out)


def _check_target(chosen: Plan, target: TargetDevice | None) -> None:
    """UsageError unless the plan is for a latency where a device is given, and only there."""
    if (target is None) != (chosen.max_latency_ms is None):
        raise click.UsageError("--max-latency-ms and --latency-device go together; `nas device list` shows devices")


def _found(model: str, chosen: Plan, data: str | None, seed: int) -> tuple[str, Dataset]:
    """The file or the notation that MODEL means, and the images."""
    of_run = in_run(model)
    if data is None and of_run is None:
        raise click.UsageError("--dataset: say on which images to train and test; only a MODEL of a run has its own")
    if of_run:
        model = of_run.notation if of_run.file is None or chosen.training is None else str(of_run.file)
    return model, of_run.images() if of_run and data is None else load(data or "", seed)


def _report(made: Compressed, images: Dataset) -> dict[str, Any]:
    """The report of a compression, with what the file does on this machine."""
    report = dict(made.report)
    on_bits = accuracy_on_bits(made.file, images)
    if on_bits is not None:
        report["test_accuracy_on_bits"] = on_bits
    if is_quantised(made.onnx):
        floats = unpacked(made.file, as_floats=True)
        report["latency_ms"] = latencies_ms({"fp32": floats, "integers": made.onnx})
    return report


def _print(report: Mapping[str, Any], out: Path) -> None:
    table = Table("stage", box=None, header_style="bold")
    for heading in ("validation", "bytes", "header", "weights", "biases", "time"):
        table.add_column(heading, justify="right")
    for stage in report["stages"]:
        sizes = (f"{stage['sizes'][part]:,}" for part in ("header", "weights", "biases"))
        row = (f"{stage['accuracy']:.2%}", f"{stage['size_bytes']:,}", *sizes, f"{stage['seconds']:.0f} s")
        table.add_row(stage["name"], *row)
    console = Console()
    console.print(table)
    if any(stage["notes"].get("sensitivities") for stage in report["stages"]):
        console.print(_layers(report["stages"][-1]["layers"]))
    console.print(
        f"{out / 'model.naz'}: {report['size_bytes']:,} bytes, {report['ratio']:.1f} times smaller than in fp32.\n"
        f"Test accuracy {report['test_accuracy']:.2%}, before {report['test_accuracy_before']:.2%}.",
        highlight=False,
    )
    if "latency_ms" in report:
        floats, integers = (report["latency_ms"][name] for name in ("fp32", "integers"))
        console.print(
            f"On one thread of this machine {integers:.3g} ms an image in ONNX Runtime, {floats:.3g} ms in fp32.",
            highlight=False,
        )
    if "on_device" in report:
        console.print(on_device(report), highlight=False)
    if "test_accuracy_on_bits" in report:
        console.print(f"On packed bits {report['test_accuracy_on_bits']:.2%}.", highlight=False)


def _layers(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("layer", box=None, header_style="bold")
    for heading in ("weights", "density", "bits", "bytes"):
        table.add_column(heading, justify="right")
    for row in rows:
        bits = str(row["bits"] or "floats")
        table.add_row(row["layer"], f"{row['weights']:,}", f"{row['density']:.0%}", bits, f"{row['size_bytes']:,}")
    return table
