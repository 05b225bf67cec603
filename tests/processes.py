"""What tests ask about processes."""

from pathlib import Path

PATIENCE_S = 480
"""How long tests wait for what takes seconds: the machine may be busy with much else."""


def alive(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
