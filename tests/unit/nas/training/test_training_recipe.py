"""A recipe says what the rate is at any moment, and names itself by its content."""

from dataclasses import replace

import pytest

from nas.training import FINALISTS, Recipe


@pytest.mark.parametrize(
    ("schedule", "expected"), [("linear", [0.0, 0.5, 1.0, 0.5, 0.0]), ("cosine", [0.0, 0.5, 1.0, 0.5, 0.0])]
)
def test_annealing_schedules_rise_over_the_warmup_and_end_at_zero(schedule, expected):
    """At the start, half-way up, at the peak, half-way down and at the end."""
    recipe = Recipe(epochs=10, schedule=schedule, warmup=0.2, learning_rate=3.0)

    assert [recipe.rate(epoch) / 3 for epoch in (0, 1, 2, 6, 10)] == pytest.approx(expected)


def test_cosine_is_above_linear_early_and_below_late():
    linear, cosine = (Recipe(epochs=10, schedule=name, warmup=0.0) for name in ("linear", "cosine"))

    assert cosine.rate(2) > linear.rate(2)
    assert cosine.rate(8) < linear.rate(8)


def test_mnasnet_schedule_is_the_papers():
    """0 to 0.256 over 5 epochs, then times 0.97 every 2.4 epochs (section 5)."""
    recipe = Recipe(epochs=350, schedule="mnasnet", learning_rate=0.256)
    rates = [recipe.rate(epoch) for epoch in (0, 2.5, 5, 7.3, 7.5, 17.1)]

    assert rates == pytest.approx([0, 0.128, 0.256, 0.256, 0.256 * 0.97, 0.256 * 0.97**5])


def test_rate_follows_the_clock_when_it_is_ahead_of_the_epochs():
    recipe = Recipe(epochs=10, time_budget_s=60, warmup=0.0, learning_rate=1.0)

    assert recipe.rate(1, seconds=30) == pytest.approx(0.5)
    assert recipe.rate(8, seconds=30) == pytest.approx(0.2)
    assert recipe.rate(1, seconds=90) == 0


def test_recipes_with_equal_fields_have_equal_ids_and_any_change_shows():
    assert Recipe().id == Recipe().id
    assert len({Recipe().id, replace(Recipe(), epochs=9).id, replace(Recipe(), shift=0.5).id}) == 3


def test_recipes_that_do_without_later_parts_keep_the_ids_of_their_time():
    """So that results cached by them are found; a part in use makes another recipe."""
    used = [
        {"norm_bias_rate": 64},
        {"lookahead": 5},
        {"alternating_flip": True},
        {"first_resolution": 0.5},
        {"crop": 0.5},
        {"whitened": True},
    ]

    assert (Recipe().id, FINALISTS.id) == ("5862d7110469b8b5", "02c8a394dfd2f3a4")
    assert len({Recipe().id, *(replace(Recipe(), **part).id for part in used)}) == 7


def test_images_grow_from_the_first_epoch_to_the_last():
    recipe = Recipe(epochs=5, first_resolution=0.5)

    assert [recipe.side(32, done / 5) for done in range(5)] == [16, 20, 24, 28, 32]
    assert replace(recipe, epochs=1).side(32, 0.0) == 32
    assert Recipe(epochs=5).side(28, 0.0) == 28
    assert recipe.side(32, 0.9) == 32  # begun by the clock after all the epochs but the last
