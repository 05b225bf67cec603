"""An answer as lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from nas.quantities import milliseconds, percent
from nas.statistics.proportions import bracketed


def lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """answer: as Answer.describe has it; its winner may have an architecture_id and a notation beside."""
    winner, target = answer["winner"], milliseconds(answer["target_latency_ms"])
    place = f"on {answer['device']} with a target of {target}"
    if winner is None:
        yield f"No winner {place}."
    else:
        yield f"trial {winner['trial']} wins {place}: {_accuracy(winner)}, {_latency(winner)}"
        yield from (winner[name] for name in ("architecture_id", "notation") if name in winner)
    if answer["networks"]:
        yield (
            f"Among {answer['networks']} trained networks, {answer['within']} of them within the target, by the "
            f"objective `{answer['objective']}`. Accuracies are on validation images, by posterior mean, from "
            f"{answer['explanation']}."
        )
    yield from (f"Note: {note}." for note in answer["notes"])
    if answer["front"]:
        yield f"Front of latency{' (estimated)' if answer['estimated'] else ''} and accuracy:"
        yield from (f"  trial {row['trial']}: {_latency(row)}, {_accuracy(row)}" for row in answer["front"])


def _accuracy(row: Mapping[str, Any]) -> str:
    return f"{percent(row['mean'])}{bracketed(row, 'mean')}"


def _latency(row: Mapping[str, Any]) -> str:
    return milliseconds(row["latency_ms"])
