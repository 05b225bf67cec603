"""A metric that is one file more has its column, its place with a trial, and its field in the form."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import code_of
from filling import FACTS, Filling
from pages import Dashboard, watched
from playwright.sync_api import Browser, expect
from serving import Served, served

START = "import nas.metrics; nas.metrics.__path__.append({!r})"


@pytest.fixture
def with_energy(tmp_path: Path) -> Iterator[Served]:
    """A service that has the metric of docs/plugins.md."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "energy_uj.py").write_text(code_of("plugins.md", "nas/metrics/energy_uj.py"), encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(START.format(str(folder)), encoding="utf-8")
    with served(tmp_path / "service", python_path=tmp_path) as found:
        yield found


def test_a_new_metric_is_a_column_and_a_limit(browser: Browser, with_energy: Served, heard: list[str]) -> None:
    filling = Filling(with_energy.ledger, "energy").begin(FACTS["objective"] | {"limits": {"energy_uj": 50.0}})
    for energy in (12.25, 3.5, 40.0):
        filling.more = {"energy_uj": energy}
        filling.trial()
    page = watched(browser.new_context(viewport={"width": 1400, "height": 1000}).new_page(), heard)
    dashboard = Dashboard(page, with_energy.url).open_search(filling.id, "?trial=1")
    table = dashboard.there("trials")

    expect(dashboard.trial(1)).to_contain_text("3.50\u00a0µJ")
    table.get_by_role("button", name="energy").click()
    expect(table.get_by_test_id("trial-row").first).to_have_attribute("data-trial", "1")
    expect(dashboard.there("inspector")).to_contain_text("3.50\u00a0µJ")
    expect(page.get_by_text("at most 50.0\u00a0µJ")).to_be_visible()
    filling.more = {"energy_uj": 1.5}
    filling.trial()
    expect(table.get_by_test_id("trial-row").first).to_have_attribute("data-trial", "3")
    dashboard.open("/new")
    expect(dashboard.there("field-objective.limits.energy_uj")).to_be_attached()
    page.get_by_role("group").filter(has=dashboard.there("field-objective.limits.energy_uj")).locator("summary").click()
    dashboard.there("field-objective.limits.energy_uj").fill("50")
    expect(page.get_by_label("The search as JSON")).to_have_value(re.compile(r'"limits":\s*{\s*"energy_uj": 50'))
    page.context.close()
