"""Spaces over REST: what ships, one's own checked, and members decoded."""

import json
from random import Random

import pytest
from problem import assert_problem

from nas.architecture import Architecture
from nas.metric import network_metrics
from nas.ops.notation import read_network
from nas.spaces import known_spaces, load_space

STAGE = {"blocks": ["conv"], "layers": [1, 2], "width": 8}
SPACE = {"name": "mine", "resolution": 28, "stem": {"width": 8}, "stages": [STAGE], "channels": 1, "classes": 10}


def test_the_list_has_exact_sizes(open_client):
    items = open_client.get("/v1/spaces").json()["items"]

    assert {item["name"]: int(item["size"]) for item in items} == {n: load_space(n).size() for n in known_spaces()}


@pytest.mark.parametrize("name", known_spaces())
def test_a_space_shows_its_stages_and_decisions(open_client, name):
    shown = open_client.get(f"/v1/spaces/{name}").json()
    choices = load_space(name).sample(Random(0)).choices

    assert [int(stage["size"]) for stage in shown["stages"]] == [stage.size() for stage in load_space(name).stages]
    options = {decision["name"]: decision["options"] for decision in shown["decisions"]}
    assert all(index < len(options[decision]) for decision, index in choices.items())
    assert open_client.post("/v1/spaces:check", json={"space": shown["definition"]}).json()["size"] == shown["size"]


@pytest.mark.parametrize("name", ["nowhere", "small.yaml", "..%2Fsmall", "%00"])
def test_an_unknown_space_is_not_found(open_client, name):
    assert_problem(open_client.get(f"/v1/spaces/{name}"), 404, "NOT_FOUND")


def test_a_space_of_ones_own_is_checked(open_client):
    checked = open_client.post("/v1/spaces:check", json={"space": SPACE}).json()

    assert (checked["valid"], checked["name"], int(checked["size"])) == (True, "mine", load_space(SPACE).size())


def test_a_wrong_space_names_every_wrong_field(open_client):
    wrong = {**SPACE, "resolution": 0, "stages": [{**STAGE, "width": "wide"}]}

    body = assert_problem(open_client.post("/v1/spaces:check", json={"space": wrong}), 422, "SPEC_INVALID")

    assert {fault["field"] for fault in body["errors"]} == {"space.resolution.0", "space.stages.0.width.0"}


def test_no_file_is_ever_read(open_client, tmp_path, monkeypatch):
    (tmp_path / "mine.json").write_text(json.dumps(SPACE))
    monkeypatch.chdir(tmp_path)
    for route in ("check", "decode"):
        for path in ("mine.json", "./mine.json", "../../etc/passwd", "small.yaml", ""):
            body = assert_problem(open_client.post(f"/v1/spaces:{route}", json={"space": path}), 422, "NAME_UNKNOWN")
            assert "small" in body["detail"]


@pytest.mark.parametrize("space", ["small", "mobile", SPACE], ids=["small", "mobile", "own"])
def test_a_random_member_is_shown_and_decodes_again(open_client, space):
    drawn = open_client.post("/v1/spaces:decode", json={"space": space, "seed": 7}).json()
    again = open_client.post("/v1/spaces:decode", json={"space": space, "choices": drawn["choices"]}).json()
    candidate = load_space(space).sample(Random(7))

    assert drawn == again
    assert drawn["architecture_id"] == candidate.architecture.id
    assert Architecture.from_dict(drawn["architecture"]) == candidate.architecture
    assert drawn["cost"] == network_metrics(read_network(drawn["notation"]))
    assert sum(node["params"] for node in drawn["diagram"]["nodes"]) == drawn["cost"]["params"]


@pytest.mark.parametrize("choices", [{}, {"stage0.layers": 9}, {"stage0.layer": 0}])
def test_choices_that_lead_nowhere_name_the_decision(open_client, choices):
    response = open_client.post("/v1/spaces:decode", json={"space": SPACE, "choices": choices})

    assert assert_problem(response, 422, "SPEC_INVALID")["errors"][0]["field"].startswith("choices.stage0.")


def test_a_member_that_cannot_be_built_says_why(open_client):
    odd = {**SPACE, "stages": [{"blocks": [{"shuffle": {"groups": [2, 3], "kernel": 3}}], "layers": 1, "width": 8}]}
    built = open_client.post("/v1/spaces:decode", json={"space": odd, "choices": {"stage0.shuffle.groups": 0}})
    refused = open_client.post("/v1/spaces:decode", json={"space": odd, "choices": {"stage0.shuffle.groups": 1}})

    assert built.status_code == 200
    assert "stage 0 (shuffle)" in assert_problem(refused, 422, "ARCHITECTURE_INVALID")["detail"]


def test_a_space_without_valid_members_is_given_up_soon(open_client):
    """As deep as a space may be, and impossible at its very end."""
    deep = {"blocks": ["mbconv"], "layers": 64, "width": 8}
    end = {"blocks": [{"shuffle": {"groups": 3}}], "layers": 1, "width": 8}
    space = {**SPACE, "resolution": 64, "stages": [*[deep] * 6, end]}

    body = assert_problem(open_client.post("/v1/spaces:decode", json={"space": space}), 422, "SPACE_INFEASIBLE")

    assert "50 samples" in body["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"space": 7},
        {"space": None},
        {"space": "small", "seed": -1},
        {"space": "small", "seed": 2**40},
        {"space": "small", "seed": "1"},
        {"space": "small", "choices": []},
        {"space": "small", "choices": {"stage0.block": True}},
        {"space": "small", "choices": {"stage0.block": -1}},
        {"space": "small", "more": 1},
        {"space": "x" * 65},
    ],
)
def test_a_wrong_request_is_refused(open_client, body):
    assert_problem(open_client.post("/v1/spaces:decode", json=body), 422, "REQUEST_INVALID")
