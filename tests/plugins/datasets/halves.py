"""Tiny images with a bright upper or lower half."""

from dataclasses import replace

from nas.dataset import DatasetSource, dataset
from nas.testing import halves


@dataset("halves")
class Halves(DatasetSource):
    def load(self, seed):
        made = halves(seed)
        return replace(made, test=made.validation)
