"""What the page of a search says of its finalists, and of what was known of its trials before."""

from filling import Filling
from pages import Dashboard
from playwright.sync_api import expect
from serving import Served


def test_a_choice_that_is_not_sure_and_what_sizes_tell_are_said_in_words(dashboard: Dashboard, service: Served) -> None:
    filling = Filling(service.ledger, "close", max_trials=8).begin()
    for percent in (85, 86, 87, 88, 89, 90, 91, 91.1):
        filling.trial(percent / 100)
    filling.finish(6)

    for width in (1280, 390):
        dashboard.page.set_viewport_size({"width": width, "height": 900})
        dashboard.open_search(filling.id)
        expect(dashboard.there("choice-note")).to_contain_text("by 1,500 validation images")
        expect(dashboard.there("choice-note")).to_contain_text("overlaps that of another finalist")
        expect(dashboard.there("correlations")).to_contain_text("Of any two of the 8 trials, the one with")
        dashboard.expect_no_overflow()
