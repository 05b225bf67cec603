"""A browser, and a service with the dashboard; console errors fail the test that saw them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Dashboard, watched
from playwright.sync_api import Browser, expect, sync_playwright
from serving import Served, served

BUILT = Path(__file__).parents[2] / "api" / "dashboard" / "dist" / "index.html"
expect.set_options(timeout=30_000)  # patience for a busy machine, not a promise


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.skip("needs chromium: `apt-get install chromium`, or its path in the variable CHROMIUM")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """It ends with its module: as long as it lives, its event loop runs, and tests that start one of their own fail."""
    if not BUILT.is_file():
        pytest.fail("the dashboard is not built: make dashboard")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture
def heard(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Errors of the page. Failed requests are none in a test that uses `refusals`."""
    lines: list[str] = []
    yield lines
    expected = "refusals" in request.fixturenames
    wrong = [line for line in lines if not (expected and line.startswith("Failed to load resource"))]
    assert wrong == []


@pytest.fixture
def refusals() -> None:
    """For tests in which requests are to fail."""


@pytest.fixture
def dashboard(browser: Browser, service: Served, heard: list[str]) -> Iterator[Dashboard]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    yield Dashboard(watched(context.new_page(), heard), service.url)
    context.close()
