"""The form of a new search: what it foretells of a search before it is submitted."""

import json
import os
from pathlib import Path

import pytest
from album import Album
from made_up import pocket, table
from pages import Dashboard
from playwright.sync_api import expect
from serving import Served

from latency_db.storing.store import Store
from nas.search.reach import Drawn
from nas.spaces import load_space

KEPT = os.environ.get("NAS_SCREENSHOTS_FORM")
DEVICE = f"pocket@{pocket().device.machine_id}"
STAGE = {"blocks": [{"conv": {"kernel": [3, 5]}}], "layers": [1, 2, 3], "width": [8, 16], "stride": 2}
SPACE = {"name": "tiny", "resolution": 28, "stem": {"width": 8}, "stages": [STAGE, STAGE]}
WIDTHS = (1280, 390)


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(Path(KEPT) if KEPT else tmp_path)


def photographed(dashboard: Dashboard, album: Album, name: str, testid: str) -> None:
    """At both widths, without anything wider than the window."""
    for width in WIDTHS:
        dashboard.page.set_viewport_size({"width": width, "height": 1000})
        dashboard.expect_no_overflow()
        dashboard.there(testid).scroll_into_view_if_needed()
        album.take(dashboard.page, f"{name}-{width}")


def test_a_target_that_no_network_keeps_is_told_before_submit(
    dashboard: Dashboard, service: Served, album: Album
) -> None:
    space = load_space(SPACE).for_images(1, 28, 10)
    networks = Drawn(space, 0).networks
    Store(service.settings.home / "latency.db").add(table(pocket(), networks, mac_ms=1e-4))
    spec = {"dataset": "fashion_mnist_mini", "device": DEVICE, "space": SPACE, "max_trials": 4}
    dashboard.open("/new")
    dashboard.there("spec-json").fill(json.dumps({**spec, "objective": {"name": "constrained"}}))
    expect(dashboard.there("check")).to_contain_text("Ready: 4 trials")

    dashboard.there("field-objective.target_latency_ms").fill("0.001")
    expect(dashboard.there("foreseen")).to_contain_text("None of 200 random networks keeps the target of 0.001 ms")
    expect(dashboard.there("foreseen")).to_contain_text("the fastest takes")
    expect(dashboard.there("check")).not_to_contain_text("Ready")
    expect(dashboard.there("submit")).to_be_enabled()
    photographed(dashboard, album, "foreseen", "foreseen")


def test_a_known_space_with_a_change_is_shown_by_its_name(dashboard: Dashboard, album: Album) -> None:
    def spec() -> dict[str, object]:
        found: dict[str, object] = json.loads(dashboard.there("spec-json").input_value())
        return found

    dashboard.open("/new")
    asked = {"dataset": "fashion_mnist_mini", "space": {"name": "photos", "resolution": 96}}
    dashboard.there("spec-json").fill(json.dumps(asked))
    expect(dashboard.there("field-space")).to_have_value("photos")
    expect(dashboard.there("field-space.resolution")).to_have_value("96")
    photographed(dashboard, album, "space", "field-space.resolution")

    dashboard.there("field-space.resolution").fill("[96, 128]")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    assert spec()["space"] == {"name": "photos", "resolution": [96, 128]}
    dashboard.there("field-space").select_option("mobile")
    expect(dashboard.there("field-space.resolution")).to_have_value("")
    assert spec()["space"] == "mobile"
    dashboard.there("field-space.resolution").fill("64")
    assert spec()["space"] == {"name": "mobile", "resolution": 64}


@pytest.mark.usefixtures("refusals")
def test_what_is_wrong_with_a_space_is_shown_at_its_field(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    dashboard.there("spec-json").fill(json.dumps({"dataset": "fashion_mnist_mini", "space": {"name": "photos"}}))
    dashboard.there("field-space.resolution").fill("-1")
    expect(dashboard.there("fault-space.resolution")).to_be_visible()

    dashboard.there("spec-json").fill(
        json.dumps({"dataset": "fashion_mnist_mini", "space": {**SPACE, "resolution": -1}})
    )
    expect(dashboard.there("field-space").first).to_have_value(" own")
    expect(dashboard.there("fault-space").last).to_contain_text("resolution: ")
