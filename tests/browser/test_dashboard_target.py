"""Another target: the slider on the page of a search, with the winner beside it and in the plot."""

import re

import pytest
from filling import Filling
from pages import Dashboard
from playwright.sync_api import Locator, expect
from serving import Served


def filled(service: Served, name: str, evaluator: str = "train") -> tuple[Filling, list[tuple[float, float]]]:
    """A search whose trials are more accurate the slower they are; and latency and accuracy of each, the fastest first.

    Two trials have one network at most: the space is large.
    """
    filling = Filling(service.ledger, name, evaluator=evaluator).begin()
    for number in range(8):
        filling.trial(0.5 + number / 100)
    columns = service.ledger.trials.columns(filling.id, names=("latency_ms", "accuracy")).columns
    return filling, sorted(zip(columns["latency_ms"], columns["accuracy"], strict=True))


def drag(slider: Locator, to: float) -> None:
    """Set the slider to a share of its length, as a hand would."""
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": 10 + to * (box["width"] - 20), "y": box["height"] / 2})


def test_the_winner_follows_the_slider_and_the_address(dashboard: Dashboard, service: Served) -> None:
    filling, points = filled(service, "another target")
    dashboard.open_search(filling.id)
    slider, winner = dashboard.there("target-slider"), dashboard.there("retarget-winner")
    expect(winner).to_have_count(0)

    drag(slider, 1.0)
    best = max(points, key=lambda point: point[1])
    expect(winner).to_contain_text(f"{100 * best[1]:.2f}")
    expect(dashboard.page.locator(".winner-ring")).to_have_count(1)
    expect(dashboard.there("inspector")).to_contain_text("wins at this target")
    dashboard.page.wait_for_url(re.compile(r"target=\d"))

    dashboard.page.reload()
    expect(winner).to_contain_text(f"{100 * best[1]:.2f}")
    slider.press("Home")  # a tenth below the fastest
    expect(winner).to_contain_text("No trained network")
    for _ in range(3):
        slider.press("PageUp")
    expect(winner).to_contain_text("wins")
    winner.get_by_role("button").click()
    expect(dashboard.page).to_have_url(re.compile(r"trial=\d"))

    dashboard.there("retarget-leave").click()
    expect(winner).to_have_count(0)
    expect(dashboard.page).not_to_have_url(re.compile("target="))


def test_a_search_over_shared_weights_is_made_for_the_target_of_the_slider(
    dashboard: Dashboard, service: Served
) -> None:
    alone, _ = filled(service, "trained alone")
    dashboard.open_search(alone.id)
    expect(dashboard.there("target-slider")).to_be_visible()
    expect(dashboard.there("search-anew")).to_have_count(0)
    shared, points = filled(service, "weights shared", evaluator="supernet")
    shared.owner.keep("prepared", {"file": "prepared.bin", "sha256": "0" * 64})
    dashboard.open_search(shared.id)
    drag(dashboard.there("target-slider"), 0.5)
    dashboard.page.wait_for_url(re.compile(r"target=\d"))

    dashboard.there("search-anew").click()

    dashboard.page.wait_for_url(re.compile(rf"/searches/(?!{shared.id})srch_\w+$"))
    made = service.ledger.searches.get(dashboard.page.url.rpartition("/")[2])
    service.ledger.searches.request(made.id, "cancel")
    assert made.parent_id == shared.id
    assert points[0][0] < made.spec["objective"]["target_latency_ms"] < points[-1][0]


@pytest.mark.usefixtures("refusals")
def test_a_device_without_measurements_says_what_to_do_and_the_page_stays_narrow(
    dashboard: Dashboard, service: Served
) -> None:
    filling, _ = filled(service, "another device")
    dashboard.page.set_viewport_size({"width": 390, "height": 844})
    dashboard.open_search(filling.id)
    device = dashboard.there("retarget-device")
    device.focus()
    expect(device.locator("option")).not_to_have_count(1)
    device.select_option("local-cpu-2t")

    expect(dashboard.there("retarget")).to_contain_text("nas device measure local-cpu-2t")
    expect(dashboard.there("target-slider")).to_be_disabled()
    dashboard.expect_no_overflow()
    device.select_option("local-cpu-1t")
    drag(dashboard.there("target-slider"), 0.7)
    expect(dashboard.there("retarget-winner")).to_contain_text("wins")
    dashboard.expect_no_overflow()
