"""`nas space`: what a search space holds, and members of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import click

from nas.dataset import load
from nas.metric import Source, metrics, network_metrics, tabulated
from nas.ops.notation import write_network
from nas.space import Candidate
from nas.spaces import load_space
from nas.zero_cost import Sample, zero_cost, zero_cost_scores


@click.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """What a space decides, and how many answers there are.

    The size is exact: the number of ways to answer all decisions, combinations that cannot be built included.
    """
    described = load_space(name).describe()
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.echo(f"{described['name']}: {described['size']:,} members")
    for key in [key for key in described if key not in {"name", "size", "stages"}]:
        click.echo(f"  {key:<17} {_line(described[key])}")
    for number, stage in enumerate(described["stages"]):
        click.echo(f"  stage {number}: {stage['size']:,} answers")
        for key in [key for key in stage if key not in {"size", "blocks"}]:
            click.echo(f"    {key:<15} {_line(stage[key])}")
        for block in stage["blocks"]:
            click.echo(f"    {block['block']:<15} {_line(block['parameters'])}")


@click.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--count", default=1, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="The same seed gives the same members."
)
@click.option(
    "--onnx",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write each as ID.onnx, with random weights from the seed, into this folder.",
)
@click.option(
    "--zero-cost",
    "data",
    metavar="DATASET",
    help="Also score them untrained on images of this data set, such as fashion_mnist_mini.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def sample(name: str, *, count: int, seed: int, folder: Path | None, data: str | None, as_json: bool) -> None:
    """Random members of a space, each valid: notation, id, parameters and multiply-adds."""
    found, rng = load_space(name), Random(seed)
    images = load(data, seed) if data else None
    if images:
        found = found.for_images(images.channels, images.side, len(images.classes))
    scored_on = Sample.of(images, seed) if images else None
    sizes = [size.name for size in tabulated(Source.NETWORK)]
    rows = []
    for _ in range(count):
        candidate = found.sample(rng)
        rows.append(_row(candidate, sizes) | _scores(candidate, scored_on))
        if folder is not None:
            _write(candidate, folder, seed)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        shown = [f"{row[size]:>14,} {size}" for size in sizes]
        shown += [f"{metrics()[score].show(row[score]):>8} {score}" for score in zero_cost if score in row]
        click.echo(f"{row['id']}  {'  '.join(shown)}  {row['notation']}")


def _line(value: Any) -> str:
    if isinstance(value, tuple):
        return " | ".join(map(str, value))
    if isinstance(value, dict):
        return "  ".join(f"{key} {_line(options)}" for key, options in value.items())
    return str(value)


def _row(candidate: Candidate, sizes: Sequence[str]) -> dict[str, Any]:
    network = candidate.architecture.expand()
    values = network_metrics(network)
    described = {"notation": write_network(network), "id": candidate.architecture.id}
    return described | {size: values[size] for size in sizes}


def _scores(candidate: Candidate, scored_on: Sample | None) -> dict[str, float | None]:
    """All zero-cost scores; None for one that says nothing of the network."""
    if scored_on is None:
        return {}
    (found,) = zero_cost_scores([candidate.architecture.expand()], [*zero_cost], scored_on)
    return {name: found.get(name) for name in zero_cost}


def _write(candidate: Candidate, folder: Path, seed: int) -> None:
    from nas.ops.onnx_graph import RandomWeights, onnx_model  # noqa: PLC0415 - only --onnx needs numpy and onnx

    architecture = candidate.architecture
    model = onnx_model(architecture.expand(), RandomWeights(seed))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{architecture.id}.onnx").write_bytes(model.SerializeToString())
    except OSError as error:
        raise click.ClickException(f"cannot write to {folder}: {error.strerror}; name another folder") from None
