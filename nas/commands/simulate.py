"""`nas simulate`: a search on a problem file, in simulated time."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from nas.objective import objective
from nas.pareto import Better, front
from nas.pruner import pruner
from nas.quantities import duration, percent, significant
from nas.registry import plugin_of
from nas.search.simulation import Outcome, Plan, Simulated, TrialTimes, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import TabularProblem, load_problem
from nas.tabular.scores import BUDGETS
from nas.trial import State


@click.command("simulate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--searcher", "searcher_name", default="evolution", show_default=True, help="NAME:parameter=value...")
@click.option("--pruner", "pruner_name", help="What stops trainings early: NAME:parameter=value...")
@click.option("--epochs", type=click.IntRange(min=2), default=27, show_default=True, help="Of a whole training.")
@click.option("--target", "target_ms", type=click.FloatRange(min=0, min_open=True), help="A latency limit in ms.")
@click.option("--trials", type=click.IntRange(min=1), default=100, show_default=True, help="How many.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Trainings at a time.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same search.")
@click.option(
    "--trial-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="A training's time, for a network of the median latency.",
)
@click.option("--failures", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share that fails.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate_command(
    *,
    file: Path,
    searcher_name: str,
    pruner_name: str | None,
    epochs: int,
    target_ms: float | None,
    trials: int,
    workers: int,
    seed: int,
    trial_seconds: float,
    failures: float,
    as_json: bool,
) -> None:
    """Search the networks of a problem FILE (docs/tabular.md), whose trainings take simulated time.

    Without --target for the whole front of accuracy and latency.
    """
    problem = load_problem(file)
    aim = {"name": "constrained", "target_latency_ms": target_ms} if target_ms else {"name": "pareto"}
    made = objective.make({"target_latency_ms": 1.0, **aim})
    plan = Plan(trials, workers, seed, TrialTimes(trial_seconds), failures, epochs=epochs)
    stops = None if pruner_name is None else plugin_of(pruner, pruner_name)
    simulated = simulate(problem, searcher_of(searcher_name), made, plan, stops)
    result = {
        "problem": problem.name,
        "searcher": searcher_name,
        "pruner": pruner_name,
        "epochs": simulated.epochs,
        "objective": aim,
        "seed": seed,
        **_summary(simulated, workers),
        **_scores(problem, simulated, made.limits.get("latency_ms")),
    }
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        _print(result)


def _summary(simulated: Simulated, workers: int) -> dict[str, Any]:
    states = [each.trial.state for each in simulated.ended]
    return {
        "trials": len(states),
        "failed": states.count(State.FAILED),
        "pruned": states.count(State.PRUNED),
        "refused": simulated.refused,
        "workers": workers,
        "seconds": simulated.seconds,
        "worker_seconds": simulated.worker_seconds,
    }


def _scores(problem: TabularProblem, simulated: Simulated, limit_ms: float | None) -> dict[str, Any]:
    """The scores, without regrets at targets beyond a limit, and the front."""
    outcome = Outcome(problem, simulated)
    count, targets = len(outcome.trials), problem.scores.targets
    points = list(zip(outcome.latency_ms.tolist(), outcome.accuracy.tolist(), strict=True))
    return {
        "networks": count,
        "hypervolume": {str(n): outcome.hypervolume(n) for n in sorted({*BUDGETS, count}) if n <= count},
        "regret": {
            name: outcome.regret(name, count)
            for name, target in targets.items()
            if limit_ms is None or target.latency <= limit_ms
        },
        "front": [
            {
                "latency_ms": points[i][0],
                "accuracy": points[i][1],
                "observed": float(outcome.observed[i]),
                "choices": dict(outcome.trials[i].candidate.choices),
            }
            for i in front(points, (Better.LOWER, Better.HIGHER))
        ],
    }


def _print(result: Mapping[str, Any]) -> None:
    click.echo(
        f"{result['problem']}: {result['trials']} trials by {result['searcher']}, {result['failed']} failed, "
        f"{result['refused']} refused before training; {duration(result['seconds'])} with {result['workers']} workers, "
        f"{duration(result['worker_seconds'])} of training"
    )
    if result["pruner"]:
        click.echo(f"  {result['pruned']} stopped early by {result['pruner']}; {result['epochs']} epochs in all")
    for budget, volume in result["hypervolume"].items():
        click.echo(f"  hypervolume after {budget} networks: {volume:.3f}")
    for target, regret in result["regret"].items():
        click.echo(f"  regret at target {target}: {regret:.2f} points")
    printed = Table("latency, ms", "accuracy", "observed", "choices", box=None, header_style="bold")
    for row in result["front"]:
        choices = " ".join(map(str, row["choices"].values()))
        printed.add_row(significant(row["latency_ms"]), percent(row["accuracy"]), percent(row["observed"]), choices)
    Console().print(printed)
