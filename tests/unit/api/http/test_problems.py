"""Every reason is explained, in the documents and by the service itself."""

import re
from pathlib import Path

from api.http.problems import REASONS, kebab
from nas.jobs import errors

DOCUMENT = (Path(__file__).parents[4] / "docs" / "problems.md").read_text(encoding="utf-8")
OWNERS_ONLY = {"FENCED"}
"""Reasons that only a dispatcher meets."""


def test_the_document_has_a_heading_for_each_reason_with_its_status_and_remedy():
    parts = dict(re.findall(r"^## ([A-Z_]+)\n\n(.*?)(?=\n\n## |\Z)", DOCUMENT, re.DOTALL | re.MULTILINE))

    assert parts.keys() == REASONS.keys()
    for name, reason in REASONS.items():
        text = " ".join(parts[name].split())
        assert text.startswith(f"{reason.status.value}. "), name
        assert reason.remedy in text, name


def test_the_type_of_a_problem_leads_to_its_paragraph(open_client):
    problem = open_client.get("/v1/nothing").json()
    path, _, anchor = problem["type"].partition("#")

    page = open_client.get(path)

    assert page.headers["content-type"].startswith("text/html")
    assert f'id="{anchor}"' in page.text
    for name in REASONS:
        assert f'id="{kebab(name)}"' in page.text


def test_each_reason_of_the_ledger_is_one_of_the_services():
    found = {error.reason for error in vars(errors).values() if hasattr(error, "reason")}

    assert found - OWNERS_ONLY <= REASONS.keys()
