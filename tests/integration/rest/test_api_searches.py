"""Searches over HTTP, from the spec to the queue, on a real ledger."""

import pytest
from live_service import SPEC, submit
from pictures import photos
from problem import assert_problem

MISSING = "srch_" + "0" * 26
STAGE = {"blocks": ["conv"], "layers": 1, "width": 8}
VAST = {"name": "vast", "resolution": 28, "stem": {"width": 4096}, "stages": [STAGE]}


def test_a_search_is_made_and_found_again(client):
    made = client.post("/v1/searches", json=SPEC | {"name": "mine", "labels": {"team": "a"}, "priority": 3})

    assert made.status_code == 201
    search = made.json()
    assert made.headers["location"] == search["urls"]["self"] == f"/v1/searches/{search['id']}"
    assert (search["state"], search["name"], search["labels"], search["priority"]) == (
        "QUEUED", "mine", {"team": "a"}, 3,
    )  # fmt: skip
    assert search["spec"]["dataset"] == {"name": "fashion_mnist_mini"}
    again = client.get(made.headers["location"])
    assert again.json() == search
    assert again.headers["etag"] == made.headers["etag"]
    unchanged = client.get(made.headers["location"], headers={"If-None-Match": again.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_validate_only_makes_nothing(client):
    answer = client.post("/v1/searches?validate_only=true", json=SPEC)

    assert answer.status_code == 200
    assert answer.json()["valid"] is True
    assert answer.json()["space"]["name"] == "small"
    assert int(answer.json()["space"]["size"]) > 1000
    assert client.get("/v1/searches").json() == {"items": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"max_trials": "4"}, "REQUEST_INVALID", "max_trials"),
        ({"max_trials": True}, "REQUEST_INVALID", "max_trials"),
        ({"max_trials": 0}, "REQUEST_INVALID", "max_trials"),
        ({"colour": "red"}, "REQUEST_INVALID", "colour"),
        ({"labels": {"": "x"}}, "REQUEST_INVALID", "labels."),
        ({"searcher": {"name": "evolution", "population": 0}}, "SPEC_INVALID", "searcher.population"),
        ({"searcher": {"name": "evolution", "population": 4, "tournament": 5}}, "SPEC_INVALID", "searcher.tournament"),
        ({"searcher": {"population": 4}}, "SPEC_INVALID", "searcher.name"),
        ({"evaluator": {"name": "train", "epoch": 3}}, "SPEC_INVALID", "evaluator.epoch"),
        ({"searcher": "nobody"}, "NAME_UNKNOWN", None),
        ({"device": "toaster"}, "NAME_UNKNOWN", None),
        (
            {"space": {**VAST, "stages": [{**STAGE, "blocks": [{"conv": {"kernel": [3, 4001]}}]}]}},
            "SPEC_INVALID",
            "space.stages.0.blocks.0.kernel",
        ),
        ({"space": {**VAST, "stages": [{**STAGE, "width": 65536}]}}, "SPACE_INFEASIBLE", None),
        ({"space": {**VAST, "head": 65536, "classes": 65536}}, "SPACE_INFEASIBLE", None),
        ({"device": "local-cpu-999t"}, "NAME_UNKNOWN", None),
    ],
)
def test_a_wrong_spec_is_refused_by_field(client, change, reason, field):
    body = assert_problem(client.post("/v1/searches", json=SPEC | change), 422, reason)

    if field is not None:
        assert any(fault["field"].startswith(field) for fault in body["errors"])


def test_no_path_of_a_spec_reaches_files_outside_the_data_root(client, settings, tmp_path):
    photos(settings.data_root / "mine")
    (tmp_path / "elsewhere").mkdir()
    (settings.data_root / "link").symlink_to(tmp_path / "elsewhere")
    space = tmp_path / "space.yaml"
    space.write_text("name: mine\n", encoding="utf-8")

    submit(client, dataset={"name": "folder", "path": "mine"})
    for path in ("../elsewhere", str(tmp_path), "link", "mine/../../elsewhere", "", "~", "~root", "mine/no", "a\\b", 5):
        refused = client.post("/v1/searches", json=SPEC | {"dataset": {"name": "folder", "path": path}})
        body = assert_problem(refused, 422, "SPEC_INVALID")
        assert "path" in body["detail"]
    for path in ("nas", str(tmp_path), "../x/y", "./data", "a/b/c"):
        assert_problem(client.post("/v1/searches", json=SPEC | {"dataset": f"hf:{path}"}), 422, "SPEC_INVALID")
    assert_problem(client.post("/v1/searches", json=SPEC | {"space": str(space)}), 422, "NAME_UNKNOWN")
    assert_problem(client.post(f"/v1/searches/{MISSING}:fork", json={"space": str(space)}), 404, "NOT_FOUND")
    parent = submit(client)
    assert_problem(client.post(f"/v1/searches/{parent['id']}:fork", json={"space": str(space)}), 422, "NAME_UNKNOWN")


def test_a_space_of_ones_own(client):
    space = {
        "name": "mine",
        "resolution": 28,
        "stem": {"width": 8},
        "stages": [{"blocks": ["conv"], "layers": [1, 2], "width": 16}],
    }

    made = submit(client, space=space)

    assert made["spec"]["space"] == space
    space["stages"][0]["width"] = -1
    refused = assert_problem(client.post("/v1/searches", json=SPEC | {"space": space}), 422, "SPEC_INVALID")
    assert refused["errors"][0]["field"].startswith("space.stages.0.width")


def test_pages_give_each_search_once_while_others_come(client):
    made = [submit(client, name=f"n{number}", priority=number % 3)["id"] for number in range(7)]
    for order, expected in (("-created_at", made[::-1]), ("created_at", made)):
        seen, token = [], None
        while True:
            query = {"page_size": 2, "order_by": order} | ({"page_token": token} if token else {})
            page = client.get("/v1/searches", params=query).json()
            seen += [search["id"] for search in page["items"]]
            token = page["next_page_token"]
            if token is None:
                break
            if order == "-created_at":
                submit(client, name="later")
        assert [search_id for search_id in seen if search_id in made] == expected
        assert len(seen) == len(set(seen))
    assert "spec" not in page["items"][0]


def test_a_page_token_fits_its_filter_alone(client):
    for _ in range(2):
        submit(client)
    token = client.get("/v1/searches?page_size=1&state=QUEUED").json()["next_page_token"]

    assert client.get(f"/v1/searches?page_size=1&state=QUEUED&page_token={token}").status_code == 200
    assert_problem(client.get(f"/v1/searches?page_size=1&page_token={token}"), 422, "PAGE_TOKEN_INVALID")
    assert_problem(client.get("/v1/searches?page_token=x"), 422, "PAGE_TOKEN_INVALID")


def test_searches_are_found_by_text_and_state(client):
    first = submit(client, name="Blue whale")
    submit(client, name="red")
    client.post(f"/v1/searches/{first['id']}:pause")

    assert [s["id"] for s in client.get("/v1/searches?text=blue").json()["items"]] == [first["id"]]
    assert [s["id"] for s in client.get("/v1/searches?state=PAUSED").json()["items"]] == [first["id"]]


def test_verbs_move_a_search_and_say_when_they_cannot(client):
    url = submit(client)["urls"]["self"]

    assert client.post(f"{url}:pause").json()["state"] == "PAUSED"
    assert client.post(f"{url}:pause").json()["state"] == "PAUSED"
    assert client.post(f"{url}:resume").json()["state"] == "QUEUED"
    assert_problem(client.delete(url), 409, "STATE_TRANSITION")
    assert client.post(f"{url}:cancel").json()["state"] == "CANCELLED"
    assert_problem(client.post(f"{url}:pause"), 409, "STATE_TRANSITION")
    assert client.delete(url).status_code == 204
    assert_problem(client.get(url), 404, "NOT_FOUND")
    assert client.post(f"{url}:undelete").status_code == 200
    assert client.get(url).json()["state"] == "CANCELLED"


def test_a_change_names_the_version_it_changes(client):
    made = client.post("/v1/searches", json=SPEC)
    url, tag = made.headers["location"], made.headers["etag"]

    assert_problem(client.patch(url, json={"name": "x"}), 428, "VERSION_REQUIRED")
    changed = client.patch(url, json={"name": "x", "max_trials": 9}, headers={"If-Match": tag})
    assert (changed.json()["name"], changed.json()["max_trials"]) == ("x", 9)
    assert_problem(client.patch(url, json={"name": "y"}, headers={"If-Match": tag}), 412, "VERSION_MISMATCH")
    assert_problem(client.patch(url, json={"name": "y"}, headers={"If-Match": "other"}), 412, "VERSION_MISMATCH")
    assert client.patch(url, json={"name": "y"}, headers={"If-Match": changed.headers["etag"]}).status_code == 200
    assert_problem(client.patch(url, json={"name": None}, headers={"If-Match": "*"}), 422, "REQUEST_INVALID")
    assert_problem(client.patch(url, json={}, headers={"If-Match": "*"}), 422, "REQUEST_INVALID")


def test_a_fork_is_its_parents_spec_but_for_the_changes(client):
    parent = submit(client, name="parent", labels={"a": "b"}, priority=2)

    fork = client.post(f"/v1/searches/{parent['id']}:fork", json={"seed": 7}).json()

    assert fork["parent_id"] == parent["id"]
    assert fork["spec"] == parent["spec"] | {"seed": 7}
    assert (fork["name"], fork["labels"], fork["priority"]) == ("parent (fork)", {"a": "b"}, 2)
    refused = client.post(f"/v1/searches/{parent['id']}:fork", json={"colour": 1})
    assert assert_problem(refused, 422, "REQUEST_INVALID")["errors"][0]["field"] == "colour"


def test_an_idempotency_key_makes_one_search(client):
    first = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"})
    again = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"})

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    changed = {"name": "renamed", "priority": 7, "labels": {"a": "b"}, "max_trials": 99}
    assert client.patch(first.headers["location"], json=changed, headers={"If-Match": "*"}).status_code == 200
    client.post(f"{first.headers['location']}:cancel")
    again = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    client.delete(first.headers["location"])
    assert_problem(client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"}), 410, "DELETED")
    client.post(f"{first.headers['location']}:undelete")
    again = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (201, first.json())
    other = client.post("/v1/searches", json=SPEC | {"seed": 1}, headers={"Idempotency-Key": "k"})
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    for key in ("x" * 256, b"\xc3\xa9", "a b"):
        refused = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": key})
        assert_problem(refused, 422, "REQUEST_INVALID")


def test_metrics_have_templates_and_states_but_no_ids(client):
    search_id = submit(client)["id"]
    client.get(f"/v1/searches/{search_id}")
    client.request("BREW", "/v1/searches")

    text = client.get("/metrics").text

    assert 'nas_http_request_seconds_count{method="GET",route="/v1/searches/{search_id}",status="200"} 1.0' in text
    assert 'nas_searches{state="QUEUED"} 1.0' in text
    assert "nas_oldest_queued_seconds" in text
    assert search_id not in text
    assert "BREW" not in text


def test_each_method_of_a_path_is_in_allow(client):
    refused = client.put(f"/v1/searches/{MISSING}")

    assert_problem(refused, 405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"] == "DELETE, GET, PATCH"


def test_a_database_that_is_gone_is_a_503_and_not_the_end(client, settings):
    assert client.get("/readyz").json()["status"] == "ready"
    path = settings.home / "nas.db"
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()
    client.app.state.shared.ledger.close()

    refused = client.get("/v1/searches")
    assert_problem(refused, 503, "LEDGER_UNAVAILABLE")
    assert int(refused.headers["retry-after"]) > 0
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503

    path.rmdir()
    away.rename(path)
    assert client.get("/readyz").status_code == 200
    assert client.get("/v1/searches").status_code == 200
