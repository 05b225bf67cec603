"""The dashboard behind a real nginx: below a path, with events held back, and in more tabs than connections."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from filling import Filling
from pages import Dashboard, watched
from playwright.sync_api import Browser, expect
from processes import PATIENCE_S
from proxies import HOLDING, ROOT, proxied
from serving import Served, served

from api.client import Client, calls

SPEC = {"dataset": "fashion_mnist_mini", "references": []}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With keys, and below a path."""
    with served(tmp_path_factory.mktemp("below"), open_=False, root_path=ROOT) as found:
        yield found


@pytest.fixture(scope="module")
def secret(service: Served) -> str:
    return service.ledger.keys.create("writer", ("write",), None)[1]


@pytest.mark.usefixtures("refusals")
@pytest.mark.parametrize("strip", [True, False])
def test_all_of_it_works_below_a_path(  # noqa: PLR0917 - what it varies and uses
    browser: Browser, service: Served, secret: str, heard: list[str], tmp_path: Path, strip: bool
) -> None:
    """Whether the proxy takes its path away or leaves it, and with the host name that it sends by default."""
    filling = Filling(service.ledger, f"below {strip}").begin()
    filling.trial()
    with proxied(tmp_path / "nginx", service.url, strip=strip) as proxy:
        context = browser.new_context()
        dashboard = Dashboard(watched(context.new_page(), heard), proxy.url).open(f"/searches/{filling.id}")
        field = dashboard.page.get_by_label("API key")
        field.fill(secret)
        field.press("Enter")
        expect(dashboard.there("search-page")).to_be_visible()
        assert [cookie["path"] for cookie in context.cookies()] == [f"{ROOT}/"]
        dashboard.expect_live()
        expect(dashboard.trial(0)).to_be_visible()
        filling.trial()
        expect(dashboard.trial(1)).to_be_visible()
        dashboard.there("fork").click()
        forked = dashboard.submit()
        expect(dashboard.page).to_have_url(f"{proxy.url}/searches/{forked}")
        service.ledger.searches.request(forked, "cancel")
        dashboard.page.locator("a.brand").click()
        expect(dashboard.listed(filling.id)).to_be_visible()
        expect(dashboard.page).to_have_url(f"{proxy.url}/")
        dashboard.page.get_by_role("link", name="API").click()
        expect(dashboard.page).to_have_url(f"{proxy.url}/docs")
        dashboard.page.get_by_role("link", name="errors").click()
        expect(dashboard.page.locator("#host-refused")).to_be_visible()
        expect(dashboard.page.locator("body")).to_have_css("font-family", re.compile("system-ui"))
        context.close()
    filling.finish()


def test_addresses_that_the_api_gives_lead_through_the_proxy(service: Served, secret: str, tmp_path: Path) -> None:
    with proxied(tmp_path / "nginx", service.url) as proxy:
        origin = proxy.url.removesuffix(ROOT)
        with httpx2.Client(base_url=origin, headers={"Authorization": f"Bearer {secret}"}, timeout=PATIENCE_S) as http:
            made = http.post(f"{ROOT}/v1/searches", json=SPEC)
            assert made.headers["location"] == f"{ROOT}/v1/searches/{made.json()['id']}"
            for path in (made.headers["location"], *made.json()["urls"].values()):
                assert http.get(path, headers={"Accept": "application/json"}).status_code == 200, path
            assert http.get(f"{ROOT}/openapi.json").json()["servers"] == [{"url": ROOT}]
            refused = http.get(f"{ROOT}/v1/searches/srch_{'0' * 26}")
            assert refused.json()["type"] == f"{ROOT}/docs/problems#not-found"
            assert http.get(f"{ROOT}/docs/problems").status_code == 200
        with closing(Client(proxy.url, secret)) as client:
            assert client.search(made.json()["id"]).name == made.json()["name"]


def test_a_page_asks_where_a_proxy_holds_events_back(
    browser: Browser, service: Served, secret: str, heard: list[str], tmp_path: Path
) -> None:
    filling = Filling(service.ledger, "held back").begin()
    with proxied(tmp_path / "nginx", service.url, more=HOLDING) as proxy:
        context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {secret}"})
        page = watched(context.new_page(), heard)
        page.clock.install()
        with page.expect_request(re.compile(r"/events\?.*pings")):  # from then on, the page listens
            dashboard = Dashboard(page, proxy.url).open_search(filling.id)
        page.clock.run_for(40_000)
        expect(dashboard.there("connection")).to_have_attribute("data-state", "held")
        expect(dashboard.there("connection")).to_contain_text("a proxy holds live events back")
        filling.trial()
        page.clock.run_for(10_000)
        expect(dashboard.trial(0)).to_be_visible()
        proxy.change("proxy_buffering off;")
        page.clock.run_for(70_000)
        dashboard.expect_live()
        filling.trial()
        expect(dashboard.trial(1)).to_be_visible()
        context.close()
    filling.finish()


def test_the_client_asks_where_a_proxy_holds_events_back(
    service: Served, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes back to the stream when that lives, and gets each event once."""
    filling = Filling(service.ledger, "held back").begin()
    monkeypatch.setattr(calls, "SILENCE_S", 0.3)
    monkeypatch.setattr(calls, "HELD_POLL_S", 0.05)
    monkeypatch.setattr(calls, "POLLS_A_PROBE", 2)
    with proxied(tmp_path / "nginx", service.url, more=HOLDING) as proxy, closing(Client(proxy.url, secret)) as client:
        events = client.search(filling.id).watch()
        seen = [next(events)]
        assert "a proxy may hold them back" in caplog.text
        proxy.change("proxy_buffering off;")
        monkeypatch.setattr(calls, "SILENCE_S", 30)
        filling.trial()
        filling.finish()
        seen += list(events)
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].ends


def test_seven_tabs_are_all_followed(browser: Browser, service: Served, secret: str, heard: list[str]) -> None:
    """A browser opens six connections to a host over HTTP/1.1."""
    filling = Filling(service.ledger, "in seven tabs").begin()
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {secret}"})
    tabs = [Dashboard(watched(context.new_page(), heard), service.url) for _ in range(7)]
    for tab in tabs:
        tab.open_search(filling.id)
    filling.trial()
    for tab in tabs:
        expect(tab.trial(0)).to_be_visible()
    signs = [tab.there("connection") for tab in tabs]
    while sorted(str(sign.get_attribute("data-state")) for sign in signs) != ["crowded"] * 4 + ["live"] * 3:
        tabs[0].page.wait_for_timeout(100)
    (crowded, *_) = (sign for sign in signs if sign.get_attribute("data-state") == "crowded")
    expect(crowded).to_contain_text("other tabs have the live connections")
    context.close()
    filling.finish()
