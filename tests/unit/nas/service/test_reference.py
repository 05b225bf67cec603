"""The pages of fields and settings are those of this version, and no variable is left out."""

import re
from pathlib import Path

import pytest

from nas.service.variables import OF_PROCESSES, variables
from write_reference import PAGES

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_made_from_the_descriptions_of_this_version(page):
    assert page.read_text(encoding="utf-8") == PAGES[page](), "stale: run python scripts/write_reference.py"


def test_every_variable_is_in_the_table():
    known = {variable.name for variable in variables()} | OF_PROCESSES
    code = (path for package in ("nas", "latency_db", "workers", "api") for path in (ROOT / package).rglob("*.py"))
    read = {found for path in code for found in re.findall(r"\"(NAS_[A-Z_]*[A-Z])\"", path.read_text(encoding="utf-8"))}

    assert read <= known
    assert all(variable.meaning for variable in variables())
