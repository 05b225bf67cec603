"""Schemathesis, all its checks and phases, over every operation of the OpenAPI of a real server.

NAS_SCHEMATHESIS_EXAMPLES: how many examples of each operation; a few by default, hundreds before a release.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from live_service import SPEC, ledger_of, play, service_on
from processes import PATIENCE_S

from nas.service.settings import Settings
from nas.spec import parse_spec

EXAMPLES = os.environ.get("NAS_SCHEMATHESIS_EXAMPLES", "2")
COMMAND = (str(Path(sys.executable).with_name("schemathesis")),)
REVOKE = "DELETE /v1/keys/{key_id}"

# What no schema can say (names of plugins, limits between fields, text without NUL) is refused with 400 or 422, and a
# schema that allows a precondition does not say that it holds (304, 412, 416, 428).
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = [
    "2xx", "304", "400", "401", "403", "404", "409", "412", "416", "422", "428",
]

[[operations]]  # the stream itself would not end
include-path = "/v1/searches/{search_id}/events"
parameters = { format = "json" }

[[operations]]
include-path-regex = "^/v1/trials/"
parameters = { trial_id = "SEARCH.0" }

[[operations]]
include-path = "/v1/spaces/{name}"
parameters = { name = "small" }

[[operations]]
include-path = "/v1/devices/{name}"
parameters = { name = "local-cpu-1t" }

[[operations]]
include-name = "PATCH /v1/searches/{search_id}"
parameters = { "header.If-Match" = "*" }
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run schemathesis with more options against a server that has a search with results; returns what it says."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    settings = Settings(home=tmp_path)
    with ledger_of(settings) as ledger:
        ledger.searches.submit(parse_spec(SPEC).model_dump(mode="json"), name="played")
        _, secret = ledger.keys.create("all", ["admin"])
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.replace("SEARCH", play(settings)), encoding="utf-8")

    def run(*more):
        with service_on(settings) as url:
            call = [*COMMAND, "--config-file", config, "run", f"{url}/openapi.json", "-n", EXAMPLES, "--seed", "1"]
            call += ["-H", f"Authorization: Bearer {secret}", "--request-timeout", str(PATIENCE_S), "--no-color", *more]
            done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_every_operation_does_what_its_schema_says(run):
    said = run("--exclude-name", REVOKE)  # which would revoke the key of the test

    assert "❌" not in said
    tested, selected = re.search(r"Selected: (\d+)/(\d+)", said).groups()
    assert int(tested) == int(selected) - 1


def test_so_does_the_one_that_revokes_keys(run):
    assert "Tested: 1" in run("--include-name", REVOKE)
