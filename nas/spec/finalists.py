"""The part of a spec on the best trials: trained again, trained for longer, exported."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from nas.compression.request import CompressionRequest
from nas.registry import described
from nas.spec.checks import RecipeFields
from nas.training import FINALISTS, Recipe

CANDIDATES = 8


class Finalists(BaseModel):
    """How many of the best trials are trained for longer, tested and exported, and how.

    recipe: how these, and the reference networks, are trained, as nas.training.Recipe says; what it leaves out is as in
    nas.training.FINALISTS. The trials' recipe is the evaluator's. compression: what they go through after that: a
    preset's name, or as for an export. repeats: how often each of the best `candidates` trials is trained again, as the
    trials are and with other seeds, before the finalists are chosen of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[
        int,
        described(
            "how many of the best trials are trained for longer and exported; 0 for none",
            "raise it where trials are short and so rank networks roughly; each costs a long training",
            ge=0,
            le=100,
            strict=True,
        ),
    ] = 3
    epochs: Annotated[
        int,
        described(
            "passes over the training images of the longer training, of finalists and references",
            "raise it for the last points of accuracy: 20 to 100; time grows in proportion",
            ge=1,
            le=100_000,
            strict=True,
        ),
    ] = 10
    recipe: Annotated[
        dict[str, Any],
        described(
            "the training of finalists and references; the trials' is the evaluator's",
            "if finalists gain nothing over their trials",
        ),
        WithJsonSchema(RecipeFields.model_json_schema()),
    ] = {}
    compression: Annotated[
        CompressionRequest | None,
        BeforeValidator(lambda value: {"preset": value} if isinstance(value, str) else value),
        described("makes their files smaller after training; none for files as trained", "where the download counts"),
    ] = None
    inherit: Annotated[
        bool,
        described(
            "start their training from their part of the weights that an evaluator such as supernet shares",
            "true where finalists are trained for few epochs; references always start from random weights",
            strict=True,
        ),
    ] = False
    repeats: Annotated[
        int,
        described(
            "how often each candidate is trained again, with other seeds, before the finalists are chosen; 0 for never",
            "2 where a score depends much on its seed, as after one or two epochs",
            ge=0,
            le=20,
            strict=True,
        ),
    ] = 0
    candidates: Annotated[
        int,
        described(
            "the best so many trials are those that repeats train again",
            "raise it where many trials have nearly the same score; each costs `repeats` trainings",
            ge=1,
            le=100,
            strict=True,
        ),
    ] = CANDIDATES

    @property
    def training(self) -> Recipe:
        """The whole recipe of the longer training."""
        given = RecipeFields.model_validate(self.recipe).model_dump()
        return replace(FINALISTS, **given, epochs=self.epochs)

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A spec that leaves these fields out is equal to one from before there were any."""
        values: dict[str, Any] = handler(self)
        left_out = [name for name in ("recipe", "compression", "inherit", "repeats") if not values[name]]
        left_out += ["candidates"] if self.candidates == CANDIDATES else []
        if self.compression:
            values["compression"] = self.compression.wanted()
        return {name: value for name, value in values.items() if name not in left_out}
