"""The dashboard on the real API and a real ledger, in a real browser."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from filling import MNASNET, Filling
from pages import Dashboard
from playwright.sync_api import expect
from serving import Served

from nas.jobs.records import File
from nas.service.artifact_store import ArtifactStore

HOSTILE = '<img src=x onerror="document.title=1"> & co'


def finished(service: Served, name: str = "finished") -> Filling:
    filling = Filling(service.ledger, name).begin()
    for _ in range(10):
        filling.trial()
    filling.finish()
    for row in service.ledger.trials.results(filling.id)["finalists"]:
        ArtifactStore(service.settings.artifacts, service.ledger.artifacts).add(Filling.content(row["file"]))
    return filling


def test_list_tells_how_searches_stand_and_filters_them(dashboard: Dashboard, service: Served) -> None:
    done = finished(service, "shoes")
    waiting = Filling(service.ledger, HOSTILE, labels={"team": "vision"})
    service.ledger.searches.request(waiting.id, "pause")
    dashboard.open()
    row = dashboard.listed(done.id)
    expect(row.get_by_test_id("state")).to_have_text("finished")
    expect(row.locator("svg.thumbnail .front-mark, svg.thumbnail .best-mark").first).to_be_visible()
    expect(row).to_contain_text("10 / 24")
    expect(dashboard.listed(waiting.id)).to_contain_text(HOSTILE)
    dashboard.there("filter-text").fill("shoes")
    expect(dashboard.listed(waiting.id)).to_have_count(0)
    expect(dashboard.page).to_have_url(re.compile("text=shoes"))
    dashboard.there("filter-text").fill("")
    dashboard.there("filter-state").select_option("PAUSED")
    expect(dashboard.listed(done.id)).to_have_count(0)
    expect(dashboard.listed(waiting.id)).to_be_visible()


def test_list_says_whose_the_disk_is_and_deletes_an_upload(dashboard: Dashboard, service: Served) -> None:
    finished(service, "takes space")
    folder = service.settings.uploads / ("f" * 64)
    folder.mkdir(parents=True)
    facts = {"classes": ["cat", HOSTILE], "images": 1200, "parts": {"train": 1200}, "sizes": {"min": 8, "max": 8}}
    about = {"name": "folder", "path": f"uploads/{folder.name}", "ignored": 0, **facts}
    (folder / "upload.json").write_text(json.dumps(about))
    dashboard.open()
    dashboard.there("disk").locator("summary").click()
    expect(dashboard.there("disk-sizes")).to_contain_text("searches")
    expect(dashboard.there("disk-sizes")).to_contain_text("free")
    expect(dashboard.there("uploaded")).to_contain_text(HOSTILE)
    dashboard.page.on("dialog", lambda dialog: dialog.accept())
    dashboard.there("delete-upload").click()
    expect(dashboard.there("uploaded")).to_have_count(0)
    assert not folder.exists()


def test_list_follows_without_a_click(dashboard: Dashboard, service: Served) -> None:
    dashboard.open("/?text=late-comer")
    expect(dashboard.there("no-match")).to_be_visible()
    late = Filling(service.ledger, "late-comer")
    expect(dashboard.listed(late.id)).to_be_visible()


def test_first_search_is_one_click_away(dashboard: Dashboard, service: Served) -> None:
    nothing = json.dumps({"items": [], "next_page_token": None})
    dashboard.page.route("**/v1/searches?*", lambda route: route.fulfill(body=nothing, content_type="application/json"))
    dashboard.open()
    for way, word in (("curl", "curl http"), ("CLI", "nas search submit"), ("Python", "from api.client import Client")):
        dashboard.there(f"tab-{way}").click()
        expect(dashboard.page.get_by_role("tabpanel")).to_contain_text(word)
    dashboard.there("tab-curl").click()
    said = subprocess.run(
        ["/bin/sh", "-c", dashboard.page.get_by_role("tabpanel").locator("code").inner_text()],
        check=True,
        capture_output=True,
        text=True,
    )
    same = json.loads(said.stdout)
    service.ledger.searches.request(same["id"], "cancel")
    search = service.ledger.searches.get(dashboard.start_example())
    assert search.spec == same["spec"]
    dashboard.expect_state("QUEUED")
    assert search.spec["max_trials"] == 16
    service.ledger.searches.request(search.id, "cancel")
    dashboard.expect_state("CANCELLED")


@pytest.mark.usefixtures("refusals")
def test_form_shows_faults_at_their_fields_and_starts_the_search(dashboard: Dashboard, service: Served) -> None:
    dashboard.open("/new")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    dashboard.there("field-objective").select_option("tunas")
    dashboard.there("field-objective.target_latency_ms").fill("0.2")
    dashboard.there("field-max_trials").fill("0")
    expect(dashboard.there("fault-max_trials")).to_contain_text("1")
    expect(dashboard.there("submit")).to_be_disabled()
    dashboard.there("field-max_trials").fill("12")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    draft = json.loads(dashboard.there("spec-json").input_value())
    assert draft["objective"] == {"name": "tunas", "target_latency_ms": 0.2}
    search = service.ledger.searches.get(dashboard.submit())
    assert search.spec["objective"]["name"] == "tunas"
    assert search.max_trials == 12
    service.ledger.searches.request(search.id, "cancel")


@pytest.mark.usefixtures("refusals")
def test_finalists_are_compressed_by_a_preset_that_is_chosen(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    preset = dashboard.there("field-finalists.compression.preset")
    dashboard.page.get_by_role("group").filter(has=preset).locator("summary").click()
    expect(preset).to_have_value("")
    preset.select_option("mixed")
    dashboard.there("field-finalists.compression.max_bytes").fill("20000")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    draft = json.loads(dashboard.there("spec-json").input_value())
    assert draft["finalists"]["compression"] == {"preset": "mixed", "max_bytes": 20000}
    preset.select_option("ttq")
    expect(dashboard.there("check")).to_contain_text("max_bytes is for plans with a stage allocate")
    dashboard.there("field-finalists.compression.max_bytes").fill("")
    preset.select_option("int8")
    dashboard.there("field-finalists.compression.max_latency_ms").fill("0.5")
    expect(dashboard.there("check")).to_contain_text("max_latency_ms and latency_device go together")
    dashboard.there("field-finalists.compression.latency_device").fill("local-cpu-1t")
    fault = dashboard.there("fault-finalists.compression.latency_device")
    expect(fault).to_contain_text("name one in integers as local-onnxruntime_cpu-int8-1t")
    dashboard.there("field-finalists.compression.latency_device").fill("local-onnxruntime_cpu-int8-1t")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    dashboard.there("field-finalists.compression.max_latency_ms").fill("")
    dashboard.there("field-finalists.compression.latency_device").fill("")
    preset.select_option("none")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    assert "compression" not in json.loads(dashboard.there("spec-json").input_value()).get("finalists", {})


@pytest.mark.usefixtures("refusals")
def test_pasted_spec_fills_the_form(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    pasted = {"dataset": {"name": "folder", "path": "nowhere"}, "searcher": {"name": "random"}, "seed": 7}
    dashboard.there("spec-json").fill(json.dumps(pasted))
    expect(dashboard.there("field-dataset.path")).to_have_value("nowhere")
    expect(dashboard.there("field-searcher")).to_have_value("random")
    dashboard.there("spec-json").fill("{")
    expect(dashboard.there("check")).to_contain_text("not JSON")
    expect(dashboard.there("submit")).to_be_disabled()


def test_fork_starts_from_the_parent_s_spec(dashboard: Dashboard, service: Served) -> None:
    parent = finished(service, "parent")
    dashboard.open_search(parent.id)
    dashboard.there("fork").click()
    expect(dashboard.there("field-name")).to_have_value("parent (fork)")
    dashboard.there("field-max_trials").fill("5")
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    fork = service.ledger.searches.get(dashboard.submit())
    assert (fork.parent_id, fork.max_trials) == (parent.id, 5)
    service.ledger.searches.request(fork.id, "cancel")


def test_live_page_shows_each_trial_as_it_comes(dashboard: Dashboard, service: Served) -> None:
    filling = Filling(service.ledger, "live").begin(MNASNET)
    dashboard.open_search(filling.id)
    dashboard.expect_live()
    expect(dashboard.there("pareto")).to_contain_text("No candidate is known yet")
    for number in range(3):
        filling.trial()
        expect(dashboard.trial(number)).to_contain_text("succeeded")
    running = filling.ask()
    filling.owner.started(running, "worker-1")
    expect(dashboard.trial(running)).to_contain_text("running")
    filling.tell(running, None, "DivergedError: the loss is nan")
    expect(dashboard.trial(running)).to_contain_text("failed")
    expect(dashboard.page.locator(".plot .iso").first).to_be_attached()
    dashboard.there("pause").click()
    dashboard.expect_state("PAUSING")
    filling.owner.end("PAUSED")
    dashboard.expect_state("PAUSED")
    expect(dashboard.there("resume")).to_be_visible()


def test_one_selection_links_table_plot_network_and_address(dashboard: Dashboard, service: Served) -> None:
    search = finished(service, "linked")
    dashboard.open_search(search.id)
    dashboard.trial(4).click()
    expect(dashboard.there("inspector")).to_contain_text("Trial 4")
    expect(dashboard.there("diagram").first).to_contain_text("conv")
    expect(dashboard.page.locator(".plot .selected-ring")).to_be_visible()
    expect(dashboard.page).to_have_url(re.compile(r"\?trial=4$"))
    plot = dashboard.there("pareto").get_by_role("group")
    plot.focus()
    plot.press("ArrowRight")  # the fastest trial
    plot.press("Enter")
    fastest = min(service.ledger.trials.page(search.id), key=lambda trial: trial.metrics["latency_ms"]).number
    expect(dashboard.there("inspector")).to_contain_text(f"Trial {fastest}")
    expect(dashboard.trial(fastest)).to_have_attribute("aria-selected", "true")
    dashboard.there("close").click()
    expect(dashboard.page).not_to_have_url(re.compile("trial="))


def test_columns_are_chosen_and_kept_in_the_address(dashboard: Dashboard, service: Served) -> None:
    dashboard.open_search(finished(service, "in few columns").id)
    heads = dashboard.there("trials").locator("thead th")
    every = heads.count()
    dashboard.there("columns").locator("summary").click()
    for key in ("state", "reward"):
        dashboard.there(f"column-{key}").uncheck()
    expect(heads).to_have_count(every - 2)
    dashboard.page.keyboard.press("Escape")
    expect(dashboard.there("column-macs")).to_be_hidden()

    dashboard.page.set_viewport_size({"width": 390, "height": 800})
    dashboard.page.reload()
    expect(heads).to_have_count(every - 2)
    expect(heads.last).to_be_visible()
    dashboard.there("columns").locator("summary").click()
    dashboard.expect_no_overflow()
    for key in ("state", "reward"):
        dashboard.there(f"column-{key}").check()
    expect(dashboard.page).not_to_have_url(re.compile("columns="))


def test_finalist_is_taken_away_as_a_file(dashboard: Dashboard, service: Served, tmp_path: Path) -> None:
    search = finished(service, "to take away")
    dashboard.open_search(search.id)
    path = dashboard.download("download", tmp_path)
    assert path.suffix == ".onnx"
    assert path.read_bytes() == Filling.content(path.name)


def test_export_is_followed_until_its_file_is_there(dashboard: Dashboard, service: Served, tmp_path: Path) -> None:
    filling = Filling(service.ledger, "to export").begin()
    filling.trial()
    dashboard.open_search(filling.id, "?trial=0")
    dashboard.there("export").click()
    expect(dashboard.there("export-state")).to_contain_text("waits")
    claim = service.ledger.claims.claim_export("worker")
    assert claim is not None
    expect(dashboard.there("export-state")).to_contain_text("trained")
    name = f"model-{claim.export.id}.onnx"
    sha256, size = ArtifactStore(service.settings.artifacts, service.ledger.artifacts).add(Filling.content(name))
    file = File("onnx", name, "application/octet-stream", sha256, size)
    service.ledger.claims.end_export(claim.lease, "SUCCEEDED", file=file)
    path = dashboard.download("trial-download", tmp_path)
    assert path.read_bytes() == Filling.content(name)


@pytest.mark.usefixtures("refusals")
def test_a_cut_shows_and_heals_without_gap_or_double(dashboard: Dashboard, service: Served) -> None:
    filling = Filling(service.ledger, "cut off").begin()
    filling.trial()
    dashboard.open_search(filling.id)
    dashboard.expect_live()
    service.stop()
    expect(dashboard.there("connection")).to_have_attribute("data-state", "reconnecting")
    for _ in range(3):
        filling.trial()
    service.start()
    dashboard.expect_live()
    expect(dashboard.there("trial-row")).to_have_count(4)
    expect(dashboard.there("figures")).to_contain_text("4 of 24")
