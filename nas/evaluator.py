"""Evaluators: how good a network is, and at what cost of computing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel
from typing_extensions import Buffer

from nas.dataset import Dataset
from nas.ops import Network
from nas.registry import Registry
from nas.space import SearchSpace
from nas.supernet.correction import Judged
from nas.trial import Metrics, Report

PLAIN, BALANCED = "plain", "balanced"
"""Accuracies that an evaluator may score by: the share of the images, or the mean of the classes' shares."""

RANDOM, EARLIER = "random", "earlier"
"""What a preparation may start from: random numbers, or trained networks of earlier searches, which are not known yet.
Once they are, it is their digest.
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where evaluate stops before its end: after so many epochs. checkpoint: the file that it leaves its state in, and
    that it goes on from if the file is there.
    """

    epochs: int
    checkpoint: Path


@dataclass(frozen=True, slots=True)
class CacheKey:
    """What identifies an evaluation beside the network, the seed and the number of epochs: the images, and the method
    with its parameters.
    """

    data_digest: str
    recipe_id: str


@dataclass(frozen=True, slots=True)
class RankCheck:
    """Networks that are trained by themselves before the first trial, to see how an evaluator orders them.

    networks: how many. alone, unchecked: evaluators as a spec has them: that which trains these networks, and the own
    one without this check. otherwise: what follows if multiply-adds order them as well: trials are scored all the same
    (go_on), the search ends (stop), or trials are trained as these networks were (train).
    """

    networks: int
    alone: Mapping[str, Any]
    unchecked: Mapping[str, Any]
    otherwise: Literal["go_on", "stop", "train"]


@dataclass(frozen=True, slots=True)
class ScoredTwice:
    """A network with the accuracy that evaluate says, and that of a training by itself; fractions."""

    network: Network
    shared: float
    alone: float


class Evaluator(ABC):
    """Scores networks on the validation split of one data set; it never reads the test split.

    Each worker process makes its own instance from plain data. The result of evaluate depends on its arguments, the
    seed, and the content that load_prepared was given, and on nothing else. The attribute seed may be set before
    evaluate is called, to repeat an evaluation on the images that the constructor's seed drew. A process that only
    reads the attributes need not have torch.
    """

    name: ClassVar[str]
    epochs: int = 1
    """How often evaluate reports, at most."""
    trains: ClassVar[bool] = False
    """Whether evaluate trains the network's weights; if not, it scores the network in another way."""
    stops: ClassVar[bool] = False
    """Whether evaluate_until is implemented, which pruners need."""
    follows_teacher: ClassVar[bool] = False
    """Whether evaluate follows the soft labels of dataset.train, where it has any; the cache key then names them."""
    preparation_epochs: int = 0
    """How often prepare reports, at most; 0 for an evaluator without shared state."""
    starts: ClassVar[bool] = False
    """Whether it has the parameter `start`: RANDOM, EARLIER or a digest; its keys are None as long as it is EARLIER."""
    inherits: ClassVar[bool] = False
    """Whether inherited is implemented, which finalists may start from."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed
        self.prepared: Buffer = b""

    @property
    def cache_key(self) -> CacheKey | None:
        """Results of earlier searches under an equal key are reused. None: results are never reused."""
        return None

    @property
    def preparation_key(self) -> CacheKey | None:
        """As cache_key, of what prepare returns for a space, which searches of it share. None: they never do."""
        return None

    @property
    def note(self) -> str | None:
        """What the accuracy of trials is, for their users, where it is not that of the trained network."""
        return None

    @property
    def device(self) -> str:
        """Where finalists are trained: cpu or cuda."""
        return "cpu"

    def prepare(self, space: SearchSpace, checkpoint: Path, report: Report) -> bytes:  # noqa: ARG002 - the contract
        """The state that all evaluations of a search share, such as the weights of a supernet, as a file's content.

        It is called in a worker, once in a search and before its first trial, if preparation_epochs is not 0.
        checkpoint: a file for the state after each epoch, from which a later call goes on after a kill; it may not
        exist yet. What report raises ends the call.
        """
        return b""

    def start_from(self, networks: bytes) -> None:
        """Called before prepare with the trained networks of this start, as nas.supernet.trained packs them."""
        raise NotImplementedError(f"{self.name} starts from nothing")

    def load_prepared(self, content: Buffer) -> None:
        """Called with what prepare returned, in each worker, before evaluate or inherited.

        content: bytes, or memory that processes share and none may write; it stays as it is as long as it is held.
        """
        self.prepared = content

    def inherited(self, network: Network) -> Mapping[str, Any]:
        """The network's weights in the shared state, as float32 arrays by their paths in the torch reading."""
        raise NotImplementedError(f"{self.name} has no weights to inherit")

    def correction(self, space: SearchSpace, scored: Sequence[ScoredTwice]) -> Judged | None:  # noqa: ARG002 - the contract
        """What scores of networks of the space are corrected by, as networks show that were scored twice, and whether
        that pays; left_out is in their order. None of an evaluator whose scores are what they are.
        """
        return None

    def corrected(self, content: Buffer, correction: Mapping[str, Any]) -> bytes:
        """What prepare returned, for scores to be corrected. correction: as in Judged, in JSON values."""
        raise NotImplementedError(f"{self.name} has no correction")

    @abstractmethod
    def evaluate(self, network: Network, report: Report) -> Metrics:
        """Metrics with at least `accuracy`, a fraction of the validation images. DivergedError if training failed.

        What report raises ends the call.
        """

    def evaluate_until(self, network: Network, report: Report, stop: Stop) -> Metrics:
        """What evaluate returns, of a training that stops early and goes on from its checkpoint in a later call.

        The training is that of evaluate, which takes the same steps however often it stops. CheckpointError if the
        checkpoint is damaged or of another training.
        """
        raise NotImplementedError(f"{self.name} does not stop early")

    @classmethod
    def refusal(cls, space: SearchSpace, parameters: BaseModel) -> str | None:  # noqa: ARG003 - the contract
        """Why networks of the space cannot be scored with the user's parameters, with the remedy; None if they can."""
        return None

    @classmethod
    def full_epochs(cls, parameters: BaseModel) -> int | None:  # noqa: ARG003 - the contract
        """Epochs of a whole evaluation with the user's parameters; None if pruners cannot compare trials by epochs."""
        return None

    @classmethod
    def rank_check(cls, parameters: BaseModel) -> RankCheck | None:  # noqa: ARG003 - the contract
        """What the user's parameters say of a check before the first trial; None for no check."""
        return None


evaluator: Registry[Evaluator] = Registry("evaluator", "nas.evaluators")


def start_of(given: Mapping[str, Any]) -> str:
    """What the preparation of an evaluator, as a spec has it, starts from."""
    start: str = given.get("start", RANDOM)
    return start if start == RANDOM or evaluator[given["name"]].starts else RANDOM


def rank_check_of(given: Mapping[str, Any]) -> RankCheck | None:
    """Of an evaluator as a spec has it. SpecError names each parameter that is wrong."""
    return evaluator[given["name"]].rank_check(evaluator.checked(given, "evaluator"))
