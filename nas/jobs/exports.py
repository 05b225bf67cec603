"""Exports, asked for and read."""

from nas.jobs.records import ExportRecord


class Exports:
    def request(self, trial_id: str, export_format: str, epochs: int | None) -> tuple[ExportRecord, bool]:
        raise NotImplementedError

    def get(self, export_id: str) -> ExportRecord:
        raise NotImplementedError

    def of(self, trial_id: str) -> list[ExportRecord]:
        raise NotImplementedError
