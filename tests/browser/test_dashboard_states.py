"""The dashboard when something is wrong, when a key is needed, and in every light."""

import os
import re
from pathlib import Path

import pytest
from filling import MNASNET, Filling
from pages import Dashboard, watched
from playwright.sync_api import Browser, Route, expect
from serving import Served, served

PAGES = {"searches": "/", "new": "/new", "search": "/searches/{id}?trial=3"}
THINGS = {"data": "/data", "devices": "/devices", "keys": "/keys"}
FAULTS = {
    "500": lambda route: route.fulfill(
        status=500,
        content_type="application/problem+json",
        body='{"title": "It broke", "status": 500, "detail": "Nobody knows why.", "request_id": "r-1"}',
    ),
    "bare 502": lambda route: route.fulfill(status=502, body="<html>bad gateway"),
    "cut": lambda route: route.abort(),
    "garbage": lambda route: route.fulfill(status=200, content_type="application/json", body="{garbage"),
}
LIGHT, DARK = "rgb(250, 250, 248)", "rgb(20, 22, 26)"


def expect_background(dashboard: Dashboard, colour: str) -> None:
    expect(dashboard.page.locator("body")).to_have_css("background-color", colour)


@pytest.fixture(scope="module")
def search_id(service: Served) -> str:
    filling = Filling(service.ledger, "in every light", max_trials=40, seed=3).begin(MNASNET)
    for _ in range(24):
        filling.trial()
    filling.tell(filling.ask(), None, "DivergedError: " + "the loss is nan " * 500)
    filling.finish()
    return filling.id


@pytest.mark.usefixtures("refusals")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_ever_blank(dashboard: Dashboard, search_id: str, page: str, fault: str) -> None:
    broken = re.compile(r"/v1/(searches|schemas|trials)")
    dashboard.page.route(broken, FAULTS[fault])
    dashboard.open(PAGES[page].format(id=search_id))
    expect(dashboard.there("failure").first).to_be_visible()
    if fault == "500":
        expect(dashboard.there("failure").first).to_contain_text("Nobody knows why.")
        expect(dashboard.there("failure").first).to_contain_text("r-1")
    dashboard.page.unroute(broken)
    dashboard.there("retry").first.click()
    expect(dashboard.there("failure")).to_have_count(0)


def test_slow_answers_show_that_something_loads(dashboard: Dashboard, search_id: str) -> None:
    held: list[Route] = []
    dashboard.page.route(f"**/{search_id}/trials:columns*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
    dashboard.open(f"/searches/{search_id}")
    expect(dashboard.there("loading")).to_contain_text("Loading the search")
    while not held:
        dashboard.page.wait_for_timeout(20)
    held[0].continue_()
    expect(dashboard.there("search-page")).to_be_visible()


@pytest.mark.usefixtures("refusals")
def test_what_is_not_there_is_said(dashboard: Dashboard) -> None:
    dashboard.open("/nowhere")
    expect(dashboard.there("not-found")).to_be_visible()
    dashboard.open("/searches/srch_00000000000000000000000000")
    expect(dashboard.there("failure")).to_contain_text("NOT_FOUND")


@pytest.mark.usefixtures("refusals")
def test_service_with_keys_asks_for_one(browser: Browser, heard: list[str], tmp_path: Path) -> None:
    with served(tmp_path, open_=False) as service:
        _, secret = service.ledger.keys.create("reader", ("read",), None)
        search = Filling(service.ledger, "behind a key")
        context = browser.new_context()
        dashboard = Dashboard(watched(context.new_page(), heard), service.url).open(f"/searches/{search.id}")
        field = dashboard.page.get_by_label("API key")
        field.fill("nas_wrong")
        field.press("Enter")
        expect(dashboard.there("login").get_by_role("alert")).to_contain_text("unknown")
        field.fill(secret)
        field.press("Enter")
        expect(dashboard.there("search-page")).to_be_visible()
        expect(dashboard.there("pause")).to_have_count(0)  # this key may only read
        dashboard.there("sign-out").click()
        expect(dashboard.there("login")).to_be_visible()
        dashboard.open("/")
        expect(dashboard.there("login")).to_be_visible()
        context.close()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_in_every_light(  # noqa: PLR0917 - the four things it varies and uses
    browser: Browser, service: Served, heard: list[str], search_id: str, tmp_path: Path, scheme: str, width: int
) -> None:
    """Screenshots are kept in the folder NAS_SCREENSHOTS, if it is set."""
    folder = Path(os.environ.get("NAS_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)  # type: ignore[arg-type]  # a literal
    for name, path in {**PAGES, **THINGS}.items():
        dashboard = Dashboard(watched(context.new_page(), heard), service.url).open(path.format(id=search_id))
        expect(dashboard.page.locator("h1")).to_be_visible()
        if name == "search":
            expect(dashboard.there("diagram").first).to_be_visible()
        if name == "new":
            expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
        dashboard.expect_no_overflow()
        expect_background(dashboard, LIGHT if scheme == "light" else DARK)
        dashboard.page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
    context.close()


def test_theme_button_wins_over_the_system(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.there("theme").click()
    dashboard.there("theme").click()
    expect_background(dashboard, DARK)
    dashboard.page.reload()
    expect(dashboard.there("theme")).to_be_visible()
    expect_background(dashboard, DARK)
