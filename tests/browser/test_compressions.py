"""A search's winner made smaller by clicking: a whole service, two presets, and files that run in ONNX Runtime."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from pages import Dashboard, watched
from playwright.sync_api import Browser, Locator, expect
from processes import PATIENCE_S
from whole_service import SPEC, environment, free_port, process

from api.client import Client
from nas.compressing.files import unpacked
from nas.compression.presets import PRESETS
from nas.dataset import load

PATIENCE_MS = 240_000
FIRST = "deep-compression"
SECOND = "ttq"
SEARCH = {**SPEC, "max_trials": 1, "references": []}

pytestmark = [pytest.mark.usefixtures("refusals"), pytest.mark.timeout(600)]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    options = ("--open", "--port", str(port), "--executor", "process", "--workers", "1")
    with process("serve", *options, environment=environment(tmp_path / "home", tmp_path / "latency.db")):
        url = f"http://127.0.0.1:{port}"
        with Client(url, patience_s=PATIENCE_S) as client:
            client.submit(SEARCH).wait()
        yield url


def test_the_winner_is_compressed_by_two_presets(browser: Browser, url: str, heard: list[str], tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 960}, accept_downloads=True)
    dashboard = Dashboard(watched(context.new_page(), heard), url).open()
    dashboard.there("search-row").first.get_by_role("link").first.click()
    dashboard.expect_state("SUCCEEDED", timeout_ms=PATIENCE_MS)
    dashboard.trial(0).click()
    for preset in (FIRST, SECOND):
        dashboard.there("preset").select_option(preset)
        dashboard.there("compression-epochs").fill("1")
        dashboard.there("compress").click()
        expect(shown(dashboard, preset)).to_have_attribute("data-state", "SUCCEEDED", timeout=PATIENCE_MS)
    for preset in (FIRST, SECOND):
        card = shown(dashboard, preset)
        expect(card.get_by_test_id("compression-outcome")).to_contain_text("times smaller")
        expect(card.get_by_test_id("stack")).to_have_count(1 + len(PRESETS[preset]["stages"]))
        compressed, onnx = (saved(dashboard, card, kind, tmp_path) for kind in ("naz", "unpacked"))
        report = report_of(url, preset)
        assert compressed.stat().st_size == report["size_bytes"] == sum(report["stages"][-1]["sizes"].values())
        assert unpacked(compressed.read_bytes()) == onnx.read_bytes()
        assert accuracy(onnx) == pytest.approx(report["test_accuracy"], abs=0.001)
    dashboard.expect_no_overflow()
    dashboard.page.set_viewport_size({"width": 380, "height": 800})
    dashboard.expect_no_overflow()
    dashboard.page.reload()
    expect(dashboard.there("compression")).to_have_count(2)
    context.close()


def shown(dashboard: Dashboard, preset: str) -> Locator:
    """What the page says of the compression by a preset."""
    return dashboard.page.locator(f'[data-testid="compression"][data-preset="{preset}"]')


def saved(dashboard: Dashboard, card: Locator, kind: str, folder: Path) -> Path:
    """Click a download; returns the file."""
    with dashboard.page.expect_download() as found:
        card.get_by_test_id(f"download-{kind}").click()
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path


def report_of(url: str, preset: str) -> dict[str, Any]:
    """The report of the compression, as the service has it."""
    with Client(url, patience_s=PATIENCE_S) as client:
        (search,) = client.searches()
        (export,) = (each for each in search.exports(0) if (each.compression or {}).get("preset") == preset)
    return export.report or {}


def accuracy(path: Path) -> float:
    """Of a downloaded network, on the test images it never saw."""
    images = load("fashion_mnist_mini", seed=0)
    x = (images.test.images / 255 - images.mean) / images.std
    (scores,) = onnxruntime.InferenceSession(path).run(None, {"image": x.transpose(0, 3, 1, 2).astype(np.float32)})
    return float((scores.argmax(1) == images.test.labels).mean())
