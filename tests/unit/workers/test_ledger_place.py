import pytest

from nas.jobs.desk import Desk
from nas.jobs.errors import FencedError
from nas.jobs.files import ArtifactStore
from nas.jobs.ledger import Ledger
from nas.jobs.records import TrainingKey
from workers.ledger_place import LedgerPlace, StoppedError

KEY = TrainingKey("architecture", "data", "recipe", 0, 1)
ASKED = {"event": "asked", "trial": 0, "metrics": {}, "choices": {}, "reward": None}
ASKED |= {"architecture_id": "architecture", "notation": "gap", "architecture": {}}
TOLD = {"event": "told", "trial": 0, "metrics": {"accuracy": 0.5}, "state": "succeeded", "reward": 0.5, "reason": None}


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'nas.db'}")
    ledger.migrate()
    ledger.searches.submit({"max_trials": 1}, name="x")
    yield ledger
    ledger.close()


def place_of(ledger, tmp_path, lease_s=30.0):
    claim = ledger.claims.claim("one", lease_s=lease_s)
    return LedgerPlace(ledger, Desk(ledger, claim.lease), ArtifactStore(tmp_path / "files"), tmp_path / "scratch")


def test_a_training_is_kept_with_the_line_that_tells_its_result(ledger, tmp_path):
    place = place_of(ledger, tmp_path)
    place.add(ASKED)
    place.remember(KEY, {"accuracy": 0.5}, told_next=True)
    assert ledger.trainings.get(KEY) is None
    place.add(TOLD)
    assert ledger.trainings.get(KEY) == {"accuracy": 0.5}
    assert [line["event"] for line in place.events()] == ["asked", "told"]


def test_a_training_outlives_the_lease(ledger, tmp_path):
    place = place_of(ledger, tmp_path, lease_s=-1.0)
    assert ledger.claims.claim("two") is not None
    place.remember(KEY, {"accuracy": 0.5}, told_next=True)
    with pytest.raises(FencedError):
        place.add(TOLD)
    assert ledger.trainings.get(KEY) == {"accuracy": 0.5}


def test_a_training_outlives_a_stop(ledger, tmp_path):
    place = place_of(ledger, tmp_path)
    place.remember(KEY, {"accuracy": 0.5}, told_next=True)
    place.stop()
    with pytest.raises(StoppedError):
        place.add(TOLD)
    assert ledger.trainings.get(KEY) == {"accuracy": 0.5}
