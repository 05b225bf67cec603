"""A proxy check from the form of a new search: asked for, followed, its result looked at."""

import io
import json
import os
from pathlib import Path

import numpy as np
from album import Album
from pages import Dashboard
from PIL import Image
from playwright.sync_api import Locator, expect
from serving import Served

from nas.jobs.inquiries.record import InquiryState
from nas.proxy.candidates import Drawn
from nas.proxy.judgement import Proxy
from nas.proxy.summary import summary

KEPT = os.environ.get("NAS_SCREENSHOTS_PROXY")
SPEC = {"name": "of clothes", "dataset": "fashion_mnist_mini", "finalists": {"epochs": 8}}


def found():
    """What a check would find of ten networks whose longer training orders them a little otherwise."""
    rng = np.random.default_rng(0)
    proxy = np.sort(0.72 + 0.02 * np.arange(10) + 0.01 * rng.normal(size=10))
    longer = proxy + 0.05 + 0.04 * rng.normal(size=10)
    rows = [
        {
            "id": f"{number:016x}",
            "notation": "1x28x28: conv_8_k3 gap linear_10",
            "macs": 400_000 * (number + 1),
            "params": 1000 * (number + 1),
            "latency_ms": 0.02 * (number + 1),
            "proxy_accuracy": float(proxy[number]),
            "longer_accuracy": float(longer[number]),
        }
        for number in range(10)
    ]
    drawn = Drawn(200, {"space": 20, "device": 0, "limits": 80}, [])
    result = summary(rows, [0.80, 0.81, 0.79], drawn, Proxy(2, 8), repeated=rows[5]["id"], seed=0)
    return {**result, "cost": {"search_seconds": 4000.0, "cores": 2}}


def edges(region: Locator) -> tuple[float, float]:
    """How bright a region is at its left and its right edge: the middle of all pixels there, as few are of letters."""
    with Image.open(io.BytesIO(region.screenshot(animations="disabled"))) as image:
        pixels = np.asarray(image.convert("L"))
    return float(np.median(pixels[:, :3])), float(np.median(pixels[:, -3:]))


def test_a_check_is_followed_and_its_result_shown(dashboard: Dashboard, service: Served, tmp_path: Path) -> None:
    dashboard.open("/new")
    dashboard.there("spec-json").fill(json.dumps(SPEC))
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    dashboard.there("check-proxy").click()
    expect(dashboard.there("proxy-state")).to_have_attribute("data-state", "QUEUED")

    checks = service.ledger.inquiries
    claim = checks.claim("the test")
    assert "name" not in claim.inquiry.spec
    progress = {"phase": "TRAINING", "what": "trainings", "done": 3, "total": 12, "left_s": 240.0}
    checks.renew(claim.lease, progress=progress)
    expect(dashboard.there("proxy-state")).to_contain_text("about 4")
    checks.end(claim.lease, InquiryState.SUCCEEDED, result=found())

    expect(dashboard.there("proxy-verdict")).to_have_attribute("data-verdict", found()["verdict"])
    expect(dashboard.there("proxy-networks").locator("tbody tr")).to_have_count(10)
    expect(dashboard.there("ranks").locator("path")).to_have_count(10)
    expect(dashboard.there("proxy-check")).to_contain_text(found()["reasons"][0])
    dashboard.there("proxy-check").scroll_into_view_if_needed()
    Album(Path(KEPT) if KEPT else tmp_path).take(dashboard.page, "proxy")
    dashboard.page.set_viewport_size({"width": 390, "height": 900})
    dashboard.expect_no_overflow()
    dashboard.there("proxy-verdict").scroll_into_view_if_needed()
    Album(Path(KEPT) if KEPT else tmp_path).take(dashboard.page, "proxy-narrow")

    table = dashboard.page.get_by_role("region", name="The networks of the check")
    left, right = edges(table)
    assert right < left, "there is more to the right, and it is shaded there"
    table.evaluate("region => region.scrollTo(region.scrollWidth, 0)")
    Album(Path(KEPT) if KEPT else tmp_path).take(dashboard.page, "proxy-scrolled")
    left, right = edges(table)
    assert left < right

    dashboard.page.reload()
    expect(dashboard.there("proxy-verdict")).to_have_attribute("data-verdict", found()["verdict"])
    expect(dashboard.there("field-finalists.epochs")).to_have_value("8")
    expect(dashboard.there("proxy-state")).not_to_contain_text("was changed since")

    dashboard.there("spec-json").fill(json.dumps({**SPEC, "seed": 1}))
    expect(dashboard.there("proxy-state")).to_contain_text("was changed since")


def test_a_check_is_cancelled(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    dashboard.there("spec-json").fill(json.dumps({**SPEC, "seed": 2}))
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    dashboard.there("check-proxy").click()
    dashboard.there("cancel-proxy").click()

    expect(dashboard.there("proxy-state")).to_have_attribute("data-state", "CANCELLED")
