"""Somebody's first search, by clicking: a whole service, real trainings, and a file that runs in ONNX Runtime.

`make screenshots` runs this with a folder NAS_SCREENSHOTS: then the search is that of the quick start, and what is seen
on the way is kept there.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from album import Album
from pages import Dashboard, watched
from playwright.sync_api import Browser, expect
from processes import PATIENCE_S
from serving import served
from whole_service import SPEC, environment, free_port, process

from api.client import Client
from nas.dataset import load

ROOT = Path(__file__).parents[2]
KEPT = os.environ.get("NAS_SCREENSHOTS")
PATIENCE_MS = 1_800_000 if KEPT else 240_000
WINDOW = {"width": 1280, "height": 960}
LASTING = {"max_trials": 64, "finalists": {"count": 1, "epochs": 500}}
"""Of a search that runs until it is cancelled."""
SHOWN = set(re.findall(r'dashboard/([\w-]+)-dark.png">', (ROOT / "docs/dashboard.md").read_text(encoding="utf-8")))

pytestmark = [pytest.mark.usefixtures("refusals"), pytest.mark.timeout(3600 if KEPT else 600)]


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(Path(KEPT) if KEPT else tmp_path / "album")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    options = ("--open", "--port", str(port), "--executor", "process", "--workers", "2" if KEPT else "1")
    with process("serve", *options, environment=environment(tmp_path / "home", tmp_path / "latency.db")):
        url = f"http://127.0.0.1:{port}"
        with Client(url, patience_s=PATIENCE_S) as client:
            list(client.searches())  # asked until it answers
        yield url


def test_a_first_search_by_clicking(browser: Browser, url: str, heard: list[str], album: Album, tmp_path: Path) -> None:
    page = watched(browser.new_context(viewport=WINDOW, accept_downloads=True).new_page(), heard)
    dashboard = Dashboard(page, url).open()
    expect(dashboard.there("start-example")).to_be_visible()
    album.take(page, "empty")

    page.get_by_role("link", name="Describe your own").click()
    spec = quickstart() if KEPT else SPEC | {"max_trials": 4, "references": []}
    dashboard.there("spec-json").fill(json.dumps({"name": "first search", **spec}, indent=2))
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    album.take(page, "new")
    first = dashboard.submit()

    dashboard.expect_live()
    expect(dashboard.trial(spec["max_trials"] // 2)).to_contain_text("succeeded", timeout=PATIENCE_MS)
    album.take(page, "running")
    dashboard.expect_state("SUCCEEDED", timeout_ms=PATIENCE_MS)
    expect(dashboard.there("figures")).to_contain_text(f"{spec['max_trials']} of {spec['max_trials']}")
    album.take(page, "finished")

    path = dashboard.download("download", tmp_path)
    assert accuracy(path) > 0.5
    with Client(url, patience_s=PATIENCE_S) as client:
        (best, *_) = client.search(first).pareto().finalists
        assert accuracy(path) == pytest.approx(best.metrics["test_accuracy"], abs=0.001)

    dashboard.trial(best.trial).click()
    expect(dashboard.there("inspector")).to_contain_text(f"Trial {best.trial}")
    dashboard.there("diagram").first.scroll_into_view_if_needed()
    album.take(page, "trial")

    page.keyboard.press("Home")
    dashboard.there("fork").click()
    dashboard.there("field-name").fill("with another seed")
    dashboard.there("spec-json").fill(json.dumps({**spec, "name": "another seed", "seed": 1, **LASTING}))
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    second = dashboard.submit()
    expect(dashboard.trial(2)).to_contain_text("succeeded", timeout=PATIENCE_MS)
    dashboard.open()
    expect(dashboard.listed(second).get_by_test_id("state")).to_have_text("running")
    expect(dashboard.listed(first).get_by_test_id("state")).to_have_text("finished")
    album.take(page, "searches")
    with Client(url, patience_s=PATIENCE_S) as client:
        client.search(second).cancel()

    dashboard.open("/nowhere")
    expect(dashboard.there("not-found")).to_be_visible()
    album.take(page, "not-found")
    dashboard.open("/searches/srch_00000000000000000000000000")
    expect(dashboard.there("failure")).to_be_visible()
    album.take(page, "failure")
    with served(tmp_path / "locked", open_=False) as locked:
        Dashboard(page, locked.url).open()
        expect(dashboard.there("login")).to_be_visible()
        album.take(page, "login")
    page.context.close()
    assert set(album.names) == SHOWN, "docs/dashboard.md shows each page, and `make screenshots` takes its picture"


def quickstart() -> dict[str, Any]:
    """The search of the README."""
    spec: dict[str, Any] = yaml.safe_load((ROOT / "examples/quickstart.yaml").read_text(encoding="utf-8"))
    return spec


def accuracy(path: Path) -> float:
    """Of a downloaded network, on the test images it never saw."""
    images = load("fashion_mnist_mini", seed=0)
    session = onnxruntime.InferenceSession(path)
    x = (images.test.images / 255 - images.mean) / images.std
    (scores,) = session.run(None, {"image": x.transpose(0, 3, 1, 2).astype(np.float32)})
    return float((scores.argmax(1) == images.test.labels).mean())
