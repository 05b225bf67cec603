"""A ledger with searches in it that nobody had to wait for: real architectures, invented scores."""

import hashlib
from contextlib import suppress
from random import Random
from threading import Thread
from time import sleep
from typing import Any

from nas.jobs.errors import FencedError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import SearchRecord
from nas.jobs.tables import LEASE_S
from nas.ops.cost import network_cost
from nas.ops.diagram import diagram
from nas.ops.notation import write_network
from nas.space import Candidate
from nas.spaces import named_space
from nas.spec import parse_spec
from nas.sql.errors import LedgerError

TARGET_MS = 0.15
FACTS = {
    "dataset": {
        "name": "fashion_mnist_mini",
        "classes": ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"],
        "train": 12000,
        "validation": 1500,
        "test": 1500,
        "side": 28,
        "channels": 1,
        "digest": "0" * 16,
    },
    "space": {"name": "small", "size": "2739884324562312"},
    "device": {
        "name": "local-cpu-1t",
        "runtime": "onnxruntime",
        "runtime_version": "1.23.2",
        "precision": "fp32",
        "threads": 1,
        "cpu": "a processor",
        "statistic": "thread CPU time, 10th percentile of a round, best round",
    },
    "objective": {
        "name": "constrained",
        "target_latency_ms": TARGET_MS,
        "max_params": None,
        "max_macs": None,
        "max_size_bytes": None,
        "steers": True,
        "formula": "The best accuracy under a latency",
        "note": None,
    },
}
MNASNET = {
    "name": "mnasnet",
    "target_latency_ms": TARGET_MS,
    "alpha": 0.0,
    "beta": -0.3,
    "max_params": None,
    "max_macs": None,
    "max_size_bytes": None,
    "steers": True,
    "formula": "ACC * (LAT / T)^w",
    "note": None,
}


class Filling:
    """One search under way, moved on call by call as a dispatcher would."""

    def __init__(self, ledger: Ledger, name: str, *, max_trials: int = 24, seed: int = 0, **about: Any) -> None:
        self.ledger = ledger
        self.random = Random(seed)
        self.space = named_space("small")
        named = {"objective": about.pop("objective", "constrained"), "evaluator": about.pop("evaluator", "train")}
        spec = parse_spec({"dataset": "fashion_mnist_mini", **named})
        fields = spec.model_dump(mode="json") | {"max_trials": max_trials}
        self.id = ledger.searches.submit(fields, name=name, **about)[0].id
        self.candidates: list[Candidate] = []
        self.more: dict[str, float] = {}
        """Metrics that trials have beside the usual ones."""

    def begin(self, objective: dict[str, Any] | None = None, more: dict[str, Any] | None = None) -> "Filling":
        """more: facts beside the usual ones."""
        self.ledger.searches.change(self.id, priority=100)  # before those that other tests left in the queue
        claim = self.ledger.claims.claim(f"dispatcher {self.id}")
        assert claim is not None
        assert claim.search.id == self.id
        self.owner = SearchOwner(self.ledger, claim.lease)
        Thread(target=self._renew, daemon=True).start()
        self.owner.facts(FACTS | {"objective": objective or FACTS["objective"]} | (more or {}), TARGET_MS)
        self.owner.phase("TRAINING")
        return self

    def _renew(self) -> None:
        with suppress(FencedError, LedgerError):  # the search has ended, or the test has
            while True:
                sleep(LEASE_S / 3)
                self.ledger.claims.renew(self.owner.lease)

    def ask(self) -> int:
        number, candidate = len(self.candidates), self.space.sample(self.random)
        self.candidates.append(candidate)
        architecture = candidate.architecture
        found = network_cost(architecture.expand())
        self.known = {"params": found.params, "macs": found.macs, "size_bytes": 4 * found.params}
        latency_ms = round(0.02 + found.macs / 5e7 * self.random.uniform(0.8, 1.3), 5)
        described = {
            "architecture_id": architecture.id,
            "notation": write_network(architecture.expand()),
            "architecture": architecture.to_dict(),
        }
        metrics = self.known | self.more | {"latency_ms": latency_ms, "latency_error_ms": round(latency_ms * 0.04, 6)}
        asked = {"event": "asked", "trial": number, "metrics": metrics, "reward": None}
        self.owner.add(asked | {"choices": dict(candidate.choices)} | described)
        self.metrics = metrics
        return number

    def tell(self, number: int, accuracy: float | None, reason: str | None = None) -> None:
        """The result of the trial that was asked for last; failed without an accuracy."""
        state = "failed" if accuracy is None else "succeeded"
        metrics = self.metrics if accuracy is None else self.metrics | {"accuracy": accuracy}
        told = {"event": "told", "trial": number, "metrics": metrics, "state": state, "reason": reason}
        self.owner.told(told | {"reward": accuracy, "reused": False})

    def trial(self, accuracy: float | None = None) -> int:
        """A trial from beginning to end; its accuracy rises with its size unless it is given."""
        number = self.ask()
        self.owner.started(number, "worker-1")
        likely = 0.93 - 0.06 / (1 + self.metrics["macs"] / 4e5) - abs(self.random.gauss(0, 0.012))
        score = round(likely if accuracy is None else accuracy, 4)
        self.owner.epochs([(number, epoch, {"accuracy": round(score - 0.05 / epoch, 4)}) for epoch in (1, 2, 3)])
        self.tell(number, score)
        return number

    def finish(self, *others: int) -> SearchRecord:
        """References and finalists, with their files, and the end. others: trials that are finalists too."""
        self.owner.phase("FINALISTS")
        rows = [("mobilenetv1 width 0.5", 0.1, 0.805), ("shufflenet groups 3 width 0.5", 0.178, 0.742)]
        self.owner.keep(
            "references",
            [
                {
                    "label": label,
                    "notation": "",
                    "metrics": {"latency_ms": ms, "latency_error_ms": 0.002, "test_accuracy": acc},
                }
                for label, ms, acc in rows
            ],
        )
        best = self.ledger.searches.get(self.id).best_trial
        assert best is not None
        self.owner.keep("finalists", [self._finalist(number) for number in (best, *others)])
        return self.owner.end("SUCCEEDED")

    def _finalist(self, number: int) -> dict[str, Any]:
        trial = self.ledger.trials.get(f"{self.id}.{number}")
        network = self.candidates[number].architecture.expand()
        file = f"model-{trial.architecture_id}.onnx"
        measured = trial.metrics["latency_ms"] * 0.95
        scores = {"test_accuracy": trial.metrics["accuracy"] + 0.012, "validation_accuracy": trial.metrics["accuracy"]}
        metrics = trial.metrics | {"latency_ms": measured, "estimated_latency_ms": trial.metrics["latency_ms"]} | scores
        self.attach(number, file)
        about = {"trial": number, "id": trial.architecture_id, "file": file, "notation": trial.notation}
        return about | {"diagram": diagram(network), "metrics": metrics}

    def attach(self, number: int, file: str) -> None:
        """Link a file to the trial; content() is what is in it."""
        data = self.content(file)
        digest = hashlib.sha256(data).hexdigest()
        self.owner.attach("onnx", file, "application/octet-stream", digest, len(data), number)

    @staticmethod
    def content(file: str) -> bytes:
        return file.encode() * 20
