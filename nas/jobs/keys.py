"""API keys."""

from collections.abc import Sequence
from datetime import datetime

from nas.jobs.records import KeyRecord


class Keys:
    def create(
        self, name: str, scopes: Sequence[str], expires_at: datetime | None = None
    ) -> tuple[KeyRecord, str]:
        raise NotImplementedError

    def find(self, secret: str) -> KeyRecord | None:
        raise NotImplementedError

    def list(self) -> list[KeyRecord]:
        raise NotImplementedError

    def revoke(self, key_id: str) -> KeyRecord:
        raise NotImplementedError
