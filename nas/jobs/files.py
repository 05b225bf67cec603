"""The artifact folder."""

from pathlib import Path


class ArtifactStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, content: bytes | Path) -> tuple[str, int]:
        """sha256 and size in bytes."""
        raise NotImplementedError

    def path(self, sha256: str) -> Path:
        """NotFoundError if there is none."""
        raise NotImplementedError
