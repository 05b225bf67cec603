"""What a check of shared weights before a search has found, as JSON values and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from nas.evaluator import RankCheck
from nas.image_set.note import counted
from nas.proxy.corrected import TAUS, by_others, described, in_words, with_interval
from nas.proxy.judgement import no_gain
from nas.proxy.options import FEWEST
from nas.proxy.ranks import Agreement, agreement
from nas.statistics.rank_correlation import times_in_100
from nas.supernet.correction import Judged

SHARED, ALONE = "shared_accuracy", "alone_accuracy"
"""Of a row: the accuracy that trials would be scored by, and that of the training alone."""

Row = Mapping[str, Any]


def compared(rows: Sequence[Row]) -> list[Row]:
    """The rows with both accuracies."""
    return [row for row in rows if {SHARED, ALONE} <= set(row)]


def found_by(rows: Sequence[Row], judged: Judged | None, check: RankCheck, *, seed: int) -> dict[str, Any]:
    """rows: of the networks by rising multiply-adds, with their macs and what was found of SHARED and ALONE. judged:
    the correction of the scores, by the rows with both; None if the evaluator knows none.
    """
    both, correction = compared(rows), judged.correction if judged else None
    found: dict[str, Any] = {"networks": len(rows), "compared": len(both), "epochs": check.alone["epochs"]}
    found |= {**dict.fromkeys(TAUS), "corrected": None, "correction": correction and asdict(correction)}
    beats = False
    if len(both) >= FEWEST:
        shared, alone, macs = (np.array([row[name] for row in both], float) for name in (SHARED, ALONE, "macs"))
        agrees = agreement(shared, alone, macs, seed=seed)
        found |= {name: value for name, value in asdict(agrees).items() if name in TAUS}
        if judged:
            others = by_others(judged, alone, macs, seed=seed)
            found["corrected"], agrees = described(judged, others), others if correction else agrees
        beats = _beats(agrees)
    found |= {"beats_size": beats, "otherwise": check.otherwise}
    return {**found, "said": _said(found), "rows": [dict(row) for row in rows]}


def _beats(found: Agreement) -> bool:
    """Whether the scores tell more of the order than multiply-adds do."""
    return found.tau is not None and not no_gain(found)


def _said(found: Mapping[str, Any]) -> list[str]:
    if found["compared"] < FEWEST:
        lines = [f"{found['compared']} of {found['networks']} networks were compared, too few to see their order."]
    else:
        tau, by_size, beyond = (with_interval(found[name]) for name in ("tau", "tau_size", "tau_given_size"))
        alone = f"{found['compared']} networks, trained for {counted(found['epochs'], 'epoch')} each by itself"
        taus = f"Kendall's tau {tau} and {by_size}; of shared weights given multiply-adds {beyond}"
        right = f"{_right(found['tau'])}, their multiply-adds {_right(found['tau_size'])}"
        lines = [f"Of any two of {alone}, shared weights name the more accurate one {right} ({taus})."]
        lines += in_words(found["corrected"]) if found["corrected"] else ()
    if found["beats_size"]:
        lines.append("shared weights tell more than multiply-adds do: the search goes on with them.")
    else:
        lines.append(f"{doubt(found)}: {_follows(found)}.")
    return [f"rank check: {line}" for line in lines]


def _right(tau: Mapping[str, float] | None) -> str:
    """How often an order is right, by its tau."""
    return "never, as all are alike" if tau is None else times_in_100(tau["value"])


def doubt(found: Mapping[str, Any]) -> str:
    """Why shared weights are not to be trusted."""
    if found["compared"] < FEWEST:
        return "whether shared weights tell more than multiply-adds is not known"
    return "shared weights order networks no better than their multiply-adds do, which cost nothing"


def _follows(found: Mapping[str, Any]) -> str:
    epochs = found["epochs"]
    return {
        "go_on": "the search goes on with them; `evaluator: train` trains each trial by itself",
        "stop": "the search ends",
        "train": f"each trial is trained by itself for {epochs} epoch{'s' if epochs > 1 else ''} instead",
    }[found["otherwise"]]
