"""What a correction of scores is worth, as the networks of a check show (nas.supernet.correction)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from nas.proxy.ranks import Agreement, agreement
from nas.quantities import minus
from nas.statistics.rank_correlation import Values
from nas.supernet.correction import Judged

TAUS = ("tau", "tau_size", "gain", "tau_given_size")
"""What is told of an agreement."""


def by_others(judged: Judged, alone: Values, macs: Values, *, seed: int) -> Agreement:
    """How what is expected of each network by the others agrees with the accuracies alone [n]."""
    return agreement(np.array(judged.left_out), alone, macs, seed=seed)


def described(judged: Judged, found: Agreement) -> dict[str, Any] | None:
    """As JSON values; None if too few networks were trained. found: as by_others says."""
    if judged.error is None:
        return None
    return {
        **{name: value for name, value in asdict(found).items() if name in TAUS},
        "pays": judged.correction is not None,
        "error": judged.error,
        "plain_error": judged.plain_error,
        "points": dict(judged.points),
    }


def in_words(found: Mapping[str, Any]) -> tuple[str, str]:
    """What a user is told of a correction; found: as described says."""
    tau, beyond = (with_interval(found[name]) for name in ("tau", "tau_given_size"))
    error, plain = (f"{100 * found[name]:.1f}" for name in ("error", "plain_error"))
    pays = "it pays" if found["pays"] else "it does not pay, so scores are better left as they are"
    points = ", ".join(f"{kind} {minus(f'{100 * value:+.1f}')}" for kind, value in found["points"].items())
    corrected = f"Corrected by kinds of blocks, each network by what the others show, the scores have tau {tau}"
    return (
        f"{corrected}, and given the size {beyond}; accuracies are off by {error} points instead of {plain}: {pays}.",
        f"Beside the others, scores underrate (+) or overrate networks of one kind by, in points: {points}.",
    )


def with_interval(found: Mapping[str, float] | None) -> str:
    """A tau for the user."""
    return minus(f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})") if found else "none"
