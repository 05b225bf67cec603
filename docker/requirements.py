"""The requirements of one image, out of pyproject.toml: python docker/requirements.py api|worker|agent."""  # noqa: INP001 - a script

import re
import sys
import tomllib
from pathlib import Path

TRAINING = {"ray", "torch"}
SERVICE = {"fastapi", "httpx2", "prometheus-client", "python-multipart", "uvicorn"}
LEFT_OUT: dict[str, set[str]] = {"worker": set(), "api": TRAINING, "agent": TRAINING | SERVICE}
"""What an image can do without, since it is never imported there."""


def requirements(target: str) -> list[str]:
    """The project's dependencies but for those; all that are left out must be dependencies."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[^\w-]", line, maxsplit=1)[0]: line for line in project["dependencies"]}
    unknown = LEFT_OUT[target] - set(named)
    if unknown:
        raise SystemExit(f"no dependencies: {', '.join(sorted(unknown))}; correct LEFT_OUT")
    return [line for name, line in named.items() if name not in LEFT_OUT[target]]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1])))  # noqa: T201 - into a file
