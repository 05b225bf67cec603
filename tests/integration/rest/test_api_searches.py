"""Searches over HTTP, from the spec to the file, on a real ledger; the dispatcher is played."""

import gzip
import json
from dataclasses import asdict

import pytest
from live_service import METRICS, MODEL, SPEC, ask, ledger_of, play, play_scored, take, tell
from pictures import photos
from problem import assert_problem

from nas.jobs.records import File

MISSING = "srch_" + "0" * 26
STAGE = {"blocks": ["conv"], "layers": 1, "width": 8}
VAST = {"name": "vast", "resolution": 28, "stem": {"width": 4096}, "stages": [STAGE]}


def submit(client, **more):
    response = client.post("/v1/searches", json=SPEC | more)
    assert response.status_code == 201, response.text
    return response.json()


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


def test_how_well_scores_and_sizes_order_the_trials(client, settings):
    """Of the trials that succeeded; a score that no trial has is left out."""
    made = submit(client)
    assert client.get(f"{made['urls']['self']}/correlations").json() == {"items": []}
    play_scored(settings, made["id"])

    found = {item["metric"]: item for item in client.get(f"{made['urls']['self']}/correlations").json()["items"]}

    assert list(found) == ["params", "macs", "naswot"]
    assert found["naswot"]["tau"] == pytest.approx(-1)
    assert found["naswot"]["n"] == 10
    assert 0.5 < found["params"]["low"] < found["params"]["tau"] < found["params"]["high"] <= 1
    assert (found["macs"]["given_macs"], found["naswot"]["given_macs"]) == (None, pytest.approx(-1))
    columns = client.get(made["urls"]["columns"], params={"column": ["naswot", "zico"]}).json()["columns"]
    assert columns == {"naswot": [10.0 - number for number in range(10)] + [1.0], "zico": [None] * 11}
    assert "naswot" not in client.get(made["urls"]["columns"]).json()["columns"]


def test_a_searches_results(client, settings):
    made = submit(client)
    play(settings)

    search = client.get(made["urls"]["self"]).json()
    assert (search["state"], search["eta_seconds"]) == ("SUCCEEDED", 0.0)
    assert search["best"] == {"trial": 0, "reward": 0.8}
    assert search["counts"] | {"succeeded": 3, "failed": 1, "trials": 4} == search["counts"]

    trials = client.get(search["urls"]["trials"], params={"page_size": 3}).json()
    assert [trial["number"] for trial in trials["items"]] == [0, 1, 2]
    rest = client.get(search["urls"]["trials"], params={"page_size": 3, "page_token": trials["next_page_token"]}).json()
    assert [(trial["number"], trial["state"]) for trial in rest["items"]] == [(3, "FAILED")]
    assert rest["next_page_token"] is None

    columns = client.get(search["urls"]["columns"]).json()
    assert columns["columns"]["number"] == [0, 1, 2, 3]
    assert columns["columns"]["accuracy"] == [0.8, 0.7, 0.6, None]
    some = client.get(search["urls"]["columns"], params={"column": ["reward", "state"]}).json()
    assert some["columns"] == {name: columns["columns"][name] for name in ("reward", "state")}
    assert_problem(client.get(search["urls"]["columns"], params={"column": "x"}), 422, "REQUEST_INVALID")
    later = client.get(search["urls"]["columns"], params={"after_seq": columns["seq"]}).json()
    assert later["columns"]["number"] == []

    pareto = client.get(search["urls"]["pareto"]).json()
    assert [point["number"] for point in pareto["points"]] == [1, 0]
    assert pareto["reference_ms"] == 2.0
    assert pareto["hypervolume"] == pytest.approx(0.7 * (2 - 1) / 2)
    assert pareto["references"][0]["label"] == "mobilenetv1"
    assert client.get(pareto["finalists"][0]["url"]).content == MODEL

    of_sizes = client.get(search["urls"]["pareto"], params={"metric": ["params", "macs", "accuracy"]}).json()
    assert [point["number"] for point in of_sizes["points"]] == [1, 0]
    assert (of_sizes["hypervolume"], of_sizes["reference_ms"]) == (None, None)
    assert client.get(search["urls"]["pareto"], params={"metric": ["loss"]}).json()["points"] == []
    assert_problem(client.get(search["urls"]["pareto"], params={"metric": "number"}), 422, "REQUEST_INVALID")

    trial = client.get(f"/v1/trials/{search['id']}.0").json()
    assert trial["metrics"] == METRICS[0]
    assert trial["diagram"]["nodes"][0]["op"] == "image"
    assert [attempt["state"] for attempt in trial["attempt_list"]] == ["SUCCEEDED"]
    assert (
        trial["artifacts"] == client.get(f"{search['urls']['self']}/artifacts").json()["items"]
        or trial["artifacts"] == []
    )
    assert_problem(client.get(f"/v1/trials/{search['id']}.99"), 404, "NOT_FOUND")

    lines = client.get(f"{search['urls']['self']}/logs").json()
    assert [line["text"] for line in lines["items"]] == ["begins", "epoch 1"]
    assert client.get(f"{search['urls']['self']}/logs", params={"after": lines["next"]}).json()["items"] == []
    assert [line["text"] for line in client.get(f"/v1/trials/{search['id']}.0/logs").json()["items"]] == ["epoch 1"]


def test_the_hypervolume_is_bounded_by_twice_the_target(client, settings):
    made = submit(client)
    with ledger_of(settings) as ledger:
        owner = take(ledger)
        owner.facts({"objective": {}}, 1.25)
        for number in range(3):
            ask(owner, number)
            tell(owner, number)

    pareto = client.get(made["urls"]["pareto"]).json()

    assert (pareto["target_latency_ms"], pareto["reference_ms"]) == (1.25, 2.5)
    assert pareto["hypervolume"] == pytest.approx((0.7 * 1.0 + 0.8 * 0.5) / 2.5)


def test_the_time_to_the_end_follows_the_rate_so_far(client, settings):
    made = submit(client)
    assert made["eta_seconds"] is None
    with ledger_of(settings) as ledger:
        owner = take(ledger)
        ask(owner, 0)
        assert client.get(made["urls"]["self"]).json()["eta_seconds"] is None
        tell(owner, 0)

    assert client.get(made["urls"]["self"]).json()["eta_seconds"] >= 0


def test_the_time_to_the_end_is_that_of_the_whole_search(client, settings):
    check = {"params": {"validate_only": True}, "json": SPEC | {"parallel": 1, "finalists": {"count": 2, "epochs": 10}}}
    assert client.post("/v1/searches", **check).json()["estimate"] == {"trials": 4, "seconds": None, "steps": None}
    made = submit(client)
    with ledger_of(settings) as ledger:
        owner = take(ledger)
        for number in range(4):
            ask(owner, number)
            tell(owner, number)
        assert client.get(made["urls"]["self"]).json()["eta_seconds"] >= 1, "finalists are left"
        owner.phase("FINALISTS", 300.0)
        assert 200 < client.get(made["urls"]["self"]).json()["eta_seconds"] <= 300
        owner.progress("finalist x", 3, 10, left_s=0.5)
        assert client.get(made["urls"]["self"]).json()["eta_seconds"] == 1
        events = client.get(made["urls"]["events"], params={"format": "json"}).json()["items"]
        owner.keep("pace", {"evaluator": "train", "space": "small", "device": "local-cpu-1t", "work_s": 1e-10})
        owner.end("SUCCEEDED")

    left = [event["data"]["left_s"] for event in events if "left_s" in event["data"]]
    assert left == [300.0, 0.5]
    assert client.get(made["urls"]["self"]).json()["eta_seconds"] == 0
    estimate = client.post("/v1/searches", **check).json()["estimate"]
    steps = estimate["steps"]
    assert estimate["seconds"] == pytest.approx(sum(steps.values()), abs=0.5)
    assert steps["MEASURING"] == 0
    assert steps["FINALISTS"] > steps["TRAINING"] > 1, "20 epochs of finalists, 8 of trials"


def test_an_export_is_asked_for_once(client, settings):
    search_id = submit(client)["id"]
    play(settings)
    url = f"/v1/trials/{search_id}.0:export"

    made = client.post(url, json={"format": "onnx", "epochs": 2})

    assert made.status_code == 202
    assert client.post(url, json={"epochs": 2}).json() == made.json()
    assert client.get(made.headers["location"]).json() == made.json()
    assert made.json()["url"] is None
    assert_problem(client.post(f"/v1/trials/{search_id}.3:export", json={}), 409, "STATE_TRANSITION")
    body = {"format": "tflite", "input": "uint8"}
    assert "of onnx files" in str(assert_problem(client.post(url, json=body), 422, "REQUEST_INVALID"))
    assert_problem(client.post(url, json={"format": "pickle"}), 422, "REQUEST_INVALID")
    other = client.post(url, json={"format": "tflite", "epochs": 2}).json()
    assert (other["format"], other["id"] == made.json()["id"]) == ("tflite", False)


def test_an_export_with_a_compression_has_its_files_and_its_report(client, settings):
    search_id = submit(client)["id"]
    play(settings)
    url = f"/v1/trials/{search_id}.0"
    plan = {"stages": [{"name": "prune", "density": 0.2}, {"name": "entropy_coding"}]}

    plain = client.post(f"{url}:export", json={}).json()
    made = client.post(f"{url}:export", json={"compression": {"plan": plan, "epochs": 1}})
    preset = client.post(f"{url}:export", json={"compression": {"preset": "deep-compression"}}).json()

    assert made.status_code == 202
    assert made.json()["compression"] == {"plan": plan, "epochs": 1}
    assert client.post(f"{url}:export", json={"compression": {"plan": plan, "epochs": 1}}).json() == made.json()
    ids = [plain["id"], made.json()["id"], preset["id"]]
    assert [export["id"] for export in client.get(f"{url}/exports").json()["items"]] == ids
    with ledger_of(settings) as ledger:
        while (claim := ledger.claims.claim_export("the test")).export.id != ids[1]:
            pass
        files = [File(kind, f"m.{kind}", "application/octet-stream", kind[0] * 64, 9) for kind in ("naz", "unpacked")]
        report = {"size_bytes": 9, "files": [asdict(file) for file in files]}
        ledger.claims.end_export(claim.lease, "SUCCEEDED", file=files[0], others=files[1:], report=report)
    found = client.get(f"/v1/exports/{ids[1]}").json()
    assert [file["kind"] for file in found["files"]] == ["naz", "unpacked"]
    assert found["url"] == found["files"][0]["url"] == f"/v1/artifacts/{'n' * 64}?filename=m.naz"
    assert found["report"]["size_bytes"] == 9


@pytest.mark.parametrize(
    ("body", "reason", "complaint"),
    [
        ({"compression": {}}, "REQUEST_INVALID", "give either preset or plan"),
        ({"compression": {"preset": "deep-compression", "plan": {}}}, "REQUEST_INVALID", "give either preset or plan"),
        ({"compression": {"preset": "/etc/passwd.json"}}, "REQUEST_INVALID", "there is no preset"),
        ({"compression": {"preset": "ttq", "max_bytes": 9}}, "REQUEST_INVALID", "plans with a stage allocate"),
        ({"compression": {"preset": "mixed", "max_bytes": 0}}, "REQUEST_INVALID", "max_bytes"),
        (
            {"compression": {"preset": "deep-compression"}, "format": "tflite"},
            "REQUEST_INVALID",
            "leave out the",
        ),
        ({"compression": {"plan": {"stages": []}}}, "SPEC_INVALID", "compression.plan.stages"),
        (
            {"compression": {"plan": {"stages": [{"name": "prune", "density": 2}]}}},
            "SPEC_INVALID",
            "compression.plan.stages.0.density",
        ),
        ({"compression": {"plan": {"stages": [{"name": "prume"}]}}}, "NAME_UNKNOWN", "no compressor named 'prume'"),
    ],
)
def test_a_compression_that_cannot_be_is_refused_when_it_is_asked_for(client, settings, body, reason, complaint):
    search_id = submit(client)["id"]
    play(settings)

    answer = client.post(f"/v1/trials/{search_id}.0:export", json=body)

    assert complaint in str(assert_problem(answer, 422, reason))
    assert client.get(f"/v1/trials/{search_id}.0/exports").json() == {"items": []}


def test_artifacts_come_in_ranges_under_safe_names(client, settings):
    search_id = submit(client)["id"]
    play(settings)
    (artifact,) = client.get(f"/v1/searches/{search_id}/artifacts").json()["items"]
    url = f"/v1/artifacts/{artifact['sha256']}"

    whole = client.get(artifact["url"])
    assert whole.content == MODEL
    assert whole.headers["content-disposition"] == 'attachment; filename="model-a.onnx"'
    assert "immutable" in whole.headers["cache-control"]
    assert client.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    part = client.get(url, headers={"Range": "bytes=2-6"})
    assert (part.status_code, part.content) == (206, MODEL[2:7])
    assert client.get(url, headers={"Range": "bytes=-3"}).content == MODEL[-3:]
    for ranges in (f"bytes={len(MODEL)}-", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=-0", "x"):
        refused = client.get(url, headers={"Range": ranges})
        assert_problem(refused, 416, "RANGE_NOT_SATISFIABLE")
        assert refused.headers["content-range"] == f"bytes */{len(MODEL)}"
    for name in ("../../etc/passwd", "C:\\x\\passwd", ".passwd"):
        named = client.get(url, params={"filename": name}).headers["content-disposition"]
        assert named == 'attachment; filename="passwd"'
    odd = client.get(url, params={"filename": 'a"\r\nX: y; ü'}).headers
    assert odd["content-disposition"] == 'attachment; filename="a_X_y_"'
    assert_problem(client.get(f"/v1/artifacts/{'0' * 64}"), 404, "NOT_FOUND")


def test_columns_are_compressed(client, settings):
    made = submit(client, max_trials=40)
    with ledger_of(settings) as ledger:
        owner = take(ledger)
        for number in range(40):
            ask(owner, number)
            tell(owner, number)

    with client.stream("GET", made["urls"]["columns"], headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(raw))["columns"]["number"]) == 40


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
