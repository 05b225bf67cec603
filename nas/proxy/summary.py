"""The result of a proxy check as JSON values, and as lines of text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from nas.errors import InfeasibleError
from nas.proxy.candidates import Drawn
from nas.proxy.corrected import by_others, described, in_words
from nas.proxy.judgement import GOOD_TAU, USABLE_TAU, Findings, Proxy, judge
from nas.proxy.noise import ceiling, noise
from nas.proxy.options import FEWEST
from nas.proxy.ranks import agreement
from nas.supernet.correction import Judged

Row = Mapping[str, Any]


def summary(
    rows: Sequence[Row],
    repeats: Sequence[float],
    drawn: Drawn,
    proxy: Proxy,
    *,
    repeated: str,
    seed: int,
    judged: Judged | None = None,
) -> dict[str, Any]:
    """What a check has found.

    rows: of the networks by rising multiply-adds, with their id, sizes, proxy_accuracy and longer_accuracy; one without
    either has a reason instead. repeats: accuracies of the network `repeated`. judged: a correction of the scores, as
    the rows without a reason show it. InfeasibleError if too few were trained.
    """
    whole = [row for row in rows if "reason" not in row]
    if len(whole) < FEWEST or len(repeats) < 2:  # noqa: PLR2004 - a deviation needs two
        reasons = "; ".join(sorted({row["reason"] for row in rows if "reason" in row}))
        raise InfeasibleError(
            f"{len(whole)} of {len(rows)} networks and {len(repeats)} repeats were trained, too few to compare: "
            f"{reasons or 'the repeats failed'}"
        )
    short, longer, macs = (
        np.array([row[name] for row in whole], float) for name in ("proxy_accuracy", "longer_accuracy", "macs")
    )
    found, varied = agreement(short, longer, macs, seed=seed), noise(repeats)
    findings = Findings(len(whole), found, varied, ceiling(short, varied), drawn.valid)
    verdict = judge(findings, proxy)
    corrected = described(judged, by_others(judged, longer, macs, seed=seed)) if judged else None
    ranks = {row["id"]: places for row, *places in zip(whole, _places(short), _places(longer), strict=True)}
    return {
        "verdict": verdict.grade.value,
        "verdict_lowest": verdict.lowest.value,
        "verdict_highest": verdict.highest.value,
        "thresholds": {"good": GOOD_TAU, "usable": USABLE_TAU},
        "reasons": [*verdict.reasons, *(in_words(corrected) if corrected else ())],
        "remedies": list(verdict.remedies),
        "epochs": proxy.epochs,
        "longer_epochs": proxy.longer_epochs,
        **asdict(found),
        "corrected": corrected,
        "noise": {"candidate": repeated, **asdict(varied), "accuracies": list(varied.accuracies)},
        "ceiling": asdict(findings.ceiling),
        "valid": {"draws": drawn.draws, "refused": dict(drawn.refused), "share": asdict(drawn.valid)},
        "candidates": [
            {**row, **dict(zip(("proxy_rank", "longer_rank"), ranks.get(row["id"], ()), strict=False))} for row in rows
        ],
    }


def _places(accuracies: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
    """The place of each, 1 for the best; equal ones share the better place."""
    return [1 + int(np.sum(accuracies > value)) for value in accuracies]
