import os
import re
import subprocess
import sys

import pytest
from ledger_steps import SPEC, asked, claimed, submit, told

from nas.errors import SpecError
from nas.jobs.errors import NotFoundError
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings, read_settings
from nas.sql.errors import ValueRefusedError
from nas.sql.ids import new_id, split_trial_id, trial_id


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_cannot_be_stored_is_refused_and_nothing_written(ledger, text):
    for write in (
        lambda: ledger.searches.submit(SPEC, name=text),
        lambda: ledger.keys.create(text, ["read"]),
    ):
        with pytest.raises(ValueRefusedError, match="NUL or half a surrogate"):
            write()
    assert ledger.searches.page() == []


def test_json_holds_what_text_cannot(ledger):
    labels = {"nul\0": "\0", "half": "\ud800", "é": "漢"}
    search, _ = ledger.searches.submit(SPEC, name="x", labels=labels)
    assert ledger.searches.get(search.id).labels == labels


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_has_not_are_refused(ledger, number):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    with pytest.raises(ValueRefusedError, match="JSON has none"):
        owner.told(told(0, accuracy=number))
    assert ledger.searches.get(search.id).counts.succeeded == 0
    with pytest.raises(ValueRefusedError):
        ledger.searches.submit({**SPEC, "x": [number]}, name="x")


@pytest.mark.parametrize("field", ["priority", "max_trials"])
def test_integers_that_are_too_large_are_refused(ledger, field):
    search = submit(ledger)
    with pytest.raises(ValueRefusedError, match="does not fit"):
        ledger.searches.change(search.id, None, **{field: 10**30})


def test_ids_sort_by_time():
    ids = [new_id("srch") for _ in range(200)]
    assert len(set(ids)) == 200
    assert all(re.fullmatch(r"srch_[0-9a-hjkmnp-tv-z]{26}", made) for made in ids)
    assert [made[:15] for made in ids] == sorted(made[:15] for made in ids)


def test_a_trials_id_is_its_searchs_and_its_number():
    assert split_trial_id(trial_id("srch_a", 17)) == ("srch_a", 17)
    for text in ("srch_a", "srch_a.", ".7", "srch_a.-1", "srch_a.٣", "srch_a.1e3", "srch_a.12345678901"):
        assert split_trial_id(text) is None


def test_artifacts_are_named_by_their_content(ledger, tmp_path):
    store = ArtifactStore(tmp_path / "store", ledger.artifacts)
    sha256, size = store.add(b"content")
    assert sha256 == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert size == 7
    source = tmp_path / "file"
    source.write_bytes(b"content")
    assert store.add(source) == (sha256, size)
    assert store.path(sha256).read_bytes() == b"content"
    assert source.exists()
    assert [path.name for path in store.folder.rglob("*") if path.is_file()] == [sha256]
    assert store.add(b"")[1] == 0


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63 + "\n", "/" + "0" * 63])
def test_what_is_no_digest_leads_nowhere(ledger, tmp_path, name):
    store = ArtifactStore(tmp_path, ledger.artifacts)
    store.add(b"content")
    with pytest.raises(NotFoundError):
        store.path(name)


def test_an_artifact_that_cannot_be_read_leaves_nothing(ledger, tmp_path):
    store = ArtifactStore(tmp_path / "store", ledger.artifacts)
    with pytest.raises(FileNotFoundError):
        store.add(tmp_path / "absent")
    assert list(store.folder.iterdir()) == []


def test_settings_follow_the_home_and_the_environment(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("NAS_")] + ["DATABASE_URL", "RAY_ADDRESS"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NAS_HOME", str(tmp_path))
    settings = Settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/nas.db"
    assert settings.data_root == tmp_path / "data-root"
    assert settings.uploads == tmp_path / "data-root" / "uploads"
    assert (settings.host, settings.port, settings.open, settings.executor) == ("127.0.0.1", 8000, False, "ray")
    assert settings.workers * settings.threads <= os.cpu_count()
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/db")
    monkeypatch.setenv("NAS_WORKERS", "1")
    monkeypatch.setenv("NAS_OPEN", "true")
    monkeypatch.setenv("RAY_ADDRESS", "")
    settings = Settings(port=0)
    assert (settings.database_url, settings.workers, settings.open) == ("postgresql://host/db", 1, True)
    assert (settings.port, settings.ray_address) == (0, None)


def injected(service, address):
    """The variables that Kubernetes sets in each pod for a Service."""
    name = service.upper().replace("-", "_")
    host, port = address.rsplit(":", 1)
    url = f"tcp://{address}"
    fixed = {f"{name}_SERVICE_HOST": host, f"{name}_SERVICE_PORT": port, f"{name}_SERVICE_PORT_HTTP": port}
    of_port = {"": url, "_PROTO": "tcp", "_PORT": port, "_ADDR": host}
    return fixed | {f"{name}_PORT": url} | {f"{name}_PORT_{port}_TCP{last}": value for last, value in of_port.items()}


@pytest.mark.parametrize("address", ["10.96.0.1:8000", "[fd00::1]:8000"])
def test_what_kubernetes_sets_for_services_is_no_setting(tmp_path, monkeypatch, caplog, address):
    """Whatever Services are called; the one warning names what prevents it."""
    monkeypatch.setenv("NAS_HOME", str(tmp_path))
    expected = Settings()
    for service in ("nas", *(f"nas-{name.replace('_', '-')}" for name in Settings.model_fields)):
        for variable, value in injected(service, address).items():
            monkeypatch.setenv(variable, value)

    assert [read_settings(), read_settings()] == [expected, expected]

    assert [record.getMessage().split(" is passed over")[0] for record in caplog.records] == [
        f"NAS_PORT=tcp://{address}"
    ]
    assert "enableServiceLinks: false" in caplog.text
    monkeypatch.setenv("NAS_PORT", "http://10.96.0.1:8000")
    with pytest.raises(SpecError, match=r"\Aport: .*\Z"):
        read_settings()


def test_the_ledger_starts_without_what_is_slow():
    """The API opens it at every start."""
    lines = (
        "import sys; import nas.jobs.ledger, nas.jobs.owner, nas.service.settings",
        "print([name for name in ('torch', 'ray', 'alembic', 'numpy') if name in sys.modules])",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
