"""`nas key` and `nas doctor`, and keys in use."""

import json
import socket
import sys

import pytest
from ledger_steps import claimed
from live_service import SPEC, ledger_of, service_on

from api.client import ApiError, Client
from api.processes import doctor
from api.processes.check import Check
from nas.command_line.groups import main
from nas.jobs.records import TrainingKey
from nas.native import library
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings, read_settings


@pytest.fixture
def nas(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NAS_HOME", str(tmp_path))
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nas", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_a_key_opens_what_its_scope_says_until_it_is_revoked(nas, tmp_path):
    code, secret, _ = nas("key", "create", "ci", "--scope", "read", "--expires", "90d")
    assert code == 0
    writer = json.loads(nas("key", "create", "me", "--scope", "write", "--json")[1])

    with service_on(Settings(home=tmp_path)) as url:
        with Client(url, secret.strip(), patience_s=5) as client:
            assert list(client.searches()) == []
            with pytest.raises(ApiError, match="SCOPE_MISSING"):
                client.submit(SPEC)
        with Client(url, writer["secret"], patience_s=5) as client:
            search = client.submit(SPEC)
            assert nas("key", "revoke", writer["id"])[0] == 0
            with pytest.raises(ApiError, match="KEY_INVALID"):
                search.refresh()
        with Client(url, patience_s=5) as client, pytest.raises(ApiError, match="KEY_MISSING"):
            next(client.searches())

    rows = {row["name"]: row for row in json.loads(nas("key", "list", "--json")[1])}
    assert rows["ci"]["expires_at"] is not None
    assert rows["me"]["revoked_at"] is not None
    listed = nas("key", "list")[1]
    assert rows["ci"]["id"] in listed
    assert secret.strip() not in listed


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("key", "create", "x"), 2, "--scope"),
        (("key", "create", "x", "--scope", "root"), 2, "admin"),
        (("key", "create", "x", "--scope", "read", "--expires", "soon"), 2, "90d"),
        (("key", "create", "x", "--scope", "read", "--expires", "0d"), 2, "90d"),
        (("key", "revoke", "key_0"), 2, "key_0"),
        (("key", "list", "--database", "mysql://x/y"), 1, "postgresql"),
        (("key", "list", "--database", "postgresql://nobody:pw@127.0.0.1:9/x"), 1, "DATABASE_URL"),
    ],
)
def test_a_wrong_key_command_names_what_is_wrong(nas, arguments, code, complaint):
    found, _, err = nas(*arguments)

    assert (found, complaint in err) == (code, True)
    assert "pw" not in err


@pytest.fixture
def fast_torch(monkeypatch):
    """The check of torch starts it, which takes seconds; once is enough."""
    monkeypatch.setattr("api.processes.doctor.TORCH", "print('[\"2\", []]')")


def states(out):
    return {check["name"]: check["state"] for check in json.loads(out)}


def test_a_healthy_machine(nas, tmp_path):
    """Before the first start as after it; a service that does not run is a warning."""
    code, out, _ = nas("doctor")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} <= {"ok", "warning", "->"}

    with service_on(Settings(home=tmp_path)) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_URL", url)
        patch.setattr("api.processes.doctor.TORCH", "print('[\"2\", []]')")
        code, out, _ = nas("doctor", "--json")

    assert code == 0
    found = states(out)
    assert {found[name] for name in ("python", "packages", "sqlite", "home", "secret", "database", "service")} == {"ok"}


@pytest.mark.usefixtures("fast_torch")
@pytest.mark.parametrize(
    ("variable", "value", "check", "state"),
    [
        ("DATABASE_URL", "postgresql://nobody:pw@127.0.0.1:9/x", "database", "failed"),
        ("DATABASE_URL", "nonsense", "database", "failed"),
        ("RAY_ADDRESS", "127.0.0.1:9", "ray", "warning"),
        ("RAY_ADDRESS", "[::1]:9", "ray", "warning"),
        ("RAY_ADDRESS", "auto", "ray", "warning"),
        ("NAS_WORKERS", "4000", "cores", "warning"),
        ("NAS_URL", "http://127.0.0.1:9", "service", "warning"),
        ("NAS_URL", "nonsense", "service", "warning"),
        ("NAS_HOME", "/proc/nas", "home", "failed"),
        ("NAS_LATENCY_DB", "/dev/null", "latencies", "failed"),
        ("NAS_BINARY_KERNEL", "abacus", "native", "failed"),
    ],
)
def test_each_fault_is_found_and_has_a_remedy(nas, monkeypatch, variable, value, check, state):  # noqa: PLR0917 - one row
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("RAY_TMPDIR", "/nonexistent")  # no cluster that somebody has started here

    code, out, _ = nas("doctor", "--json")

    (found,) = (c for c in json.loads(out) if c["name"] == check)
    assert (found["state"], bool(found["remedy"])) == (state, True)
    assert code == (1 if state == "failed" else 0)
    assert "pw@" not in out


@pytest.mark.usefixtures("fast_torch")
def test_a_secret_that_others_can_read_is_a_failure(nas, tmp_path):
    (tmp_path / "secret").write_bytes(b"x" * 32)
    (tmp_path / "secret").chmod(0o644)

    code, out, _ = nas("doctor", "--json")

    assert (code, states(out)["secret"]) == (1, "failed")


@pytest.mark.parametrize(
    ("folder", "file", "state"),
    [(0o700, 0o600, "ok"), (0o700, 0o640, "warning"), (0o2770, 0o660, "ok"), (0o777, 0o664, "warning")],
)
def test_a_ledger_may_be_read_by_those_who_share_the_folder(tmp_path, monkeypatch, folder, file, state):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, mode in (("secret", 0o600), ("nas.db", file)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    tmp_path.chmod(folder)

    assert doctor.secret(Settings(home=tmp_path)).state == state


def test_a_native_library_that_was_not_compiled_is_a_warning(monkeypatch):
    assert doctor.native().state == ("warning" if library() is None else "ok")
    monkeypatch.setattr(doctor, "library", lambda: None)
    assert doctor.native().state == "warning"


def test_a_torch_whose_import_fails_is_to_be_installed_again(monkeypatch):
    monkeypatch.setattr(doctor, "TORCH", "raise ImportError('libtorch is gone')")

    found = doctor.torch()

    assert (found.state, found.detail) == ("failed", "installed, but its import fails: ImportError: libtorch is gone")
    assert found.remedy.startswith("pip install --force-reinstall torch")


def test_a_torch_that_is_not_there_is_to_be_installed(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)

    assert doctor.torch() == Check("torch", "failed", "not installed", "pip install torch")


def test_a_torch_that_takes_long_is_not_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(doctor, "TORCH", "import time; time.sleep(600)")
    monkeypatch.setattr(doctor, "TORCH_S", 0.01)

    found = doctor.torch()

    assert (found.state, found.detail) == ("warning", "installed, but its import did not end within 0.01 s")
    assert "install" not in found.remedy
    assert "busy" in found.remedy


def test_a_service_that_takes_long_is_not_said_to_be_stopped(monkeypatch):
    monkeypatch.setattr(doctor, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("NAS_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        found = doctor.service()

    assert (found.state, found.detail.partition(" did")[2]) == ("warning", " not answer within 0.2 s")
    assert "nas serve" not in found.remedy


@pytest.mark.parametrize("command", [("doctor",), ("key", "list")])
def test_settings_that_make_no_sense_are_wrong_use(nas, monkeypatch, command):
    monkeypatch.setenv("NAS_WORKERS", "many")

    code, _, complaint = nas(*command)

    assert (code, "workers" in complaint) == (2, True)
    assert "default factory" not in complaint


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_home_that_cannot_be_written_is_told_in_one_line_and_ends_it(nas, monkeypatch, tmp_path, command):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "file" / "home"))

    code, _, complaint = nas(command)

    why = f"{tmp_path}/file/home cannot be written: Not a directory"
    assert (code, complaint) == (2, f"Error: {why}; make it writable, or name another folder in NAS_HOME\n")


@pytest.mark.parametrize(
    "address", ["head", "ray://head:10001", "http://head:8265", "::1:6379", "[::1]", "head:0", "head:65536", "Auto"]
)
@pytest.mark.parametrize("command", ["doctor", "worker", "serve"])
def test_an_address_of_ray_in_another_form_is_refused_with_those_that_there_are(nas, monkeypatch, command, address):
    monkeypatch.setenv("RAY_ADDRESS", address)

    code, _, complaint = nas(command)

    assert code == 2
    assert complaint.count("\n") == 1
    for form in (repr(address), "HOST:PORT", "[::1]:6379", "auto", "local"):
        assert form in complaint


@pytest.mark.parametrize("address", ["", "local", " local "])
def test_a_local_ray_is_started(monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)

    assert read_settings().ray_address is None


def test_an_address_of_ray_concerns_its_executors_alone(monkeypatch):
    """Other programs may need another form, such as that of Ray's jobs."""
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:8265")

    assert read_settings(executor="process").executor == "process"


@pytest.mark.usefixtures("fast_torch")
def test_the_doctor_says_whose_the_files_are(nas, tmp_path):
    settings = Settings(home=tmp_path)
    with ledger_of(settings) as ledger:
        store = ArtifactStore(settings.artifacts, ledger.artifacts)
        training = TrainingKey("a" * 16, "data", "recipe", 0, 1)
        ledger.trainings.put(training, {"model": store.add(b"x" * 3000)[0]})
        store.add(b"y" * 500)
        for name, contents in (
            ("kept", (b"a" * 1000, b"of both")),
            ("deleted", (b"b" * 2000, b"of both", b"x" * 3000)),
        ):
            search, owner = claimed(ledger, name=name)
            for index, content in enumerate(contents):
                sha256, size_bytes = store.add(content)
                owner.attach("report", f"{index}", "text/html", sha256, size_bytes)
            owner.end("SUCCEEDED")
        ledger.searches.delete(search.id)
    for folder, size in ((settings.uploads / "set", 20), (settings.data_root / "mine", 30), (settings.scratch, 40)):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"z" * size)
    (settings.data_root / "link").symlink_to("/")

    code, out, _ = nas("doctor", "--json")

    assert code == 0
    sizes_bytes = {check["name"]: check["sizes_bytes"] for check in json.loads(out)}
    assert sizes_bytes["artifacts"] == {
        "searches": 1007,
        "deleted searches": 2000,
        "finished trainings": 3000,
        "unreferenced": 500,
    }
    assert (sizes_bytes["uploads"], sizes_bytes["data root"], sizes_bytes["scratch"]) == (
        {"files": 20},
        {"files": 30},
        {"files": 40},
    )
    assert sizes_bytes["disk"]["total"] > sizes_bytes["disk"]["free"] > 0
    assert sizes_bytes["database"]["ledger"] == (tmp_path / "nas.db").stat().st_size
    line = next(line for line in nas("doctor")[1].splitlines() if "artifacts" in line.split()[:2])
    assert "5 files" in line
    assert "removed after 30 days" in line


@pytest.mark.usefixtures("fast_torch")
def test_files_are_counted_up_to_a_number(nas, tmp_path, monkeypatch):
    monkeypatch.setattr("nas.service.disk_use.MAX_FILES", 3)
    settings = Settings(home=tmp_path)
    settings.scratch.mkdir()
    for number in range(4):
        (settings.scratch / f"{number}").write_bytes(b"x")

    assert any("more than 3 files" in line for line in nas("doctor")[1].splitlines() if "scratch" in line)
