"""How a search of the service ends, as its client reads it."""

from PIL import Image
from processes import PATIENCE_S

from nas.spec import parse_spec
from nas.sql.errors import LedgerError
from workers.dispatching import assignment as carrying_out
from workers.dispatching.assignment import Assignment
from workers.executing.executors.inline import InlineExecutor
from workers.executing.scheduler import Scheduler


def test_a_reason_names_images_as_the_spec_does(settings, ledger, tmp_path):
    for name in ("a", "b"):
        (settings.data_root / "mine" / name).mkdir(parents=True)
        Image.new("L", (9, 8)).save(settings.data_root / "mine" / name / "0.png")
    spec = parse_spec({"dataset": {"name": "folder", "path": "mine"}, "references": []})
    made, _ = ledger.searches.submit(spec.model_dump(mode="json"), name="of odd images")
    assignment = Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))

    assignment.start()
    assignment.join(PATIENCE_S)

    found = ledger.searches.get(made.id)
    assert (found.state, found.state_reason) == ("FAILED", "DATA")
    assert found.state_message.startswith("mine/a/0.png has 9 x 8 pixels")
    assert str(tmp_path) not in found.state_message


def test_a_search_is_given_up_when_the_ledger_answers_again(settings, ledger, monkeypatch):
    """That its database was away is no death of its dispatcher, after three of which a search is set aside."""
    faults = [LedgerError("the database is away")] * 3

    def fail(*_, **__):
        raise faults.pop()

    monkeypatch.setattr(carrying_out.Pipeline, "run", fail)
    monkeypatch.setattr(carrying_out, "AFTER_FAULT_S", 0)
    fields = parse_spec({"dataset": "mnist", "references": []}).model_dump(mode="json")
    made, _ = ledger.searches.submit(fields, name="interrupted")
    assignment = Assignment(ledger, settings, Scheduler(InlineExecutor(1)), ledger.claims.claim("the test"))
    renew = ledger.claims.renew
    monkeypatch.setattr(ledger.claims, "renew", lambda lease: fail() if faults else renew(lease))

    assignment.start()
    assignment.join(PATIENCE_S)

    assert assignment.over
    assert not faults
    assert ledger.claims.claim("another").search.id == made.id
    assert "search.note" not in {event.type for event in ledger.events.after(made.id)}
