"""The report's drawings: axes, labels that stay apart, the plot's marks, and networks as trees."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_record import NETWORKS, early, record

from nas.ops.cost import network_cost
from nas.ops.diagram import diagram
from nas.ops.notation import read_network
from nas.quantities import TIMES
from nas.report.axes import Axis, fenced_axis, latency_axis
from nas.report.boxes import extent
from nas.report.diagrams import architecture
from nas.report.frame import step
from nas.report.labels import Box, Placer, rows
from nas.report.layout import Chain, Fork, members
from nas.report.plot import pareto_plot
from nas.report.rewards import reward_curve
from nas.report.wording import words


@given(st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=20))
def test_latency_axis_holds_all_values_in_order(values: list[float]) -> None:
    axis = latency_axis(values, 10, 900)
    assert axis.log == (max(values) / min(values) > 8)
    assert all(axis.holds(tick) for tick in axis.ticks())
    places = [axis(value) for value in sorted(values)]
    assert places == sorted(places)
    assert places[0] >= 10
    assert places[-1] <= 900
    assert len(axis.ticks()) >= 2


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0.81, 0.93, 0, 1), [0.82, 0.84, 0.86, 0.88, 0.9, 0.92]),
        (Axis(0.04, 2.1, 0, 1, log=True), [0.05, 0.1, 0.2, 0.5, 1, 2]),
        (Axis(0.95, 8.1, 0, 1, log=True), [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_ticks_are_round(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == ticks


def test_axis_inverts() -> None:
    axis = Axis(0.04, 2.1, 64, 1000, log=True)
    assert axis.value(axis(0.3)) == pytest.approx(0.3)


def test_fence_leaves_out_only_what_is_not_important() -> None:
    values = [0.8 + i / 100 for i in range(10)] + [0.1]
    assert fenced_axis(values, [], 0, 1).low > 0.6
    assert fenced_axis(values, [0.1], 0, 1).low < 0.1


def test_labels_of_close_marks_stay_apart_and_inside() -> None:
    bounds, marks = Box(0, 0, 600, 400), [(300 + 3 * i, 200 - 2 * i) for i in range(6)]
    placer = Placer(bounds, [])
    boxes = [placer.place(x, y, 80, 8) for x, y in marks]
    assert all(a.overlap(b) == 0 for a, b in combinations(boxes, 2))
    assert all(box.overlap(bounds) == pytest.approx(box.area) for box in boxes)


@given(st.lists(st.tuples(st.floats(60, 1000), st.floats(30, 140)), max_size=8))
def test_no_tick_crosses_a_name(names: list[tuple[float, float]]) -> None:
    spans = rows(names, 60)
    for i, j in combinations(range(len(names)), 2):
        for one, other in ((i, j), (j, i)):
            crosses = spans[one].left < names[other][0] < spans[one].right
            assert not crosses or spans[one].row > spans[other].row
        if spans[i].row == spans[j].row:
            assert spans[i].right <= spans[j].left or spans[j].right <= spans[i].left


def test_front_is_a_step_line() -> None:
    assert step([(1, 9), (3, 5)], 8) == [(1, 9), (3, 9), (3, 5), (8, 5)]
    assert step([], 8) == []


def test_plot_marks_every_trial_reference_and_finalist() -> None:
    drawn = pareto_plot(record())
    dots = drawn.split("</ul>", 1)[1]
    counts = [dots.count(f'class="mark {kind}"') for kind in ("on-front", "trial", "reference", "finalist")]
    assert counts == [3, 0, 1, 2]
    assert dots.count("reference-tick") == 2
    assert "target 0.100\u00a0ms" in dots
    assert 'class="iso"' not in dots


def test_plot_of_a_wide_range_is_logarithmic() -> None:
    few = {**record(), "references": [], "finalists": []}
    assert "logarithmic" not in pareto_plot(few)
    assert "logarithmic" in pareto_plot(record())


@pytest.mark.parametrize(("name", "shown"), [("mnasnet", True), ("tunas", True), ("constrained", False)])
def test_objectives_with_a_trade_off_have_curves_of_equal_reward(name: str, shown: bool) -> None:
    given_ = record()
    given_["objective"] |= {"name": name, "alpha": 0.0, "beta": -1.0}
    assert ('class="iso"' in pareto_plot(given_)) is shown


def test_target_alone_is_a_plot() -> None:
    assert "target 0.100" in pareto_plot(early())


def test_reward_curve_names_the_best_trial() -> None:
    assert "best: 0.900, trial 2" in reward_curve(record())
    assert "No trial has a reward yet." in reward_curve(early())


def shape_of(chain: Chain) -> list[Any]:
    """A chain by its ops' tags, a fork as [joint, *branches]."""
    return [
        [item.joint["op"], *map(shape_of, item.branches)] if isinstance(item, Fork) else item["op"] for item in chain
    ]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("conv_8 se_2", ["conv", "se"]),
        ("res([conv_8 conv_1])", [["add", ["conv", "conv"], []]]),
        ("conv_8 cat([conv_8 se_2]|pool_3_s1)", ["conv", ["cat", ["conv", "se"], ["pool"]]]),
        ("res([cat(conv_2|id) conv_1]|pool_3_s1)", [["add", [["cat", ["conv"], []], "conv"], ["pool"]]]),
        ("res(res(id))", [["add", [["add", [], []]], []]]),
    ],
)
def test_members_are_read_as_trees(text: str, tree: list[Any]) -> None:
    """Forks nest, and a branch may be the input itself."""
    chains = [member.chain for member in members(diagram(read_network(f"1x8x8: [{text}]")))]
    assert [shape_of(chain) for chain in chains] == [tree]


def test_equal_neighbours_are_one_card() -> None:
    network = read_network(NETWORKS[1])
    cards = members(diagram(network))
    assert [(card.first, card.last) for card in cards] == [(0, 0), (1, 2), (3, 3), (4, 4)]
    assert sum(card.times * card.params for card in cards) == network_cost(network).params
    assert sum(card.times * card.macs for card in cards) == network_cost(network).macs


@pytest.mark.parametrize(
    ("op", "name", "detail"),
    [
        ("conv_64_k5_s2_g64_relu6", "depthwise 5x5", "64 ch · stride 2 · relu6"),
        ("conv_32_g4_linear", "conv 1x1", "32 ch · 4 groups · linear"),
        ("pool_3_avg", "avg pool 3x3", "stride 2"),
        ("se_4", "squeeze-excite", "through 4"),
        ("shuffle_4", "shuffle", "4 groups"),
        ("lrn", "local norm", "over 5 ch"),
        ("padc_80", "pad channels", "to 80"),
        ("act_hswish", "hswish", ""),
        ("drop_0.2", "dropout", "rate 0.2"),
        ("gap", "global average", "64 ch"),
        ("linear_10_relu", "linear", "10 outputs · relu"),
    ],
)
def test_ops_have_words(op: str, name: str, detail: str) -> None:
    node = diagram(read_network(f"64x8x8: {op}"))["nodes"][1]
    said = words(node)
    assert (said.name.replace(TIMES, "x"), said.detail) == (name, detail)


def test_branches_lie_side_by_side() -> None:
    plain, beside = (
        extent(members(diagram(read_network(f"1x8x8: [{text}]")))[0].chain) for text in ("conv_8", "cat(conv_8|conv_8)")
    )
    assert beside.left + beside.right >= 2 * (plain.left + plain.right)


def test_architecture_draws_each_op_and_the_shapes_between_members() -> None:
    drawn = architecture(diagram(read_network(NETWORKS[1])), "name")
    assert drawn.count('class="mark op') == 1 + 5 + 4 + 3
    for shape in ("1x28x28", "8x14x14", "16x14x14"):
        assert shape in drawn.replace(TIMES, "x")
