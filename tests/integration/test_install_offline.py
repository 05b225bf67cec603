"""Installing from a folder of wheels, without a network: `pip` finds all that nas needs there.

The folder is like that of `make wheels`, but its wheels are made of the metadata of what is installed here.
"""

import ensurepip
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement


def needed(names):
    """The installed distributions that these need, and those that they need, without extras of ours."""
    found, waiting = {}, [(name, frozenset()) for name in names]
    while waiting:
        name, extras = waiting.pop()
        known = distribution(name)
        if known.name in found and extras <= found[known.name][1]:
            continue
        found[known.name] = (known, extras)
        for line in known.requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
                waiting.append((wanted.name, frozenset(wanted.extras)))
    return [known for known, _ in found.values()]


def write_wheel(folder, known):
    """A wheel without code: what pip resolves by."""
    stem = f"{known.name.replace('-', '_')}-{known.version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for name, text in {
            "METADATA": known.read_text("METADATA"),
            "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }.items():
            wheel.writestr(f"{stem}.dist-info/{name}", text)


def pip():
    """The installed pip, or the one that Python brings for new environments."""
    if find_spec("pip"):
        return os.environ
    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    return os.environ | {"PYTHONPATH": str(bundled)}


def test_pip_resolves_nas_from_a_folder_with_a_strange_name(tmp_path):
    folder = tmp_path / "a folder, für Räder"
    folder.mkdir()
    for known in needed(["nas"]):
        write_wheel(folder, known)
    offline = {"PIP_CONFIG_FILE": os.devnull, "https_proxy": "http://127.0.0.1:9", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", folder, "nas"]

    done = subprocess.run(
        [*command, "--dry-run", "--ignore-installed", "--target", tmp_path / "new"],
        env={**{name: value for name, value in pip().items() if name != "PIP_FIND_LINKS"}, **offline},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert f"nas-{distribution('nas').version}" in done.stdout
