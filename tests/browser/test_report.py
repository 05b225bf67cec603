"""The report in a real browser: it draws, runs its script under its own policy, and reports no error."""

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from report_record import early, record

from nas.report import report_html

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--hide-scrollbars", "--enable-logging=stderr"),
)
LIGHT, DARK = 1, 0


def browse(chromium: str, folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Opens source as a page, with what the page wrote to the console on stderr."""
    page = folder / "report.html"
    page.write_text(source, encoding="utf-8")
    command = [chromium, *QUIET, f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def console(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_page_is_drawn_in_the_reader_s_colours(chromium: str, tmp_path: Path, scheme: int) -> None:
    picture = tmp_path / "page.png"
    size, colours = "--window-size=1200,1600", f"--blink-settings=preferredColorScheme={scheme}"
    done = browse(chromium, tmp_path, report_html(record()), size, colours, f"--screenshot={picture}")
    assert console(done) == []
    with Image.open(picture) as image:
        grey = image.convert("L")
        corner, darkest_and_lightest = grey.getpixel((5, 5)), grey.getextrema()
        used = image.convert("RGB").getcolors(maxcolors=1 << 20)
    assert (corner > 200) == (scheme == LIGHT)
    assert darkest_and_lightest[1] - darkest_and_lightest[0] > 180
    assert used is not None
    assert len(used) > 200  # text, marks and fills: more than a blank page with a heading


def test_figures_are_drawn_and_tables_can_be_sorted(chromium: str, tmp_path: Path) -> None:
    """The plot with its finalists and references, the rewards, a diagram for each finalist; headings are buttons."""
    done = browse(chromium, tmp_path, report_html(record()), "--dump-dom")
    assert console(done) == []
    assert done.stdout.count('<button type="button">') == 8
    assert "Accuracy against latency of 3 trials" in done.stdout
    names = re.findall(r'class="name (finalist|reference)-name[^"]*"[^>]*>([^<]*)<', done.stdout)
    assert sorted(name for _, name in names) == [
        "MnasNet-A1",
        "MobileNetV2 1.0",
        "SqueezeNet 1.1",
        "trial 1",
        "trial 2",
    ]
    assert "The best reward is 0.9000, of trial 2." in done.stdout
    assert done.stdout.count('data-testid="diagram"') == 2


def test_early_page_has_no_errors(chromium: str, tmp_path: Path) -> None:
    assert console(browse(chromium, tmp_path, report_html(early()), "--dump-dom")) == []


def test_an_error_would_be_seen(chromium: str, tmp_path: Path) -> None:
    """The page's policy refuses a script that is not its own, and the console says so."""
    foreign = report_html(record()).replace("</main>", "</main><script>document.title = 'foreign'</script>")
    done = browse(chromium, tmp_path, foreign, "--dump-dom")
    assert any("Content Security Policy" in line for line in console(done))
    assert "<title>foreign" not in done.stdout
