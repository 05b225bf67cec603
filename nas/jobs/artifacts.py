"""Artifacts, read."""

from nas.jobs.records import ArtifactLink, ArtifactRecord


class Artifacts:
    def get(self, sha256: str) -> ArtifactRecord:
        raise NotImplementedError

    def links(self, search_id: str, trial: int | None = None) -> list[ArtifactLink]:
        raise NotImplementedError
