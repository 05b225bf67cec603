"""The ledger as one object."""

from nas.jobs.artifacts import Artifacts
from nas.jobs.claims import Claims
from nas.jobs.events import Events
from nas.jobs.exports import Exports
from nas.jobs.keys import Keys
from nas.jobs.searches import Searches
from nas.jobs.trainings import Trainings
from nas.jobs.trials import Trials


class Ledger:
    searches: Searches
    trials: Trials
    events: Events
    claims: Claims
    exports: Exports
    artifacts: Artifacts
    keys: Keys
    trainings: Trainings

    def __init__(self, url: str) -> None:
        raise NotImplementedError

    def migrate(self) -> None:
        raise NotImplementedError

    def check(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
