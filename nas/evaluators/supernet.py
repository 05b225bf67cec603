"""One training of weights that all networks of the space share, before the first trial; trials are then only scored."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel
from typing_extensions import Buffer

from nas.dataset import Dataset
from nas.errors import SpecError
from nas.evaluator import BALANCED, EARLIER, PLAIN, RANDOM, CacheKey, Evaluator, RankCheck, ScoredTwice, evaluator
from nas.ops import Network
from nas.registry import described
from nas.space import SearchSpace
from nas.supernet import Check, Sampling
from nas.supernet.correction import Correction, Judged, fitted, traits_of
from nas.supernet.roles import Roles
from nas.training import Recipe
from nas.training.trial_choices import TrainDevice, TrainImages, chosen_device, drawn_images
from nas.trial import Metrics, Report

RECIPE = Recipe(epochs=16, ema_decay=None)
SAMPLING = Sampling()
CHECK = Check()
VERSION = 1
"""Of what makes weights out of a recipe: weights of another version are trained anew."""


def _start(value: str) -> str:
    if value not in (RANDOM, EARLIER) and not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError(f"write {RANDOM} or {EARLIER}")
    return value


@evaluator("supernet")
class SupernetEvaluator(Evaluator):
    """Trains one bank of weights by one recipe (nas.training.Recipe), a network of the space in each step, as
    nas.supernet.Sampling says; docs/supernet.md says when that pays.

    A trial takes its part of the weights, has its batch norms re-estimated, and is scored on the validation images, in
    a fraction of a second. Metrics: loss and shared_accuracy, which are of the network with shared weights, and
    accuracy, which is what accuracy says, corrected by kinds of blocks where the check finds that this pays.
    """

    starts = True
    inherits = True
    follows_teacher = True

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        *,
        recipe: Recipe = RECIPE,
        sampling: Sampling = SAMPLING,
        train_images: TrainImages = None,
        device: TrainDevice = "auto",
        accuracy: Annotated[
            Literal["from_loss", "plain", "balanced"],
            described(
                "what trials are scored by, under the name accuracy: the accuracy that the validation loss lets "
                "expect, which ranks networks by their loss (from_loss), the share of the validation images that is "
                "right (plain), or the mean of that share over the classes (balanced)",
                "balanced where classes are uneven and the rare ones count as much; plain ranks worse",
            ),
        ] = "from_loss",
        start: Annotated[
            str,
            AfterValidator(_start),
            described(
                "what the weights start from: random numbers (random), or the finalists of the searches in warm_start "
                "(earlier), which a fresh search over the weights has as their digest",
                "earlier where a search of the space has finalists",
            ),
        ] = RANDOM,
        check: Check = CHECK,
    ) -> None:
        super().__init__(dataset, seed)
        self.recipe, self.sampling, self._check = recipe, sampling, check
        self._start, self._networks = start, b""
        self.preparation_epochs = recipe.epochs
        self._images = drawn_images(dataset, train_images, seed)
        self._device, self._accuracy = device, accuracy

    @property
    def preparation_key(self) -> CacheKey | None:
        if self._start == EARLIER:
            return None
        soft = self._images.train.soft
        determining = {"recipe": self.recipe.id, **asdict(self.sampling), "version": VERSION}
        determining |= {"taught": soft.digest} if soft else {}
        determining |= {"start": self._start} if self._start != RANDOM else {}
        digest = hashlib.sha256(json.dumps(determining, sort_keys=True).encode()).hexdigest()[:16]
        return CacheKey(self._images.digest, f"supernet-{digest}")

    @property
    def cache_key(self) -> CacheKey | None:
        key = self.preparation_key
        if key is None:
            return None
        check = self._check
        checked = f"+checked-{check.check}x{check.check_epochs}" if check.check else ""
        checked += "-or-train" if check.check and check.otherwise == "train" else ""
        return CacheKey(key.data_digest, f"{key.recipe_id}+{self._accuracy}{checked}")

    @property
    def device(self) -> str:
        """Where the weights are trained and scored: cpu or cuda. SpecError if torch does not see the GPU of a spec."""
        return chosen_device(self._device)

    @property
    def note(self) -> str | None:
        """What the accuracy of trials is."""
        start = "" if self._start == RANDOM else ", whose training began with trained networks"
        of = {
            "from_loss": "the accuracy that the validation loss with shared weights lets expect",
            PLAIN: "the share of the validation images that is right with shared weights",
            BALANCED: "the mean of the classes' recalls with shared weights",
        }
        return of[self._accuracy] + start

    @classmethod
    def refusal(cls, space: SearchSpace, parameters: BaseModel) -> str | None:
        given: Any = parameters
        if given.optimizer == "muon" or given.norm_bias_rate != 1:
            return "muon and norm_bias_rate are for layers that are trained whole, not in parts: leave them out"
        if given.first_resolution < 1:
            return "shared weights are trained at the resolutions of their networks: leave first_resolution out"
        if given.whitened:
            return "shared weights begin with random filters: leave whitened out"
        if space.has_codes:
            return (
                "the weights that networks share are floats, and the space decides on precisions of stages: leave "
                "precision and density out of it, or take the evaluator train"
            )
        return None

    @classmethod
    def rank_check(cls, parameters: BaseModel) -> RankCheck | None:
        """Networks are trained by the recipe of the weights, as far as the user has changed it."""
        given: Any = parameters
        if given.check is None:
            return None
        recipe = {each.name: getattr(given, each.name) for each in fields(RECIPE)}
        changed = {name: value for name, value in recipe.items() if value != getattr(RECIPE, name)}
        alone = {"name": "train", **changed, "epochs": given.check_epochs, "device": given.device}
        alone |= {"train_images": given.train_images, "accuracy": BALANCED if given.accuracy == BALANCED else PLAIN}
        unchecked = {"name": cls.name, **given.model_dump(mode="json"), **asdict(CHECK)}
        return RankCheck(given.check, alone, unchecked, given.otherwise)

    def start_from(self, networks: bytes) -> None:
        self._networks = networks

    def prepare(self, space: SearchSpace, checkpoint: Path, report: Report) -> bytes:
        from nas.supernet.file import write  # noqa: PLC0415 - the service describes evaluators without torch
        from nas.supernet.scoring import Scorer, fit_expected  # noqa: PLC0415 - as above
        from nas.supernet.training import train  # noqa: PLC0415 - as above

        if self._start != RANDOM and not self._networks:
            raise SpecError(
                f"evaluator.start: the trained networks {self._start[:16]} are not there (any more); write {EARLIER}, "
                f"with searches in warm_start, or {RANDOM}"
            )
        supernet = train(
            space,
            self._images,
            self.recipe,
            self.sampling,
            seed=self.seed,
            device=self.device,
            checkpoint=checkpoint,
            report=report,
            start=self._networks,
        )
        bank = supernet.bank
        expected = fit_expected(Scorer(bank, self._images, self.seed), bank.roles, self.seed)
        arrays = {key: tensor.detach().numpy() for key, tensor in bank.tensors.items()}
        return write(space, expected, bank.sizes, arrays)

    def load_prepared(self, content: Buffer) -> None:
        """FormatError if it is not what prepare returned."""
        from nas.supernet.scoring import Scorer, bank_of  # noqa: PLC0415 - the service describes evaluators without torch

        super().load_prepared(content)
        self._weights, bank = bank_of(content)
        self._scorer, self._roles = Scorer(bank, self._images, self.seed, self.device), bank.roles

    def evaluate(self, network: Network, report: Report) -> Metrics:
        """accuracy, loss and shared_accuracy. SpecError if the network is not of the space that was prepared."""
        score = self._scorer.score(network)
        accuracies = {
            "from_loss": self._weights.expected.of(score.loss),
            PLAIN: score.accuracy,
            BALANCED: score.balanced_accuracy,
        }
        accuracy, correction = accuracies[self._accuracy], self._weights.correction
        metrics = {
            "accuracy": correction.of(accuracy, traits_of(self._roles, network)) if correction else accuracy,
            "loss": score.loss,
            "shared_accuracy": score.accuracy,
        }
        report(1, metrics)
        return metrics

    def correction(self, space: SearchSpace, scored: Sequence[ScoredTwice]) -> Judged:
        """By the kinds of blocks. SpecError if a network is not of the space."""
        roles = Roles(space)
        traits = [traits_of(roles, each.network) for each in scored]
        return fitted([each.shared for each in scored], [each.alone for each in scored], traits)

    def corrected(self, content: Buffer, correction: Mapping[str, Any]) -> bytes:
        from nas.supernet.file import with_correction  # noqa: PLC0415 - as the other users of that file here

        return with_correction(content, Correction(**correction))

    def inherited(self, network: Network) -> Mapping[str, Any]:
        return {path: part.detach().cpu().numpy() for path, part in self._scorer.network(network).named_parameters()}
