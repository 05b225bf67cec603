"""The pages of images, devices and keys, and what a search's page keeps in its address."""

import re

import pytest
from archives import class_folders, packed
from filling import MNASNET, Filling
from pages import Dashboard
from playwright.sync_api import Route, expect
from serving import Served
from teachers import teacher


@pytest.fixture
def agreeing(dashboard: Dashboard) -> Dashboard:
    """Says yes to every question of the page."""
    dashboard.page.on("dialog", lambda dialog: dialog.accept())
    return dashboard


@pytest.mark.usefixtures("refusals")  # whether the service has the images is asked first
def test_uploaded_images_are_shown_searched_on_and_deleted(agreeing: Dashboard) -> None:
    agreeing.open("/data")
    archive = {
        "name": "my pets.zip",
        "mimeType": "application/zip",
        "buffer": packed(".zip", class_folders("cat", "dog")),
    }

    agreeing.there("upload").set_input_files(archive)  # type: ignore[arg-type]  # Playwright's form of a file

    card = agreeing.there("uploaded")
    expect(card).to_contain_text("my pets")
    expect(card).to_contain_text("cat, dog")
    agreeing.there("search-on").click()
    expect(agreeing.there("field-dataset.path")).to_have_value(re.compile("^uploads/"))
    expect(agreeing.page.locator("datalist option[label='my pets']")).to_have_count(1)
    agreeing.open("/data")
    agreeing.there("delete-upload").click()
    expect(agreeing.there("uploaded")).to_have_count(0)


@pytest.mark.usefixtures("refusals")
def test_an_upload_that_is_cut_off_goes_on_where_it_was(agreeing: Dashboard) -> None:
    agreeing.open("/data")
    starts: list[int] = []

    def cut(route: Route) -> None:
        starts.append(int(re.search(r"[?&]start=(\d+)", route.request.url)[1]))  # type: ignore[index]  # it is there
        route.abort() if starts[-1] and starts.count(starts[-1]) == 1 else route.continue_()

    agreeing.page.route("**/archive?*", cut)
    content = packed(".zip", class_folders("cat", "dog", count=5, side=700))
    archive = {"name": "large pets.zip", "mimeType": "application/zip", "buffer": content}
    agreeing.there("upload").set_input_files(archive)  # type: ignore[arg-type]  # Playwright's form of a file

    expect(agreeing.there("uploaded")).to_contain_text("cat, dog")
    piece = starts[-1]
    assert 0 < piece < len(content)
    assert starts == [0, 0, piece, piece], "first it is asked what has arrived"
    agreeing.there("delete-upload").click()
    expect(agreeing.there("uploaded")).to_have_count(0)


@pytest.mark.usefixtures("refusals")
def test_a_teacher_is_sent_by_the_form_and_named_by_its_search(dashboard: Dashboard, service: Served) -> None:
    dashboard.open("/new")
    model = {"name": "big one.onnx", "mimeType": "application/octet-stream", "buffer": teacher()}

    dashboard.there("teacher").set_input_files(model)  # type: ignore[arg-type]  # Playwright's form of a file

    expect(dashboard.there("teacher-said")).to_contain_text("input ?")
    expect(dashboard.there("field-teacher.model")).to_have_value(re.compile("^teachers/[0-9a-f]{64}/big_one.onnx$"))
    told = {"name": "big_one.onnx", "images": 1500, "accuracy": 0.93, "accuracy_low": 0.916, "accuracy_high": 0.942}
    told |= {"weight": 0.5, "temperature": 4.0, "trials": True, "finalists": True, "notes": ["its classes are named"]}
    search = Filling(service.ledger, "taught").begin(more={"teacher": told})
    dashboard.open_search(search.id)
    facts = dashboard.page.locator(".fact-groups > div").filter(has_text="Teacher")
    for words in ("big_one.onnx", "93.0", "91.6", "trials, finalists and references", "its classes are named"):
        expect(facts).to_contain_text(words)


def test_a_machine_is_added_renewed_and_removed(agreeing: Dashboard) -> None:
    agreeing.open("/devices")
    expect(agreeing.there("device").first).to_contain_text("local-cpu-1t")

    agreeing.there("new-device").fill("pocket")
    agreeing.there("new-device").press("Enter")

    first = agreeing.there("token").locator("code").inner_text()
    assert first.startswith("nas_")
    agreeing.there("renew").click()
    expect(agreeing.there("token").locator("code")).not_to_have_text(first)
    agreeing.there("remove").click()
    expect(agreeing.there("agent")).to_have_count(0)


def test_a_key_is_made_and_revoked(agreeing: Dashboard) -> None:
    agreeing.open("/keys")
    agreeing.there("new-key").fill("of a script")
    agreeing.there("new-key").press("Enter")

    expect(agreeing.there("token")).to_contain_text("nas_")
    row = agreeing.there("key").filter(has_text="of a script")
    row.get_by_test_id("revoke").click()
    expect(row).to_contain_text("revoked")


def test_a_search_keeps_order_and_choice_in_its_address_and_is_deleted(agreeing: Dashboard, service: Served) -> None:
    filling = Filling(service.ledger, "sorted", max_trials=8, seed=5).begin(MNASNET)
    for _ in range(6):
        filling.trial()
    filling.finish()
    agreeing.open_search(filling.id)

    agreeing.page.get_by_role("button", name="reward", exact=True).click()
    agreeing.there("show").select_option("front")

    expect(agreeing.page).to_have_url(re.compile("sort=-reward&show=front"))
    agreeing.page.reload()
    expect(agreeing.there("show")).to_have_value("front")
    expect(agreeing.page.locator("th[aria-sort=descending]")).to_have_text("reward")
    expect(agreeing.page.locator("time").first).to_have_attribute("title", re.compile(r"\d:\d\d:\d\d"))
    agreeing.there("delete").click()
    expect(agreeing.page).to_have_url(re.compile(r"^http://[^/]+/$"))
    expect(agreeing.listed(filling.id)).to_have_count(0)
