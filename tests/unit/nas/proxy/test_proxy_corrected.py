"""What a proxy check says of a correction by kinds of blocks."""

from random import Random

import pytest

from nas.proxy.candidates import Drawn
from nas.proxy.judgement import Proxy
from nas.proxy.summary import summary
from nas.supernet.correction import Traits, fitted

COUNT = 12


@pytest.fixture
def rows():
    """Networks of two kinds; scores overrate those of one."""
    rng, found = Random(0), []
    for number in range(COUNT):
        longer = rng.uniform(0.5, 0.8)
        score = longer - 0.3 + 0.12 * (number % 2) + rng.uniform(-0.005, 0.005)
        row = {"id": f"n{number}", "notation": "", "macs": rng.uniform(1e5, 1e6), "params": 1.0}
        found.append({**row, "proxy_accuracy": score, "longer_accuracy": longer})
    return found


def judged(rows):
    kinds = [{"conv": 1.0} if number % 2 else {"fire": 1.0} for number in range(len(rows))]
    traits = [Traits(each, row["macs"]) for each, row in zip(kinds, rows, strict=True)]
    scores = ([row[f"{name}_accuracy"] for row in rows] for name in ("proxy", "longer"))
    return fitted(*scores, traits)


def said(rows, **judged):
    drawn = Drawn(200, {"space": 0, "device": 0, "limits": 0}, [])
    return summary(rows, [0.5, 0.51], drawn, Proxy(0, 4, 8), repeated="n0", seed=0, **judged)


def test_a_correction_that_pays_is_named_with_its_order_and_its_bias_by_kind(rows):
    found = said(rows, judged=judged(rows))

    corrected = found["corrected"]
    assert corrected["pays"]
    assert corrected["tau"]["value"] > found["tau"]["value"]
    assert corrected["points"]["conv"] < 0 < corrected["points"]["fire"]
    assert corrected["error"] < corrected["plain_error"]
    *_, worth, bias = found["reasons"]
    assert worth.endswith("it pays.")
    assert "conv \N{MINUS SIGN}" in bias
    assert "fire +" in bias


def test_nothing_is_said_where_there_is_no_correction(rows):
    few = rows[:5]

    assert said(rows)["corrected"] is None
    assert said(few, judged=judged(few))["corrected"] is None
    assert said(few, judged=judged(few))["reasons"] == said(few)["reasons"]
