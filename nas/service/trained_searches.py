"""What searches of the ledger have trained, for questions about other targets and devices."""

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

from nas.jobs.ledger import Ledger
from nas.jobs.records import SearchRecord, TrialRecord
from nas.jobs.rows import RANKING
from nas.jobs.states import TrialState
from nas.retargeting.trained import TrainedRow, TrainedSearch

MOST_KEPT = 8
"""Searches that are kept for the next question: one that is asked again and again by a slider is read once."""

PAGE = 1000

_Version = tuple[int, bool]


class TrainedSearches:
    """Reads what a search has trained, and keeps it until the search has trained more. Many threads may use it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: OrderedDict[str, tuple[_Version, TrainedSearch]] = OrderedDict()
        self._lock = Lock()

    def of(self, search: SearchRecord) -> TrainedSearch | None:
        """None before a trial has succeeded."""
        if not search.facts or not search.counts.succeeded:
            return None
        with self._lock:  # of several that ask at once one reads
            results = self._ledger.trials.results(search.id)
            version = search.counts.succeeded, RANKING in results
            known, found = self._kept.pop(search.id, (None, None))
            if found is None or known != version:
                trials = self._succeeded(search.id)
                rows = [TrainedRow(t.number, t.choices, t.metrics, t.reward) for t in trials if t.reward is not None]
                found = TrainedSearch.of(search.spec, search.facts, rows, results)
            self._kept[search.id] = version, found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _succeeded(self, search_id: str) -> Iterator[TrialRecord]:
        after = -1
        while page := self._ledger.trials.page(search_id, after=after, limit=PAGE, states=[TrialState.SUCCEEDED.value]):
            yield from page
            after = page[-1].number
