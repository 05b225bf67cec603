"""The REST answers to a fixed script of requests, byte for byte as they were recorded, but for wording.

Both databases are as an earlier version wrote them. Ids and times that a request makes, and prose, are masked. After a
deliberate change of the interface, record again: NAS_RECORD=1 pytest tests/integration/rest/test_rest_recorded.py.
"""

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from small_spaces import tiny_space

from api.app import create_app
from nas.service.settings import Settings

DATA = Path(__file__).parents[2] / "data"
RECORDING = DATA / "recorded_answers.json"
FIRST, SECOND, THIRD = (
    "srch_01m8nnr78054brw6ysyabnqhe8",
    "srch_01m8nnr80gp87rd05w0ckxkase",
    "srch_01m8nnr8c504pbs00t1z5tks55",
)
DEVICE = "pocket@49fe5382"
MEASURED = "1x8x8: conv_8_k3 conv_8_k3_s2 gap linear_3"
SPEC = {"dataset": "fashion_mnist_mini", "max_trials": 4, "device": DEVICE, "name": "new", "labels": {"a": "b"}}
TINY = tiny_space(layers=[1, 2], width=[8, 16])
SCRIPT = (
    ("GET", "/healthz"),
    ("GET", "/v1/session"),
    ("GET", "/v1/catalogue"),
    ("GET", "/v1/schemas/search"),
    ("GET", "/v1/datasets"),
    ("GET", "/v1/spaces"),
    ("GET", "/v1/spaces/small"),
    ("GET", "/v1/spaces/none"),
    ("POST", "/v1/spaces:check", {"space": TINY}),
    ("POST", "/v1/spaces:check", {"space": {**TINY, "resolution": 0}}),
    ("POST", "/v1/spaces:check", {"space": "none"}),
    ("POST", "/v1/spaces:decode", {"space": "small", "seed": 3}),
    ("POST", "/v1/spaces:decode", {"space": TINY, "choices": {}}),
    ("GET", "/v1/searches"),
    ("GET", "/v1/searches?state=SUCCEEDED&text=vision"),
    ("GET", "/v1/searches?page_size=1&order_by=-priority"),
    ("GET", "/v1/searches?state=GONE&page_size=0"),
    ("GET", f"/v1/searches/{FIRST}"),
    ("GET", f"/v1/searches/{SECOND}"),
    ("GET", "/v1/searches/srch_00000000000000000000000000"),
    ("POST", "/v1/searches?validate_only=true", SPEC),
    ("POST", "/v1/searches", SPEC),
    ("POST", "/v1/searches", {**SPEC, "max_trials": 0, "searcher": "none", "extra": 1}),
    ("POST", "/v1/searches", {**SPEC, "searcher": {"name": "evolution", "population": -1}}),
    ("POST", "/v1/searches", {**SPEC, "device": "toaster"}),
    ("POST", "/v1/searches", {**SPEC, "dataset": {"name": "folder", "path": "../outside"}}),
    ("POST", "/v1/searches", []),
    ("PATCH", f"/v1/searches/{THIRD}", {"priority": 7}, {"If-Match": "*"}),
    ("PATCH", f"/v1/searches/{THIRD}", {"priority": 7}),
    ("PATCH", f"/v1/searches/{THIRD}", {}, {"If-Match": "*"}),
    ("POST", f"/v1/searches/{THIRD}:pause"),
    ("POST", f"/v1/searches/{THIRD}:resume"),
    ("POST", f"/v1/searches/{THIRD}:cancel"),
    ("POST", f"/v1/searches/{FIRST}:pause"),
    ("POST", f"/v1/searches/{FIRST}:fork", {"seed": 1}),
    ("POST", f"/v1/searches/{FIRST}:fork", {"colour": 1}),
    ("DELETE", f"/v1/searches/{THIRD}"),
    ("POST", f"/v1/searches/{THIRD}:undelete"),
    ("GET", f"/v1/searches/{FIRST}/trials"),
    ("GET", f"/v1/searches/{FIRST}/trials?page_size=2&state=SUCCEEDED"),
    ("GET", f"/v1/searches/{FIRST}/trials:columns"),
    ("GET", f"/v1/searches/{FIRST}/trials:columns?after_seq=20&column=number&column=reward"),
    ("GET", f"/v1/searches/{FIRST}/pareto"),
    ("GET", f"/v1/searches/{SECOND}/pareto"),
    ("GET", f"/v1/trials/{FIRST}.1"),
    ("GET", f"/v1/trials/{FIRST}.3"),
    ("GET", f"/v1/trials/{FIRST}.9"),
    ("GET", f"/v1/searches/{FIRST}/events?format=json"),
    ("GET", f"/v1/searches/{FIRST}/events?until_end=true&from_seq=25"),
    ("GET", f"/v1/searches/{FIRST}/logs"),
    ("GET", f"/v1/trials/{FIRST}.0/logs"),
    ("GET", f"/v1/searches/{FIRST}/artifacts"),
    ("GET", "/v1/artifacts/" + "0" * 64),
    ("POST", f"/v1/trials/{FIRST}.1:export", {"epochs": 3}),
    ("POST", f"/v1/trials/{FIRST}.3:export", {}),
    ("POST", f"/v1/trials/{FIRST}.1:export", {"format": "docx"}),
    ("GET", "/v1/exports/exp_01m8nnr8dcc9y4k0fenvap6xah"),
    ("GET", "/v1/devices"),
    ("GET", f"/v1/devices/{DEVICE}"),
    ("GET", "/v1/devices/toaster"),
    ("POST", "/v1/latency:estimate", {"device": DEVICE, "network": MEASURED}),
    ("POST", "/v1/latency:estimate", {"device": DEVICE, "network": MEASURED.replace("conv_8", "conv_12")}),
    ("POST", "/v1/latency:estimate", {"device": DEVICE, "network": "1x8x8: shuffle_2 gap linear_3"}),
    ("POST", "/v1/latency:estimate", {"device": "toaster", "network": MEASURED}),
    ("POST", "/v1/devices", {"name": "pi"}),
    ("GET", "/v1/agents"),
    ("GET", f"/v1/devices/{DEVICE}/requests"),
    ("POST", "/v1/keys", {"name": "k", "scopes": ["read", "write"]}),
    ("POST", "/v1/keys", {"name": "", "scopes": []}),
    ("GET", "/v1/keys"),
    ("DELETE", "/v1/keys/key_00000000000000000000000000"),
    ("PUT", "/v1/keys"),
    ("GET", "/v1/nothing"),
)
HEADERS = ("content-type", "etag", "location", "allow", "retry-after", "cache-control")
PROSE = (
    "title",
    "detail",
    "message",
    "summary",
    "description",
    "licence",
    "formula",
    "note",
    "statistic",
    "reason",
    "when",
)
_PROSE = re.compile(rf'"({"|".join(PROSE)})":(\s?)"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"')
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_ID = re.compile(r"\b(?:srch|key|agt|exp)_[0-9a-z]{26}\b")
_MADE = re.compile(r'"(secret|token|prefix|eta_seconds|next_page_token|available)":(\s?)("[^"]*"|[\d.]+|true|false)')


@pytest.fixture
def answers(tmp_path, monkeypatch):
    for name, file in (("recorded_ledger", "nas.db"), ("recorded_latency", "latency.db")):
        with closing(sqlite3.connect(tmp_path / file)) as connection:
            connection.executescript((DATA / f"{name}.sql").read_text(encoding="utf-8"))
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path / "data"))
    url = f"sqlite:///{tmp_path / 'nas.db'}"
    settings = Settings(home=tmp_path, data_root=tmp_path / "data", open=True, database_url=url)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.headers["x-request-id"] = "r"
        return [_answer(client, *request) for request in SCRIPT]


def _answer(client, method, path, body=None, headers=None):
    response = client.request(method, path, json=body, headers=headers)
    text = response.text
    if path in {"/v1/devices", "/v1/catalogue", "/v1/schemas/search"}:
        text = json.dumps(_elsewhere(response.json()))
    sent = {name: response.headers[name] for name in HEADERS if name in response.headers}
    request = f"{method} {path}" + ("" if body is None else f" {json.dumps(body)}")
    return [request, response.status_code, sent, _masked(text)]


def _elsewhere(value):
    """Without the devices of this machine."""
    if isinstance(value, list):
        names = [item.get("name") if isinstance(item, dict) else item for item in value]
        kept = zip(names, value, strict=True)
        return [_elsewhere(item) for name, item in kept if not str(name).startswith("local-")]
    return {key: _elsewhere(item) for key, item in value.items()} if isinstance(value, dict) else value


def _masked(text):
    text = _PROSE.sub(r'"\1":\2"..."', text)
    text = _MADE.sub(r'"\1":\2"..."', text)
    return _TIME.sub("TIME", text)


def _without_new_ids(rows, known):
    """Ids that the databases do not hold, numbered in the order in which they come."""
    numbers = {}

    def name(match):
        return match[0] if match[0] in known else numbers.setdefault(match[0], f"NEW{len(numbers)}")

    return json.loads(_ID.sub(name, json.dumps(rows)))


def test_answers_are_as_recorded(answers):
    known = (DATA / "recorded_ledger.sql").read_text(encoding="utf-8")
    rows = _without_new_ids(answers, known)
    if os.environ.get("NAS_RECORD"):
        RECORDING.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="utf-8")
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))

    assert [row[0] for row in rows] == [row[0] for row in recorded]
    for now, then in zip(rows, recorded, strict=True):
        assert now == then
