"""Finished trainings, for every search."""

from nas.jobs.records import TrainingKey


class Trainings:
    def get(self, key: TrainingKey) -> dict[str, float] | None:
        raise NotImplementedError
