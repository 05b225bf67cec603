"""Problem files: their spaces, values, observations and scores."""

from random import Random

import numpy as np
import pytest
from problem_files import DECISIONS, NETWORKS, rows, surrogate_arrays, table_values, write_surrogate, write_table

from nas.asking.codes import choices_of, encode, random_codes
from nas.errors import SpecError
from nas.tabular.problem import load_problem


@pytest.fixture
def table(tmp_path):
    return load_problem(write_table(tmp_path))


@pytest.fixture
def surrogate(tmp_path):
    return load_problem(write_surrogate(tmp_path))


def codes_of(problem, count=200, seed=0):
    return random_codes(problem.space, count, np.random.default_rng(seed))


def test_a_decision_is_asked_only_where_it_matters(table):
    space = table.space
    small = space.decode({"k1": 2, "width": 3, "depth": 0})
    large = space.decode({"k1": 2, "width": 3, "depth": 2, "k2": 1, "k3": 0})

    assert space.size() == NETWORKS
    assert [decision.name for decision in space.decisions()] == ["k1", "width", "depth", "k2", "k3"]
    assert (small.architecture.options, large.architecture.options) == ((2, 0, 0, 3, 0), (2, 1, 0, 3, 2))
    assert small.architecture.refusal() is None


def test_members_differ_in_their_ids_as_networks_do(table):
    rng = Random(0)
    drawn = [table.space.sample(rng) for _ in range(400)]

    assert {candidate.architecture.options for candidate in drawn} <= set(map(tuple, rows().tolist()))
    assert len({candidate.architecture.network_id for candidate in drawn}) == len({c.architecture for c in drawn})


def test_codes_lead_to_the_rows_of_candidates(table):
    codes = codes_of(table)

    for row, found in zip(codes, table.space.rows(codes), strict=True):
        assert table.space.decode(choices_of(table.space, row)).architecture.options == tuple(found.tolist())


def test_a_table_gives_the_values_of_its_rows(table):
    codes = codes_of(table)
    wanted = table_values(rows())
    places = {tuple(row): i for i, row in enumerate(rows().tolist())}
    order = [places[tuple(row)] for row in table.space.rows(codes).tolist()]

    known = table.known(codes)

    assert set(known) == {"latency_ms", "log_size"}
    assert known["latency_ms"] == pytest.approx(wanted["latency"][order])
    assert known["log_size"] == pytest.approx((wanted["feature_size"])[order])
    assert table.accuracy(codes) == pytest.approx(wanted["accuracy"][order] / 100)


def slow_accuracy(row):
    """In percent, by the formulas of docs/tabular.md, in float64 and one network at a time."""

    def silu(v):
        return v / (1 + np.exp(-v))

    k1, k2, _, width, depth = row
    x = np.zeros(18)
    x[k1] = 1
    if depth >= 1:
        x[3 + 4 * k2 + width] = 1
    x[15 + depth] = 1
    arrays, outputs = surrogate_arrays(), []
    for m in range(2):
        layers = {
            name: (arrays[f"acc.{name}.weight"][m], arrays[f"acc.{name}.bias"][m])
            for name in ("linear", "hidden1", "hidden2", "output")
        }
        h = x
        for name in ("hidden1", "hidden2"):
            h = silu(layers[name][0] @ h + layers[name][1])
        outputs.append(layers["linear"][0] @ x + layers["linear"][1] + layers["output"][0] @ h + layers["output"][1])
    return 70 + 2 * np.mean(outputs), 1 + 0.5 * np.exp(arrays["lat.weight"] @ x)


def test_a_surrogate_computes_its_formulas(surrogate):
    codes = codes_of(surrogate, 50)

    accuracy, latency = zip(*map(slow_accuracy, surrogate.space.rows(codes)), strict=True)

    assert 100 * surrogate.accuracy(codes) == pytest.approx(accuracy, abs=1e-4)
    assert surrogate.known(codes)["latency_ms"] == pytest.approx(latency, rel=1e-5)


def test_a_network_has_one_value_alone_and_among_thousands(surrogate):
    codes = codes_of(surrogate, 700)
    among = surrogate.known(codes)["latency_ms"]

    alone = [surrogate.known(codes[i : i + 1])["latency_ms"][0] for i in range(0, 700, 50)]

    assert alone == among[::50].tolist()


def test_an_observation_belongs_to_its_network_and_seed(table):
    codes = codes_of(table, 300)
    seen = table.observed(codes, seed=1)

    assert table.observed(codes[::-1], seed=1).tolist() == seen[::-1].tolist()
    assert (table.observed(codes, seed=2) != seen).all()
    errors = 100 * (seen - table.accuracy(codes))
    unique = np.unique(errors)
    assert np.std(unique) == pytest.approx(0.5, abs=0.08)
    assert 100 * (table.observed(codes, seed=1, noise=3) - table.accuracy(codes)) == pytest.approx(3 * errors)


def test_an_observation_may_be_a_column(tmp_path):
    problem = load_problem(write_table(tmp_path, observation={"kind": "column", "column": "first_seed"}))
    codes = codes_of(problem, 20)

    assert problem.observed(codes, seed=4) == pytest.approx(problem.accuracy(codes) + 0.01)


def test_the_front_of_all_networks_has_hypervolume_1(table):
    codes = encode(table.space, [table.space.decode(choices).choices for choices in all_choices()])

    assert len(codes) == NETWORKS
    latency_ms = table.known(codes)["latency_ms"]
    assert table.scores.hypervolume(table.accuracy(codes), latency_ms) == pytest.approx(1)
    assert table.scores.hypervolume([], []) == 0
    for target in ("25", "50", "75"):
        truth = {"accuracy": table.accuracy(codes), "latency_ms": latency_ms}
        assert table.scores.regret(target, observed=table.accuracy(codes), **truth) == pytest.approx(0)


def all_choices():
    for row in rows().tolist():
        named = dict(zip((d["name"] for d in DECISIONS), row, strict=True))
        depth = named["depth"]
        yield {name: i for name, i in named.items() if name not in {"k2", "k3"} or depth >= int(name[1]) - 1}


def test_regret_is_that_of_the_best_observed_network_within_the_target(table):
    best, limit = table.scores.targets["50"].best_accuracy, table.scores.targets["50"].latency
    latency_ms = np.array([limit + 0.1, limit, limit - 0.1, limit - 0.2])
    accuracy = np.array([0.9, 0.7, 0.75, 0.6])

    def regret(observed, **values):
        truth = {"accuracy": accuracy, "latency_ms": latency_ms} | values
        return table.scores.regret("50", observed=np.array(observed), **truth)

    assert regret([0.9, 0.8, 0.7, 0.6]) == pytest.approx(best - 70)
    assert regret([0.9, 0.7, 0.7, 0.6]) == pytest.approx(best - 70)
    assert regret([0.9] * 4, latency_ms=latency_ms + limit) == pytest.approx(best - table.scores.reference.accuracy)


def test_a_condition_must_be_on_another_decision(tmp_path):
    def conditions(**on):
        changed = [{"name": d["name"], "options": d["options"]} for d in DECISIONS]
        for each in changed:
            if each["name"] in on:
                each["active_if"] = {"decision": on[each["name"]], "min_option": 1}
        return write_table(tmp_path, decisions=changed)

    with pytest.raises(SpecError, match=r"tiny\.json: decisions\.k2\.active_if\.decision: no decision has this name"):
        load_problem(conditions(k2="deep"))
    with pytest.raises(SpecError, match=r"decisions\.k1\.active_if: it depends on itself"):
        load_problem(conditions(k1="k2", k2="k1"))
