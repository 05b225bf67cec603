"""The verdict on a proxy: its thresholds, and what it says."""

from dataclasses import replace

import pytest

from nas.proxy.grade import Grade
from nas.proxy.judgement import Findings, Proxy, judge
from nas.proxy.noise import noise
from nas.proxy.ranks import Agreement, Uncertain

PROXY = Proxy(epochs=2, longer_epochs=10)


def findings(tau, low, high, *, by_size=0.2, beyond=0.1, ceiling=0.9, valid=0.5):
    agreement = Agreement(
        tau=None if tau is None else Uncertain(tau, low, high),
        tau_size=Uncertain(by_size, -0.3, 0.6),
        gain=None if tau is None else Uncertain(tau - by_size, -0.2, 0.7),
        tau_given_size=None if tau is None else Uncertain(0.4, beyond, 0.6),
        top=3,
        shared=2,
        by_chance=0.9,
        loss=0.004,
    )
    spread = Uncertain(ceiling, 0.2, 0.98), Uncertain(valid, valid - 0.02, valid + 0.02)
    return Findings(10, agreement, noise([0.80, 0.81, 0.83]), *spread)


@pytest.mark.parametrize(
    ("found", "grade", "lowest", "highest"),
    [
        (findings(0.8, 0.65, 0.95), Grade.GOOD, Grade.GOOD, Grade.GOOD),
        (findings(0.6, 0.1, 0.9), Grade.GOOD, Grade.POOR, Grade.GOOD),
        (findings(0.6, -0.1, 0.9), Grade.USABLE, Grade.POOR, Grade.GOOD),
        (findings(0.7, 0.4, 0.9, by_size=0.75), Grade.GOOD, Grade.USABLE, Grade.GOOD),
        (findings(0.7, 0.4, 0.9, by_size=0.75, beyond=-0.1), Grade.USABLE, Grade.USABLE, Grade.GOOD),
        (findings(0.3, 0.1, 0.5), Grade.USABLE, Grade.POOR, Grade.USABLE),
        (findings(0.29, 0.1, 0.5), Grade.POOR, Grade.POOR, Grade.USABLE),
        (findings(None, 0, 0), Grade.POOR, Grade.POOR, Grade.POOR),
    ],
)
def test_the_grade_follows_from_tau_its_interval_and_the_sizes_order(found, grade, lowest, highest):
    judged = judge(found, PROXY)

    assert (judged.grade, judged.lowest, judged.highest) == (grade, lowest, highest)
    assert bool(judged.remedies) == (grade is not Grade.GOOD or lowest is not highest)


def test_reasons_give_the_numbers_with_their_intervals():
    judged = judge(findings(0.42, 0.05, 0.75), PROXY)

    said = "\n".join(judged.reasons)
    assert "at 2 epochs and at 10 epochs agree in part: tau 0.42 (0.05 to 0.75)." in said
    assert "Multiply-adds alone, without training, order them with tau 0.20 (\N{MINUS SIGN}0.30 to 0.60)" in said
    assert "given the size, the proxy's is 0.40 (0.10 to 0.60)." in said
    assert "0.4 points below the best at 10 epochs; of the best 3 both have 2 (by chance 0.9)" in said
    assert "3 trainings of one network have a standard deviation of 1.53 points" in said
    assert "the interval reaches from poor to good" in said


def test_remedies_follow_from_what_is_wrong():
    biased = judge(findings(0.2, -0.3, 0.6), PROXY).remedies
    noisy = judge(findings(0.2, -0.3, 0.6, ceiling=0.4), PROXY).remedies
    like_size = judge(findings(0.7, 0.65, 0.9, by_size=0.8, beyond=-0.1), PROXY).remedies
    scores = judge(findings(0.2, -0.3, 0.6), replace(PROXY, epochs=0)).remedies
    shared = judge(findings(0.2, -0.3, 0.6), replace(PROXY, epochs=0, prepared_epochs=16))
    rare = judge(findings(0.9, 0.8, 1.0, valid=0.05), PROXY)

    assert biased[0] == "Train trials for 4 epochs (`evaluator: {name: train, epochs: 4}`), and check again."
    assert noisy[0].startswith("Noise hides the order: train trials on more images")
    assert like_size[0].startswith("Size orders networks that are spread over all sizes as well")
    assert scores[0].startswith("Score networks by training them")
    assert shared.remedies[:2] == (
        "Train what trials share for longer (`evaluator.epochs: 32`), and check again.",
        scores[0],
    )
    assert "of the 10 networks as trials are scored and at 10 epochs hardly agree" in shared.reasons[0]
    assert shared.reasons[3].startswith("3 scores of one network have a standard deviation of 1.53 points")
    assert shared.reasons[3].endswith("in which another training of what trials share is not.")
    assert rare.grade is Grade.GOOD
    assert rare.remedies == ("Raise the limits, or take options that are refused out of the space.",)
