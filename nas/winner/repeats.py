"""How the accuracies of repeated trainings are kept with a search: one result each, by its name."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from nas.winner.trained import ACCURACY

_NAME = re.compile(r"repeat-(\d+)-\d+")


def repeat_name(trial: int, number: int, arm: str = "") -> str:
    """The name of the result. number: from 1. arm: the name of a search beside the spec's own."""
    return f"{arm and arm + '-'}repeat-{trial}-{number}"


def repeats_in(results: Mapping[str, Any]) -> dict[int, list[float]]:
    """The accuracies of repeats among the results of a search, by the trial's number; a repeat that failed has none."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for name, metrics in sorted(results.items()):
        match = _NAME.fullmatch(name)
        if match and ACCURACY in metrics:
            found[int(match[1])].append(metrics[ACCURACY])
    return dict(found)
