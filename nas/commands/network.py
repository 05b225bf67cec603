"""`nas network`: the papers' networks, with their parameters as options."""

import inspect
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nas.faults import faults
from nas.metric import network_metrics
from nas.network import network as registry
from nas.ops import Network
from nas.ops.cost import cost_of
from nas.ops.notation import write, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model


class _Networks(click.Group):
    """One command a registered network."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(registry)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002 - click's signature
        return _command(cmd_name)


@click.group(cls=_Networks, invoke_without_command=True, subcommand_metavar="[NAME] [OPTIONS]...")
@click.option("--list", "listed", is_flag=True, help="List the networks with their parameters.")
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
@click.pass_context
def network(ctx: click.Context, listed: bool, as_json: bool) -> None:
    """Print the size and cost of a network from a paper, or write it as ONNX."""
    if ctx.invoked_subcommand:
        if listed or as_json:
            raise click.UsageError("--list takes no NAME, and --json of one network stands behind its NAME")
    elif listed or as_json:
        _print_list(as_json)
    else:
        click.echo(ctx.get_help())


def _command(name: str) -> click.Command:
    """The command of one network; UnknownNameError lists the known names."""
    model = registry.parameters(name)
    properties = model.model_json_schema()["properties"]

    def run(as_json: bool, onnx_file: Path | None, seed: int, **given: str | None) -> None:
        values = _checked(model, {field: text for field, text in given.items() if text is not None})
        net = registry.make({"name": name, **values}).expand()
        summary = _summary(name, net)
        if onnx_file:
            _write_onnx(net, onnx_file, seed)
        if as_json:
            click.echo(json.dumps(summary, indent=2))
        else:
            _print_table(summary, net)

    common = [
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
        click.Option(
            ["--onnx", "onnx_file"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the graph with random weights.",
        ),
        click.Option(["--seed"], type=click.IntRange(min=0), default=0, show_default=True, help="Of the weights."),
    ]
    own = [_option(field, schema) for field, schema in properties.items()]
    return click.Command(name, callback=run, params=[*own, *common], help=inspect.getdoc(registry[name]))


def _option(field: str, schema: Mapping[str, Any]) -> click.Option:
    kind = "|".join(map(str, schema["enum"])) if "enum" in schema else str(schema.get("type", "value")).upper()
    text = f"{schema.get('description', field)}  [default: {schema['default']}]"
    return click.Option([f"--{field.replace('_', '-')}", field], metavar=kind, help=text)


def _checked(model: type[BaseModel], given: Mapping[str, str]) -> dict[str, Any]:
    """The options as the network's parameters; a wrong one is a usage error that names its option."""
    try:
        checked = model.model_validate({field: _value(text) for field, text in given.items()})
    except ValidationError as error:
        where, said = next(faults(error, model))
        option = f"--{str(where[0]).replace('_', '-')}"
        raise click.BadParameter(said, param_hint=option) from None
    return {field: getattr(checked, field) for field in given}


def _value(text: str) -> Any:
    """A number where the text is one, the text itself otherwise."""
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    return text


def _summary(name: str, net: Network) -> dict[str, Any]:
    return {
        "name": name,
        **network_metrics(net),
        "input": list(net.input),
        "classes": cost_of(net.op, net.input)[0].channels,
        "notation": write_network(net),
    }


def _write_onnx(net: Network, path: Path, seed: int) -> None:
    data = onnx_model(net, RandomWeights(seed)).SerializeToString()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise click.FileError(str(path), hint=error.strerror or str(error)) from None


def _print_table(summary: Mapping[str, Any], net: Network) -> None:
    table = Table(title=f"{summary['name']} on {net.input}", show_footer=True)
    table.add_column("op", "total", overflow="fold")
    table.add_column("output", f"{summary['classes']} classes", no_wrap=True)
    table.add_column("params", f"{summary['params']:,}", justify="right", no_wrap=True)
    table.add_column("macs", f"{summary['macs']:,}", justify="right", no_wrap=True)
    x = net.input
    for op in net.op.ops:
        x, cost = cost_of(op, x)
        table.add_row(Text(write(op)), str(x), f"{cost.params:,}", f"{cost.macs:,}")
    console = Console()
    console.print(table)
    sizes = (summary["size_bytes"] / 1e6, summary["peak_memory_bytes"] / 1e6)
    console.print(f"{sizes[0]:.2f} MB of parameters, {sizes[1]:.2f} MB of feature maps at most (32-bit floats)")


def _print_list(as_json: bool) -> None:
    rows = []
    for name in registry:
        properties = registry.parameters(name).model_json_schema()["properties"]
        summary = _summary(name, registry.make(name).expand())
        parameters = {field: schema["default"] for field, schema in properties.items()}
        rows.append({"name": name, "parameters": parameters, "params": summary["params"], "macs": summary["macs"]})
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("network", "parameters", title="networks, at the defaults of their parameters")
    table.add_column("params", justify="right", no_wrap=True)
    table.add_column("macs", justify="right", no_wrap=True)
    for row in rows:
        settings = " ".join(f"{field}={value}" for field, value in row["parameters"].items())
        table.add_row(row["name"], settings, f"{row['params']:,}", f"{row['macs']:,}")
    Console().print(table)
