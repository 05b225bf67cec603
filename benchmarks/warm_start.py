"""Claim: what earlier searches save another one, and that an unrelated one costs next to nothing.

    python benchmarks/warm_start.py --pair EARLIER FILE same --pair EARLIER FILE related --seeds 20 --json OUT

EARLIER and FILE are problem files (docs/tabular.md) of one space. For each seed the searcher trains --before networks
of EARLIER; then it searches FILE twice: cold, and with what it found before. The objective is `pareto`. The third word
says what the two have in common:

- same: the accuracies. FILE is the space on a second device, and a network is not trained twice.
- related: the space. EARLIER may be another data set.
- permuted: nothing. As related, with the accuracies of EARLIER in a random order.
- negated: less than nothing. As related, with the accuracies below 1 instead: the best are the worst.

Rows have the normalised hypervolume after each number of new trainings, 0 to 100, cold and warm; at 0 the warm search
has what it took over. Rows that OUT has already are not run again.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from nas.asking.problem import Earlier
from nas.errors import NasError, SpecError
from nas.objective import objective
from nas.search.simulation import Outcome, Plan, earlier_of, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import load_problem
from row_file import Row, RowFile, add_processes, add_row_arguments, machine, parsed, say, seeds_of

BUDGETS = (0, 10, 25, 50, 100)
PARETO = {"name": "pareto", "target_latency_ms": 1.0}  # which the objective does not use
RELATIONS = ("same", "related", "permuted", "negated")
REPEATED = 40
"""Trials more than trainings that a warm search may have: networks that it knows already."""


@dataclass(frozen=True, slots=True)
class Run:
    """One row that is to be made."""

    earlier: Path
    file: Path
    relation: str
    searcher: str
    seed: int
    before: int

    @property
    def key(self) -> Row:
        return {**asdict(self), "earlier": self.earlier.stem, "file": self.file.stem}


def work(run: Run) -> Row:
    config, aim = searcher_of(run.searcher), objective.make(PARETO)
    first, second = load_problem(run.earlier), load_problem(run.file)
    if first.space.decisions() != second.space.decisions():
        raise SpecError(f"--pair: {run.earlier} and {run.file} are of different spaces")
    found = simulate(first, config, aim, Plan(run.before, seed=run.seed))
    earlier = _as_told(earlier_of(first, found, same=run.relation == "same"), run)
    plan = Plan(max(BUDGETS), seed=run.seed)
    cold = Outcome(second, simulate(second, config, aim, plan))
    begun = time.perf_counter()
    warmed = replace(plan, trials=plan.trials + REPEATED, earlier=(earlier,))
    warm = Outcome(second, simulate(second, config, aim, warmed))
    seconds = round(time.perf_counter() - begun, 3)
    volumes = {
        name: {str(budget): outcome.hypervolume(budget) for budget in BUDGETS}
        for name, outcome in (("cold", cold), ("warm", warm))
    }
    return {**run.key, **volumes, "seconds": seconds}


def _as_told(earlier: Earlier, run: Run) -> Earlier:
    accuracy = earlier.metrics["accuracy"]
    match run.relation:
        case "permuted":
            accuracy = np.random.default_rng([run.seed, 1]).permutation(accuracy)
        case "negated":
            accuracy = 1 - accuracy
    return replace(earlier, metrics={"accuracy": accuracy})


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a table in Markdown: medians over the seeds, cold and warm, and of what warm has more."""
    yield f"| earlier | file | relation | searcher | n | {' | '.join(f'HV {budget}' for budget in BUDGETS)} |"
    yield "|---" * (5 + len(BUDGETS)) + "|"
    names = ("earlier", "file", "relation", "searcher")
    for group in dict.fromkeys(tuple(row[name] for name in names) for row in rows):
        members = [row for row in rows if tuple(row[name] for name in names) == group]
        cells = []
        for budget in map(str, BUDGETS):
            cold, warm, more = (
                statistics.median(values)
                for values in (
                    [row["cold"][budget] for row in members],
                    [row["warm"][budget] for row in members],
                    [row["warm"][budget] - row["cold"][budget] for row in members],
                )
            )
            cells.append(f"{cold:.3f} → {warm:.3f} ({more:+.3f})")
        yield f"| {' | '.join(group)} | {len(members)} | {' | '.join(cells)} |"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", nargs=3, action="append", required=True, metavar=("EARLIER", "FILE", "RELATION"))
    parser.add_argument("--searchers", default="auto", help="names, with commas between them")
    parser.add_argument("--before", type=int, default=200, help="trainings of the earlier search")
    add_row_arguments(parser)
    add_processes(parser)
    arguments = parsed(parser, given)
    for *_, relation in arguments.pair:
        if relation not in RELATIONS:
            parser.error(f"--pair: {relation} is none of {', '.join(RELATIONS)}")
    return arguments


def main(given: Sequence[str] | None = None) -> None:
    arguments = arguments_of(given)
    kept = RowFile(arguments.json)
    wanted = [
        Run(Path(earlier), Path(file), relation, name, seed, arguments.before)
        for earlier, file, relation in arguments.pair
        for name in arguments.searchers.split(",")
        for seed in seeds_of(arguments)
    ]
    missing = [run for run in wanted if not kept.has(run.key)]
    print(f"{len(missing)} of {len(wanted)} rows to make; {machine()}", flush=True)
    for row in kept.make(missing, work, arguments.processes):
        say(f"{row['earlier']}  {row['file']}  {row['relation']}  seed {row['seed']}")
    for line in table(kept.rows):
        print(line)


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
