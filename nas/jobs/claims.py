"""Who works on what: leases on searches and exports."""

from typing import Any

from nas.jobs.records import Claim, ExportClaim, ExportLease, ExportRecord, File, Lease, SearchRecord


class Claims:
    def claim(self, owner: str, *, lease_s: float = 30) -> Claim | None:
        raise NotImplementedError

    def renew(self, lease: Lease, lease_s: float = 30) -> SearchRecord:
        raise NotImplementedError

    def release(self, lease: Lease) -> None:
        raise NotImplementedError

    def owned(self, owner: str) -> list[SearchRecord]:
        raise NotImplementedError

    def claim_export(self, owner: str, lease_s: float = 30) -> ExportClaim | None:
        raise NotImplementedError

    def renew_export(self, lease: ExportLease, lease_s: float = 30) -> ExportRecord:
        raise NotImplementedError

    def end_export(
        self,
        lease: ExportLease,
        state: str,
        *,
        reason: str | None = None,
        file: File | None = None,
        metrics: dict[str, Any] | None = None,
    ) -> ExportRecord:
        """SUCCEEDED with a file, or FAILED with a reason."""
        raise NotImplementedError
