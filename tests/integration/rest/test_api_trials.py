"""Trials, fronts and files of a search over HTTP, on a real ledger; the dispatcher is played."""

import gzip
import json

import pytest
from live_service import METRICS, MODEL, SPEC, ask, ledger_of, play, play_scored, submit, take, tell
from problem import assert_problem


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


def test_an_accuracy_has_its_interval_where_images_are_counted(client, settings):
    """Of balanced accuracies, means over classes, the number of images does not give one."""
    found = []
    for accuracy in ("plain", "balanced"):
        submit(client, evaluator={"name": "train", "accuracy": accuracy})
        with ledger_of(settings) as ledger:
            owner = take(ledger)
            owner.facts({"objective": {}, "dataset": {"validation": 1500}}, None)
            ask(owner, 0)
            tell(owner, 0)
            owner.end("SUCCEEDED")
        found.append(client.get(f"/v1/trials/{owner.lease.search_id}.0").json()["metrics"])

    counted, balanced = found
    bounds = {name: counted.pop(name) for name in ("accuracy_low", "accuracy_high")}
    assert bounds == {"accuracy_low": pytest.approx(0.779, abs=0.001), "accuracy_high": pytest.approx(0.819, abs=0.001)}
    assert counted == balanced == METRICS[0]
