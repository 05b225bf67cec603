"""The agent in an environment with only what agent/pyproject.toml installs."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from agents import requests, until
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from processes import PATIENCE_S

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text(encoding="utf-8"))
NETWORK = "3x16x16: conv_16_k3_s2 gap linear_10"


def needed(names):
    """These distributions and all that they require."""
    found, waiting = {}, list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found[name] = distribution(name)
            asked = map(Requirement, found[name].requires or [])
            waiting += [r.name for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found.values()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with the agent alone."""
    home = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (packages,) = (home / "lib").glob("python*/site-packages")
    for one in needed(Requirement(line).name for line in PROJECT["project"]["dependencies"]):
        for top in {file.parts[0] for file in one.files if file.parts[0] not in ("..", "__pycache__")}:
            (packages / top).symlink_to(one.locate_file(top))
    for source, target in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items():
        origin, copied = ROOT / "agent" / source, packages / target
        copied.parent.mkdir(exist_ok=True)
        shutil.copytree(origin, copied) if origin.is_dir() else shutil.copy(origin, copied)
    metadata = packages / "nas_agent-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nas-agent\nVersion: 0.1.0\n")
    programs = PROJECT["project"]["entry-points"]["nas.programs"]
    lines = [f"{name} = {target}" for name, target in programs.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[nas.programs]", *lines, ""]))
    return home / "bin" / "python"


def nas(python, *arguments, **more):
    command = [python, "-I", "-c", "from nas.command_line.entry import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more)


def test_its_three_packages_are_those_of_nas():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert set(PROJECT["project"]["dependencies"]) < set(whole["dependencies"])
    assert PROJECT["project"]["version"] == whole["version"]
    assert {Requirement(line).name for line in PROJECT["project"]["dependencies"]} == {"httpx2", "numpy", "onnxruntime"}


def test_what_is_not_the_agent_says_what_to_install(python):
    asked = nas(python, "device", "list")

    assert "only `nas agent` runs with what is installed" in asked.communicate(timeout=PATIENCE_S)[1]
    assert asked.returncode == 1


def test_it_measures_a_batch_for_a_real_service(python, service, tmp_path):
    token = service.post("/v1/devices", json={"name": "pi"}).json()["token"]
    environment = {"NAS_API_KEY": token, "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    agent = nas(python, "agent", "--server", service.base_url, "--home", tmp_path / "agent", env=environment)
    try:
        until(lambda: requests(service))
        service.post("/v1/devices/pi-cpu-1t/requests", json={"networks": [NETWORK], "effort": "quick"})
        until(lambda: requests(service)["DONE"])
    finally:
        agent.terminate()
        said = agent.communicate(timeout=PATIENCE_S)[1]

    assert agent.returncode == 0
    assert "with pi-cpu-1t" in said  # ONNX Runtime is the only runtime found
