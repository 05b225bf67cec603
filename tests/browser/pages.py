"""The dashboard as its user handles it: what the tests click and read, in one place."""

from pathlib import Path
from time import monotonic

from playwright.sync_api import Locator, Page, expect

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OVERFLOW_PATIENCE_S = 30.0


class Dashboard:
    """One tab. Elements are found by their data-testid, so that words and looks may change."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str = "/") -> "Dashboard":
        self.page.goto(self.url + path)
        return self

    def there(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def open_search(self, search_id: str, query: str = "") -> "Dashboard":
        self.open(f"/searches/{search_id}{query}")
        expect(self.there("search-page")).to_be_visible()
        return self

    def listed(self, search_id: str) -> Locator:
        return self.page.locator(f'[data-testid="search-row"][data-id="{search_id}"]')

    def start_example(self) -> str:
        """Click the button of the empty list; returns the id of the search that it starts."""
        self.there("start-example").click()
        return self._landed()

    def submit(self) -> str:
        """Start the search that the form describes; returns its id."""
        self.there("submit").click()
        return self._landed()

    def expect_state(self, state: str, timeout_ms: float = 30_000) -> None:
        expect(self.there("state").first).to_have_attribute("data-state", state, timeout=timeout_ms)

    def expect_live(self) -> None:
        expect(self.there("connection")).to_have_attribute("data-state", "live")

    def trial(self, number: int) -> Locator:
        return self.page.locator(f'[data-testid="trial-row"][data-trial="{number}"]')

    def download(self, testid: str, folder: Path) -> Path:
        """Click a download; returns the file."""
        with self.page.expect_download() as found:
            self.there(testid).first.click()
        path = folder / found.value.suggested_filename
        found.value.save_as(path)
        return path

    def expect_no_overflow(self) -> None:
        """The page is no wider than its window, at the latest when figures are drawn again after a change of width.

        Looked at from here: the page's policy refuses what Playwright's wait_for_function would run in it.
        """
        latest = monotonic() + OVERFLOW_PATIENCE_S
        while (wide := self.page.evaluate(OVERFLOW)) > 0:
            assert monotonic() < latest, f"{wide} pixels wider than the window"
            self.page.wait_for_timeout(20)

    def _landed(self) -> str:
        expect(self.there("search-page")).to_be_visible()
        self.page.wait_for_url("**/searches/srch_*", wait_until="commit")  # the address is told apart from the page
        return self.page.url.partition("/searches/")[2].partition("?")[0]


def watched(page: Page, heard: list[str]) -> Page:
    """The page, with what goes wrong in it written down."""
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return page
