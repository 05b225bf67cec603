"""docs/photos.md from top to bottom: the commands that it shows, on a few photos, the same by clicks, and its page.

The search that is suggested is cut to seconds. `make screenshots` runs this with a folder NAS_SCREENSHOTS_PHOTOS, into
which it puts the pictures of the page.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import yaml
from album import Album
from documented import ROOT, blocks
from pages import OVERFLOW, Dashboard, watched
from PIL import Image
from playwright.sync_api import expect
from processes import PATIENCE_S
from whole_service import SPEC, environment, free_port, process

from api.client import Client
from nas.dataset import load
from nas.export import with_pixel_input
from nas.spec import load_spec

BIN = Path(sys.executable).parent
PAGE = ROOT / "examples" / "photos"
SHOWN = [block for block in blocks(ROOT / "docs" / "photos.md") if block.language == "console"]
COMMANDS = [command for block in SHOWN for command in block.commands]
CLASSES = {"bag": 8, "sneaker": 7, "trouser": 1}
COUNT, SIDE = 40, 64
SUGGESTED_MS = 600_000
"""Patience for a suggestion on a busy machine."""
SHORT = {
    "space": SPEC["space"] | {"channels": 3},
    "evaluator": {"name": "train", "epochs": 1},
    "max_trials": 2,
    "parallel": 1,
    "finalists": {"count": 1, "epochs": 8},
    "references": [],
}
KEPT = os.environ.get("NAS_SCREENSHOTS_PHOTOS")


def photos(folder):
    """Pictures of three kinds of things that can be told apart, coloured as paper ages."""
    images = load("fashion_mnist_mini", seed=0)
    for name, label in CLASSES.items():
        (folder / name).mkdir(parents=True)
        for number, at in enumerate(np.flatnonzero(images.train.labels == label)[:COUNT], 412):
            grey = Image.fromarray(255 - images.train.images[at, :, :, 0]).resize(
                (SIDE, SIDE), Image.Resampling.BICUBIC
            )
            tinted = np.asarray(grey)[:, :, np.newaxis] * np.array([1.0, 0.97, 0.9])
            Image.fromarray(tinted.astype(np.uint8)).save(folder / name / f"IMG_{number:04}.jpg", quality=95)


class Reader:
    """Who types what the tutorial shows, in a folder of photos."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = environment(
            folder / "home", folder / "latency.db", PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", NAS_NOISY="1"
        )
        photos(folder / "photos")
        shutil.copytree(PAGE, folder / "examples/photos", ignore=shutil.ignore_patterns("node_modules"))

    def types(self, begin, more=""):
        """What the one command of the tutorial that begins so prints."""
        (command,) = [command for command in COMMANDS if command.startswith(begin)]
        models = [path.name for path in (self.folder / "runs/photos").glob("model-*.onnx")]
        here = re.sub(r"model-[0-9a-f]{16}\.onnx", models[0] if models else "", command)
        given = {"cwd": self.folder, "env": self.environment, "timeout": PATIENCE_S}
        done = subprocess.run(["/bin/sh", "-c", f"{here} {more}"], **given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{here}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    found = Reader(tmp_path_factory.mktemp("tutorial"))
    assert "bag, sneaker, trouser" in found.types("nas data show")
    suggested = found.types("nas space suggest")
    spec = load_spec(found.folder / "photos.yaml")
    assert (spec.space, spec.dataset["name"]) == ({"name": "photos", "resolution": SIDE}, "folder")
    assert spec.objective["target_latency_ms"] == 0.5
    assert re.search(r"->\s+photos\s+64\s", suggested)
    assert spec.finalists.epochs > 20, "few images need many epochs"
    written = yaml.safe_load((found.folder / "photos.yaml").read_text())
    (found.folder / "photos.yaml").write_text(yaml.safe_dump(written | SHORT))
    found.types("nas run")
    found.types("cp ")
    return found


@pytest.fixture
def dashboard(browser, reader, heard, tmp_path):
    """A tab on a service of its own, which knows what this machine measured for the reader."""
    port = free_port()
    options = ("--open", "--port", str(port), "--executor", "process", "--workers", "1")
    home = {"NAS_HOME": str(tmp_path / "home")}
    context = browser.new_context(viewport={"width": 1280, "height": 960})
    with process("serve", *options, environment=reader.environment | home):
        url = f"http://127.0.0.1:{port}"
        with Client(url, patience_s=PATIENCE_S) as client:
            list(client.searches())  # asked until it answers
        yield Dashboard(watched(context.new_page(), heard), url)
    context.close()


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("refusals")
def test_the_same_by_clicks(dashboard, reader, tmp_path):
    """The form is filled by clicks alone; then it is cut to seconds, and started."""
    shutil.make_archive(str(tmp_path / "photos"), "zip", reader.folder / "photos")
    dashboard.open("/new")
    dashboard.there("upload").set_input_files(tmp_path / "photos.zip")
    expect(dashboard.there("field-dataset.path")).to_have_value(re.compile("^uploads/"))
    dashboard.there("field-objective.target_latency_ms").fill("0.5")
    dashboard.there("hours").fill("1")
    dashboard.there("suggest-spec").click()
    expect(dashboard.there("suggested")).to_contain_text("The form is filled with it", timeout=SUGGESTED_MS)

    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    expect(dashboard.there("suggestion-state")).not_to_contain_text("was changed since")
    filled = json.loads(dashboard.there("spec-json").input_value())
    assert filled["space"] == {"name": "photos", "resolution": SIDE}
    assert filled["dataset"]["path"].startswith("uploads/")
    assert filled["finalists"]["epochs"] > 20, "few images need many epochs"
    dashboard.there("spec-json").fill(json.dumps(filled | SHORT))
    expect(dashboard.there("check")).to_have_attribute("data-valid", "true")
    assert dashboard.submit().startswith("srch_")


@pytest.fixture(scope="module")
def said(reader):
    """What the Python script says of a picture: class and probability."""
    line = reader.types("python examples/photos/classify.py")
    return re.fullmatch(r"photos/bag/IMG_0412\.jpg: (\w+) ([\d.]+)%\n", line).groups()


def test_the_script_names_a_class(said):
    assert said[0] in CLASSES
    assert 100 / 3 < float(said[1]) <= 100


@pytest.fixture(scope="module")
def served(reader):
    """The address of the page."""
    if not (PAGE / "node_modules/onnxruntime-web").is_dir():
        pytest.skip("needs onnxruntime-web: `npm ci --prefix examples/photos`")
    (reader.folder / "examples/photos/node_modules").symlink_to(PAGE / "node_modules")
    (command,) = [command for command in COMMANDS if "http.server" in command]
    port = free_port()
    words = [sys.executable, *command.replace("8080", str(port)).split()[1:]]
    with subprocess.Popen(words, cwd=reader.folder, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def wait_for(url):
    latest = time.monotonic() + PATIENCE_S
    while time.monotonic() < latest:
        with contextlib.suppress(OSError), urlopen(url):  # noqa: S310 - of this test
            return
        time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture
def page(browser, heard):
    """A tab on the page."""
    context = browser.new_context(viewport={"width": 560, "height": 680})
    yield watched(context.new_page(), heard)
    context.close()


@pytest.mark.parametrize("taken", ["float32", "uint8"])
def test_the_page_and_the_script_agree(page, reader, served, said, taken):
    """Also with a file that prepares pictures itself."""
    model = reader.folder / "examples/photos/model.onnx"
    if taken == "uint8":
        images = load({"name": "folder", "path": str(reader.folder / "photos"), "size": SIDE}, seed=0)
        model.write_bytes(with_pixel_input(model.read_bytes(), images).file)
    page.goto(served)
    page.locator("#file").set_input_files(reader.folder / "photos/bag/IMG_0412.jpg")

    rows = page.locator("#classes li")
    expect(rows).to_have_count(len(CLASSES))
    name, _, share = rows.first.locator("> *").all()
    assert name.text_content() == said[0]
    assert float(share.text_content().removesuffix(" %")) == pytest.approx(float(said[1]), abs=2)
    page.set_viewport_size({"width": 390, "height": 680})
    assert page.evaluate(OVERFLOW) == 0
    if KEPT and taken == "float32":
        page.set_viewport_size({"width": 560, "height": 680})
        Album(Path(KEPT)).take(page, "page")


def test_a_file_that_the_browser_cannot_read_is_named_and_shows_no_old_result(page, reader, served):
    page.goto(served)
    page.locator("#file").set_input_files(reader.folder / "photos/bag/IMG_0412.jpg")
    rows, status = page.locator("#classes li"), page.get_by_role("status")
    expect(rows).to_have_count(len(CLASSES))
    (reader.folder / "IMG_1.heic").write_bytes(b"of a phone")

    page.locator("#file").set_input_files(reader.folder / "IMG_1.heic")
    expect(status).to_contain_text("cannot read IMG_1.heic")
    expect(rows).to_have_count(0)

    page.locator("#file").set_input_files(reader.folder / "photos/bag/IMG_0413.jpg")
    expect(rows).to_have_count(len(CLASSES))
    expect(status).not_to_have_class("wrong")


@pytest.mark.usefixtures("refusals")
def test_a_page_without_a_model_says_so(page, reader, served):
    model = reader.folder / "examples/photos/model.onnx"
    aside = model.rename(model.with_suffix(".aside"))
    page.goto(served)

    expect(page.get_by_role("status")).to_contain_text("copy yours here")
    expect(page.locator("#file")).to_be_disabled()

    aside.rename(model)
