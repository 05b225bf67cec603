"""How searches, trials and fronts look in a notebook, and as data frames."""

import sys
import xml.etree.ElementTree as ET

import pytest

from api.client import MissingPackageError, Pareto, Search, Trial

AT = "2026-11-23T10:00:00Z"
HOSTILE = "<script>alert('x')</script>&"


def parsed(html):
    """Cards are well-formed, so that nothing from the service can break out of its place."""
    return ET.fromstring(html)  # noqa: S314 - made here


def pareto(**fields):
    point = {"id": "s.0", "architecture_id": "a", "notation": HOSTILE, "reward": 0.5}
    points = [
        point | {"number": n, "metrics": {"latency_ms": ms, "accuracy": share}}
        for n, (ms, share) in enumerate([(2.0, 0.9), (1.0, 0.7), (4.0, 0.95)])
    ]
    return Pareto.model_validate({"search_id": "s", "seq": 3, "points": points, **fields})


def test_a_search_shows_where_it_is_and_nothing_of_it_is_markup():
    search = Search.model_validate(
        {
            "id": "srch_1",
            "name": HOSTILE,
            "state": "FAILED",
            "state_message": HOSTILE,
            "max_trials": 9,
            "created_at": AT,
            "counts": {"succeeded": 3, "failed": 1},
            "best": {"trial": 2, "reward": 0.91234},
        }
    )

    text = "".join(parsed(search._repr_html_()).itertext())

    assert text.count(HOSTILE) == 2
    assert "4 of 9" in text
    assert "reward 0.9123 (trial 2)" in text


def test_a_trial_shows_its_metrics():
    trial = Trial.model_validate(
        {
            "id": "s.7",
            "search_id": "s",
            "number": 7,
            "state": "SUCCEEDED",
            "architecture_id": "abc",
            "notation": HOSTILE,
            "metrics": {"accuracy": 0.5, HOSTILE: 1},
        }
    )

    text = "".join(parsed(trial._repr_html_()).itertext())

    assert "Trial 7" in text
    assert "accuracy0.5" in text
    assert text.count(HOSTILE) == 2


def test_a_front_is_drawn_in_the_order_of_latency():
    card = parsed(pareto(target_latency_ms=3.0)._repr_html_())

    (line,) = card.iter("polyline")
    places = [tuple(map(float, place.split(","))) for place in line.get("points").split()]
    assert places == sorted(places)
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert len(list(card.iter("circle"))) == 3
    assert len(list(card.iter("path"))) == 1


def test_a_front_of_one_point_or_none_is_drawn_too():
    one = pareto()
    assert len(list(parsed(one.model_copy(update={"points": one.points[:1]})._repr_html_()).iter("circle"))) == 1
    assert not list(parsed(one.model_copy(update={"points": ()})._repr_html_()).iter("svg"))


def test_a_front_as_a_data_frame():
    frame = pareto().to_pandas()

    assert list(frame["latency_ms"]) == [2.0, 1.0, 4.0]
    assert list(frame["number"]) == [0, 1, 2]


def test_without_pandas_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingPackageError, match="pip install pandas"):
        pareto().to_pandas()
