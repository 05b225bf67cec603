"""The report's page: what it says, that it stands alone, and that a record cannot break it."""

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from report_record import HOSTILE, early, record

from nas.quantities import count, duration, exact, magnitude, milliseconds, percent, points, speed
from nas.report import figures, report_html
from nas.report.facts import spec_text
from nas.report.figures import built_figures
from nas.report.markup import Markup, join, tag
from nas.report.results import headline, outcome, ranked

VOID = {"meta", "link"}
PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u00d7": "x", "\u2212": "-", "\u2013": "-"})
"""Typographic signs to those of a keyboard."""


class Page(HTMLParser):
    """A page's text, tags and attributes; fails on an element that is not closed where it must be."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text += data + "\n"


def test_headline_is_the_best_finalist_within_the_target() -> None:
    """Finalist 2 is more accurate, but over the target of 0.1 ms."""
    assert headline(record())["trial"] == 1  # type: ignore[index]  # there are finalists
    text = Page(report_html(record())).text.translate(PLAIN)
    assert text.index("91.00") < text.index("96.00")
    assert "within the target of 0.100 ms" in text


def test_images_of_ones_own_are_called_by_their_name_at_its_head() -> None:
    """Not by the way that they were read."""
    own = record() | {"dataset": record()["dataset"] | {"name": "folder:my pets"}}

    assert "Architecture search: my pets on " in Page(report_html(own)).text


def test_finalists_stand_best_first_wherever_they_are_listed() -> None:
    """Of those within the target the most accurate, then by how much they exceed it; without a latency at the end."""
    given = record()
    within, beyond = given["finalists"]
    less = {**within, "trial": 0, "file": "less.onnx", "metrics": {**within["metrics"], "validation_accuracy": 0.5}}
    unmeasured = {**within, "trial": 4, "file": "unmeasured.onnx", "metrics": {"validation_accuracy": 0.99}}
    given["finalists"] = [unmeasured, beyond, less, within]
    source = report_html(given)

    order = [within["trial"], 0, beyond["trial"], 4]
    assert [row["trial"] for row in ranked(given["finalists"], {"latency_ms": 0.1})] == order
    assert [row["best"] for row in ranked(given["finalists"], {"latency_ms": 0.1})] == [True, False, False, False]
    links = [attrs["href"] for tag, attrs in Page(source).tags if tag == "a" and attrs["href"].endswith(".onnx")]
    assert links == [within["file"], "less.onnx", beyond["file"], "unmeasured.onnx"]
    drawn = json.loads(re.search(r'id="drawn">(.*?)</script>', source, re.DOTALL)[1])  # type: ignore[index]  # it is there
    assert [row["trial"] for row in drawn["finalists"]] == order
    assert source.count(">best<") == 1


@pytest.mark.parametrize(
    ("images", "accuracies", "said"),
    [
        (
            200,
            (0.9, 0.92, 0.91),
            "by 200 validation images, on which the 95 % interval of its accuracy overlaps those of 2",
        ),
        (200, (0.9, 0.7, 0.91), "overlaps that of another finalist: the choice between them is not sure"),
        (200, (0.9, 0.7, 0.5), None),
        (20_000, (0.9, 0.92, 0.91), None),
        (200, (0.9,), None),
    ],
)
def test_a_choice_by_few_validation_images_is_said_to_be_unsure(images, accuracies, said) -> None:
    """One beyond the target is no rival, as it was not chosen for its latency."""
    given = record()
    within, beyond = given["finalists"]
    given["dataset"]["validation"] = images
    given["finalists"] = [{**beyond, "metrics": {**beyond["metrics"], "validation_accuracy": 0.9}}]
    for trial, accuracy in enumerate(accuracies, 10):
        given["finalists"].append(
            {**within, "trial": trial, "metrics": {**within["metrics"], "validation_accuracy": accuracy}}
        )

    best, *others = (row["choice_note"] for row in outcome(given, {"latency_ms": 0.1})["finalists"])
    text = Page(report_html(given)).text

    assert others == [None] * len(accuracies)
    assert (said in best and f"{best}." in text) if said else best is None
    assert ("Test accuracy was not used to choose" in text) == bool(said)


def test_a_choice_by_balanced_accuracy_is_unsure_by_its_interval() -> None:
    given = record()
    within = given["finalists"][0]
    given["dataset"]["validation"] = 200
    given["finalists"] = [
        {
            **within,
            "ranked_by": "validation_balanced_accuracy",
            "metrics": {**within["metrics"], "validation_balanced_accuracy": accuracy},
        }
        for accuracy in (0.9, 0.6)
    ]

    assert outcome(given, {"latency_ms": 0.1})["finalists"][0]["choice_note"] is None


def test_the_best_finalist_is_compared_with_each_reference_as_tested() -> None:
    """0.4 / 0.085 is 4.7. On 5,000 images 91 % is clearly less than 93 %, and not clearly more than 90.5 %."""
    text = Page(report_html(record())).text.translate(PLAIN)
    assert "4.7x faster" in text
    assert text.count("-2.00 points of test accuracy") == 2  # in the headline, and beside the bar
    assert text.count("no clear difference in test accuracy") == 1
    assert "+0.50 points" not in text
    assert "91.00 % (90.2 to 91.8)" in text
    assert "this reference was not trained" in text


def test_few_test_images_allow_no_claim() -> None:
    """The same accuracies as before, of 86 images each."""
    given = record()
    given["dataset"]["test"] = 86
    found = outcome(given, {"latency_ms": 0.1})
    assert [row["verdict"] for row in found["references"]] == ["unclear", None, "unclear"]
    assert "points of test accuracy" not in Page(report_html(given)).text


def test_finalists_are_shown_beside_the_curves_of_references() -> None:
    """91 % is halfway between 90 % in 0.1 ms and 92 % in 0.4: the curve takes 0.2 ms. 96 % is above the curve."""
    given = record()
    given["dataset"]["test"] = 50_000
    for width, accuracy, latency in ((0.5, 0.9, 0.1), (1.0, 0.92, 0.4), (1.4, 0.91, 0.5)):
        metrics = {"test_accuracy": accuracy, "latency_ms": latency, "latency_error_ms": 0.01}
        given["references"].append({"label": f"net width {width}", "curve": "net", "width": width, "metrics": metrics})
    found = {row["trial"]: row["beside_curves"] for row in outcome(given, {"latency_ms": 0.1})["finalists"]}

    ((inside,), (above,)) = found[1], found[2]
    assert (inside["curve"], inside["outside"]) == ("net", None)
    assert inside["ratio"] == pytest.approx(0.2 / 0.085)
    assert inside["low"] < inside["ratio"] < inside["high"]
    assert (above["outside"], above["low"], above["ratio"]) == ("above", None, pytest.approx(0.4 / 0.19))
    text = Page(report_html(given)).text.translate(PLAIN)
    said = (
        f"2.4x as fast as the curve of net at equal test accuracy (95 %: {inside['low']:.1f} to {inside['high']:.1f})"
    )
    assert said in text
    assert "more accurate than the whole curve of net, whose best has 92.00 %: 2.1x as fast as that" in text
    assert "As fast as the curve of net" in text  # the headline


def test_a_finalist_above_a_curve_is_compared_with_its_best_at_the_top() -> None:
    """Of the first reference, which is another network, nothing is said there."""
    given = record()
    for width, accuracy, latency in ((0.5, 0.7, 0.05), (1.0, 0.8, 0.4)):
        metrics = {"test_accuracy": accuracy, "latency_ms": latency}
        given["references"].insert(0, {"label": f"net {width}", "curve": "net", "width": width, "metrics": metrics})
    outcome(given, {"latency_ms": 0.1})

    figures = Page(report_html(given)).text.translate(PLAIN).partition("Against hand-designed networks")[0]
    assert "As fast as the most accurate of the curve of net" in figures
    assert "4.7x" in figures
    assert "er than net" not in figures


def test_a_single_network_is_no_curve() -> None:
    given = record()
    given["references"][0] |= {"curve": "net", "width": 1.0}  # the other one failed
    assert all("beside_curves" not in row for row in outcome(given, {"latency_ms": 0.1})["finalists"])
    assert "At equal test accuracy" not in Page(report_html(given)).text


def test_page_is_well_formed_and_needs_nothing_from_outside() -> None:
    source = report_html(record())
    page = Page(source)
    links = [attrs[key] for _, attrs in page.tags for key in ("src", "href") if key in attrs]
    assert links == ["data:,", *(f["file"] for f in record()["finalists"])]
    own = source.replace(built_figures().script, "")  # type: ignore[union-attr]  # `make test` builds them
    assert not re.search(r"https?://|@import|url\((?!#)", own)
    assert "style" not in {key for _, attrs in page.tags for key in attrs}  # the policy would drop them


def test_text_of_the_record_is_escaped() -> None:
    page = Page(report_html(record()))
    assert HOSTILE in page.text.replace("\n", "")
    assert [attrs.get("type") for name, attrs in page.tags if name == "script"] == ["application/json", None]


def test_names_of_files_are_links_into_the_same_folder() -> None:
    given = record()
    given["finalists"][0]["file"] = "javascript:alert(1)"
    links = [attrs.get("href") for _, attrs in Page(report_html(given)).tags]
    assert "javascript%3Aalert%281%29" in links


def test_early_run_says_that_nothing_is_there_yet() -> None:
    text = Page(report_html(early())).text
    assert "no candidate has been trained yet" in text
    assert "running" in text


def test_a_page_without_built_figures_says_how_to_build_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(figures, "_FOLDER", tmp_path)
    assert Page(report_html(record())).text.count("make dashboard") == 4  # two plots and two finalists


def test_figures_have_no_numbers_that_json_lacks() -> None:
    given = record()
    given["trials"][0]["metrics"]["accuracy"] = float("nan")
    given["finalists"][0]["metrics"]["latency_ms"] = float("inf")
    found = re.search(r'id="drawn">(.*?)</script>', report_html(given), re.DOTALL)
    drawn = json.loads(found[1], parse_constant=pytest.fail)  # type: ignore[index]  # it is there
    assert drawn["columns"]["accuracy"][0] is None
    (unmeasured,) = (finalist for finalist in drawn["finalists"] if finalist["trial"] == 1)
    assert unmeasured["metrics"]["latency_ms"] is None


def leaves(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to the numbers in metrics."""
    for key, value in values.items() if isinstance(values, Mapping) else enumerate(values):
        if isinstance(value, Mapping | list):
            yield from leaves(value, (*path, key))
        elif "metrics" in path:
            yield (*path, key)


@pytest.mark.parametrize("missing", [None, float("nan"), ...])
@pytest.mark.parametrize("path", list(leaves(record())), ids=str)
def test_any_number_may_be_missing(path: tuple[Any, ...], missing: Any) -> None:
    given = values = record()
    for key in path[:-1]:
        values = values[key]
    if missing is ...:
        del values[path[-1]]
    else:
        values[path[-1]] = missing
    assert "nan" not in Page(report_html(given)).text.split()


@pytest.mark.parametrize("empty", ["finalists", "references", "front", "trials"])
def test_any_list_may_be_empty(empty: str) -> None:
    Page(report_html({**record(), empty: []}))


@pytest.mark.parametrize("steers", [True, False])
def test_target_without_effect_is_a_warning(steers: bool) -> None:
    given = record()
    given["objective"] |= {"steers": steers, "note": "alpha = beta: the same winner for every T"}
    page = Page(report_html(given))
    assert "alpha = beta: the same winner for every T" in page.text
    assert ("The target does not steer this search." in page.text) is not steers


def test_failures_are_listed_with_their_reasons() -> None:
    text = Page(report_html(record())).text.translate(PLAIN)
    assert "Failed trials" in text
    assert "Failed trials" not in Page(report_html({**record(), "trials": record()["trials"][:3]})).text


def test_facts_tell_the_size_exactly_and_the_errors_of_estimates() -> None:
    """0.08 estimated against 0.085 measured, and 0.2 against 0.19."""
    text = Page(report_html(record())).text.translate(PLAIN)
    assert "2.8 x 10¹⁸" in text
    assert exact(432**7) in text
    assert "off by -5.9 % to +5.3 % on 2 finalists" in text
    assert "12 over a limit" in text


@pytest.mark.parametrize(
    "spec",
    [
        record()["spec"],
        {"a": "yes", "b": "1e3", "c": None, "d": [1, 2.5, "x: y"], "e": {"f": {}, "g": [{"h": 1, "i": []}, {"j": ""}]}},
    ],
)
def test_spec_is_yaml(spec: dict[str, Any]) -> None:
    assert yaml.safe_load(Page(spec_text(spec)).text) == spec


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(0.91237), "91.24 %"),
        (percent(None), "-"),
        (milliseconds(0.0123456), "0.0123 ms"),
        (milliseconds(123.4), "123 ms"),
        (points(-0.0108), "-1.08 points"),
        (count(940), "940"),
        (count(999_600), "1.00 M"),
        (count(2_236_682), "2.24 M"),
        (duration(59.7), "1 min 00 s"),
        (duration(11_220), "3 h 07 min"),
        (magnitude(38_880), "38 880"),
        (magnitude(10**40), "1.0 x 10⁴⁰"),
        (speed(8.68), "8.7x faster"),
        (speed(0.5), "2.0x slower"),
    ],
)
def test_quantities(shown: str, expected: str) -> None:
    assert shown.translate(PLAIN) == expected


def test_markup_escapes_text_and_attributes() -> None:
    made = tag("p", "a < b", tag("b", "&"), None, title='"<', hidden=True, lang=None, aria_label=1.5)
    assert made == '<p title="&quot;&lt;" hidden aria-label="1.5">a &lt; b<b>&amp;</b></p>'
    assert join(["<", Markup("<br>"), 3]) == "&lt;<br>3"


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(scheme: int) -> None:
    """4.5 to 1 for all colours that text has, on all grounds that it stands on."""
    style = files("nas.report").joinpath("style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]))
    pairs = [
        (ink, ground) for ink in ("ink", "soft", "finalist", "reference", "front", "bad") for ground in ("page", "card")
    ]
    pairs += [("target", "page"), ("good", "page"), ("ink", "warn")]
    pairs += [(ink, op) for op in ("conv", "depthwise", "linear", "pool", "gate", "plain") for ink in ("ink", "soft")]
    for ink, ground in pairs:
        dark, light = sorted((luminance(colours[ink]), luminance(colours[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_each_of_several_devices_has_a_row_with_its_front_and_the_finalist_that_is_best_for_it() -> None:
    given = record()
    first, second = given["finalists"]
    for row, ms in ((first, 9.0), (second, 0.5)):
        row["metrics"]["latency_ms@phone"] = ms
    for trial in given["trials"]:
        if "latency_ms" in trial["metrics"]:
            trial["metrics"]["latency_ms@phone"] = 0.4
    here = {**given["device"], "metric": "latency_ms", "target_latency_ms": 0.1}
    phone = {**given["device"], "name": "phone", "metric": "latency_ms@phone", "target_latency_ms": 1.0}
    given |= {"devices": [here, phone], "fronts": {here["name"]: given["front"], "phone": [2]}}

    text = Page(report_html(given)).text.translate(PLAIN)

    assert f"on {here['name']}, phone" in text
    table = text[text.index("best finalist for it") : text.index("Finalists", text.index("best finalist for it"))]
    assert f"trial {first['trial']}" in table[: table.index("phone")]
    assert f"trial {second['trial']}" in table[table.index("phone") :]
    assert "latency on phone" in text[text.index("Trials") :], "trials have a column for it"
