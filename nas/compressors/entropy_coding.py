"""Entropy coding: codes as a stream of few bits, and all other numbers short (Deep Compression, section 4)."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from nas.coders.relative_index import IndexBits
from nas.compression.bench import Bench
from nas.compression.model import Model
from nas.compressor import Compressor, compressor
from nas.container.file import Storage
from nas.errors import SpecError


@compressor("entropy_coding")
class EntropyCoding(Compressor):
    """Chooses how the file is written; the network is as accurate as before, up to the rounding of numbers.

    coder: `context` adapts to the neighbourhood of each weight, `relative_index` is the paper's format, `raw` codes
    nothing. index_bits: of an index in the paper's format (the paper has 4, 5 and 8); None for the best in each layer.
    numbers: precision of levels, scales and weights that are no codes. bias_bits: bits of a bias, between the smallest
    and the largest of its layer; None for the precision of numbers.
    """

    def __init__(
        self,
        *,
        coder: Literal["context", "raw", "relative_index"] = "context",
        index_bits: IndexBits | None = None,
        numbers: Literal["fp32", "fp16"] = "fp16",
        bias_bits: Annotated[int, Field(ge=2, le=8)] | None = 8,
    ) -> None:
        if index_bits and coder != "relative_index":
            raise SpecError("index_bits: only the coder relative_index has indices; leave it out")
        config = {"name": coder, "index_bits": index_bits} if index_bits else coder
        self.storage = Storage(config, numbers == "fp16", bias_bits)

    def compress(self, model: Model, bench: Bench) -> Model:  # noqa: ARG002 - no training
        return replace(model, storage=self.storage)
