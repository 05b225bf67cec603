"""NAS_HOME moves all that is written, and what lies elsewhere is named or still found."""

import logging

import pytest

from latency_db.agent.state import default_home
from latency_db.storing.location import default_location
from nas.dataset import data_dir, data_dirs
from nas.machine.folders import cache_folder, data_folder
from nas.service.settings import Settings
from workers.folder_run.folder import paces_file


@pytest.fixture
def places(tmp_path, monkeypatch):
    """NAS_HOME, and the user's own folder for data."""
    for name in ("NAS_LATENCY_DB", "NAS_DATA_DIR", "NAS_CACHE_DIR", "NAS_AGENT_HOME", "NAS_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "home", tmp_path / "share" / "nas"


def test_all_that_is_written_is_below_it(places, caplog):
    home, of_user = places

    written = (Settings().home, data_folder(), cache_folder(), data_dir(), default_home(), paces_file().parent)

    assert all(folder.is_relative_to(home) for folder in written)
    assert default_location() == str(home / "latency.db")
    assert of_user / "datasets" in data_dirs()[1:]  # sets that came before are found
    assert not caplog.records


def test_an_older_latency_database_is_named(places, caplog):
    home, of_user = places
    of_user.mkdir(parents=True)
    (of_user / "latency.db").touch()

    with caplog.at_level(logging.WARNING):
        assert default_location() == str(home / "latency.db")

    assert f"are in {of_user / 'latency.db'}" in caplog.text
    assert "set NAS_LATENCY_DB to it" in caplog.text


def test_an_agent_stays_the_one_that_it_was(places):
    home, of_user = places
    before = of_user.parents[1] / "state" / "nas-agent"
    assert default_home() == home / "agent"
    before.mkdir(parents=True)
    (before / "machine").write_text("0" * 32)

    assert default_home() == before
