"""Plans: which compressors, with which parameters, and how a network without weights is trained before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nas.compression.presets import PRESETS, SIZED, TIMED, content, is_sized, is_timed
from nas.compressor import compressor
from nas.dataset import Dataset
from nas.errors import SpecError
from nas.faults import reason
from nas.images.preprocessing import SIGNED_MEAN, SIGNED_STD
from nas.mapping_file import read_mapping
from nas.registry import settable
from nas.training import FINALISTS, Recipe

_TrainingFields = settable(FINALISTS)


@dataclass(frozen=True, slots=True)
class Plan:
    """training: of a network that has no weights yet; None to begin the stages with the weights of the seed. stages:
    `{"name": ..., **parameters}` for each compressor. signed: whether images are normalised to (-1, 1), exactly.
    """

    training: Recipe | None
    stages: Sequence[Mapping[str, Any]]
    signed: bool = False

    @staticmethod
    def epochs_of(stage: Mapping[str, Any]) -> int:
        """How often a stage reports, at most; 0 for one without training."""
        return compressor.make(stage).epochs

    def lasting(self, epochs: int) -> "Plan":
        """The plan with so many epochs for every training in it."""
        stages = [{**stage, "epochs": epochs} if self.epochs_of(stage) else stage for stage in self.stages]
        return replace(self, training=self.training and replace(self.training, epochs=epochs), stages=tuple(stages))

    def within(self, max_bytes: int) -> "Plan":
        """The plan for a file of at most so many bytes. SpecError if no stage of it makes a file of a given size."""
        if not is_sized({"stages": self.stages}):
            raise SpecError(f"max_bytes: the plan has no stage {SIZED}, as the preset `mixed` has; leave max_bytes out")
        stages = [{**stage, "max_bytes": max_bytes} if stage["name"] == SIZED else stage for stage in self.stages]
        return replace(self, stages=tuple(stages))

    @property
    def max_latency_ms(self) -> float | None:
        """What an image may take on a device by the plan, if it says that."""
        return next((stage["max_latency_ms"] for stage in self.stages if stage.get("max_latency_ms")), None)

    def at_most(self, max_latency_ms: float) -> "Plan":
        """The plan for a file that takes at most so much for an image. SpecError if it has no stage for that."""
        if not is_timed({"stages": self.stages}):
            raise SpecError(
                f"max_latency_ms: the plan has no stage {TIMED}, as the preset `int8` has; leave max_latency_ms out"
            )
        limit = {"max_latency_ms": max_latency_ms}
        stages = [{**stage, **limit} if stage["name"] == TIMED else stage for stage in self.stages]
        return replace(self, stages=tuple(stages))

    def normalised(self, dataset: Dataset) -> Dataset:
        """The data set as a network that is trained by the plan takes it.

        Signed images are (2 pixel - 255) / 256, symmetric about 0. The sums of a binary layer are exact in floats then,
        as they are those of integers.
        """
        if not self.signed:
            return dataset
        return replace(dataset, mean=(SIGNED_MEAN,) * dataset.channels, std=(SIGNED_STD,) * dataset.channels)


def plan(name: str) -> Plan:
    """The plan of a preset, or in a file: a mapping with `stages`, and `training` with fields of nas.training.Recipe.

    What training leaves out is as in nas.training.FINALISTS; null is no training. SpecError names each wrong field.
    """
    if name in PRESETS:
        return checked(PRESETS[name])
    path = Path(name)
    if path.suffix not in {".yaml", ".yml", ".json"}:
        raise SpecError(f"preset: there is no {name!r}; there are: {', '.join(PRESETS)}, or give a .yaml or .json file")
    return checked(read_mapping(path))


def requested(compression: Mapping[str, Any]) -> Plan:
    """The plan that `{"preset": NAME}` or `{"plan": {...}}` asks for. `epochs` beside it is that of every training,
    `max_bytes` the size of the file, `max_latency_ms` what it takes at most on its `latency_device`.

    SpecError names each wrong field.
    """
    chosen = checked(content(compression))
    if chosen.max_latency_ms is not None:
        raise SpecError("max_latency_ms: leave it out of the stages, and give it with latency_device beside the plan")
    if "max_bytes" in compression:
        chosen = chosen.within(compression["max_bytes"])
    if "max_latency_ms" in compression:
        chosen = chosen.at_most(compression["max_latency_ms"])
    return chosen.lasting(compression["epochs"]) if "epochs" in compression else chosen


def checked(given: Mapping[str, Any]) -> Plan:
    """The plan that a mapping says. SpecError names each wrong field."""
    if unknown := sorted(set(given) - {"training", "stages", "images"}):
        raise SpecError(f"{', '.join(unknown)}: no such field; a plan has training, stages and images")
    stages = given.get("stages") or ()
    if not isinstance(stages, Sequence) or not stages or not all(isinstance(stage, Mapping) for stage in stages):
        raise SpecError("stages: give a list of compressors, each as `name: ...` with its parameters")
    for number, config in enumerate(stages):
        compressor.checked(config, f"stages.{number}")
    if given.get("images", "signed") != "signed":
        raise SpecError("images: give `signed`, or leave it out for those that the data set says")
    signed = "images" in given
    if "training" in given and given["training"] is None:
        return Plan(None, tuple(stages), signed)
    try:
        fields = _TrainingFields.model_validate(given.get("training") or {})
    except ValidationError as error:
        raise SpecError(reason(error, "training")) from None
    return Plan(replace(FINALISTS, **fields.model_dump()), tuple(stages), signed)
