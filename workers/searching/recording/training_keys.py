"""Keys that identify trainings, so that none is done twice."""

from dataclasses import replace
from functools import cached_property

from nas.dataset import Dataset
from nas.evaluator import Evaluator
from nas.jobs.records import TrainingKey
from nas.spaces import load_space
from nas.spec import SearchSpec


class TrainingKeys:
    """The keys of a search's trainings.

    What an evaluator prepares depends on the space, and so do trials that are scored with it.
    A trial's and a finalist's differ even where both train alike: a trial has a score, and a finalist a file.
    network_id is that of what a network computes (nas.ops.canonical), so that it is trained once for all ways to write
    it. A finalist also has a key by its architecture's id, which its file names. Earlier versions had keys by that id
    alone. images: as finalists learn from them.
    """

    def __init__(self, spec: SearchSpec, evaluator: Evaluator, images: Dataset) -> None:
        self._spec, self._evaluator, self._images = spec, evaluator, images

    def trial(self, network_id: str, seed: int | None = None) -> TrainingKey | None:
        """None if the evaluator's results must not be reused. seed: of the evaluation; None for the search's."""
        key = self._evaluator.cache_key
        if key is None:
            return None
        seed = self._spec.seed if seed is None else seed
        recipe = f"{key.recipe_id}+{self._space_id}" if self._evaluator.preparation_epochs else key.recipe_id
        return TrainingKey(network_id, key.data_digest, recipe, seed, self._evaluator.epochs)

    def preparation(self) -> TrainingKey | None:
        """Of what the evaluator prepares for the space; None if no other search may have it."""
        key = self._evaluator.preparation_key
        if key is None:
            return None
        epochs = self._evaluator.preparation_epochs
        return TrainingKey(f"space-{self._space_id}", key.data_digest, key.recipe_id, self._spec.seed, epochs)

    def rank_check(self) -> TrainingKey | None:
        """Of what a check of the evaluator finds in the space; None if no other search may have it."""
        prepared, key = self.preparation(), self._evaluator.cache_key
        if prepared is None or key is None:
            return None
        return replace(prepared, architecture_id=f"check-{self._space_id}", recipe_id=key.recipe_id)

    @cached_property
    def _space_id(self) -> str:
        images = self._images
        return load_space(self._spec.space).for_images(images.channels, images.side, len(images.classes)).id

    def finalist(self, network_id: str) -> TrainingKey:
        """Of a finalist, which may start from shared weights."""
        scratch, shared = self.reference(network_id), self._evaluator.preparation_key
        if not self._spec.finalists.inherit or shared is None:
            return scratch
        started = f"{shared.recipe_id}-{shared.data_digest[:16]}-{self._space_id}"
        return replace(scratch, recipe_id=f"{scratch.recipe_id}+from-{started}")

    def reference(self, network_id: str) -> TrainingKey:
        """Of a reference network, which trains as a finalist does, from random weights."""
        recipe, soft = self._spec.finalists.training, self._images.train.soft
        taught = f"+taught-{soft.digest}" if soft else ""
        return TrainingKey(network_id, self._images.digest, f"{recipe.id}{taught}+file", self._spec.seed, recipe.epochs)
