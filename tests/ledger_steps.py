"""What a dispatcher would write, in short."""

from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner

SPEC = {"dataset": {"name": "synthetic"}, "max_trials": 4}


def submit(ledger: Ledger, name: str = "a search", spec=SPEC, **about):
    return ledger.searches.submit(spec, name=name, **about)[0]


def claimed(ledger: Ledger, owner: str = "one", lease_s: float = 30, **about):
    """A search that was submitted and claimed, and its owner's side of it."""
    search = submit(ledger, **about)
    claim = ledger.claims.claim(owner, lease_s=lease_s)
    assert claim is not None
    assert claim.search.id == search.id
    return claim.search, SearchOwner(ledger, claim.lease)


def asked(number: int, latency_ms: float = 1.5):
    return {
        "event": "asked",
        "trial": number,
        "metrics": {"latency_ms": latency_ms, "params": 1000 + number, "macs": 2.0e6, "size_bytes": 4000},
        "choices": {"stage 0": 1, "another": 0},
        "reward": None,
        "architecture_id": f"{number:016x}",
        "notation": "3x8x8: conv_8_k3_s2 gap linear_10",
        "architecture": {"stem": {"width": 8}, "classes": 10},
    }


def refused(number: int):
    return {"event": "refused", "trial": number, "metrics": {"latency_ms": 99.0}, "choices": {"a": 0}, "reward": -3.5}


def repeated(number: int):
    return {"event": "repeated", "trial": number, "choices": {"a": 0}, "ask": {"number": 1, "count": 2, "place": 1}}


def told(number: int, accuracy: float = 0.5, latency_ms: float = 1.5, reward: float | None = 0.25):
    return {
        "event": "told",
        "trial": number,
        "metrics": {**asked(number, latency_ms)["metrics"], "accuracy": accuracy},
        "state": "failed" if reward is None else "succeeded",
        "reward": reward,
        "reason": "DivergedError: the loss is nan" if reward is None else None,
        "reused": False,
    }


def carry_out(owner: SearchOwner, number: int, **result) -> None:
    """One trial from asked to told."""
    owner.add(asked(number))
    owner.started(number, "worker 1")
    owner.told(told(number, **result))


def types(ledger: Ledger, search_id: str) -> list[str]:
    return [event.type for event in ledger.events.after(search_id)]
