"""Image sets of the Hugging Face hub, through its `datasets` library (the extra `nas[hub]`)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from nas.dataset import Dataset, DatasetSource, Labels, dataset, split
from nas.errors import DataError
from nas.image_set.note import Note, counted, listed
from nas.images.formats import Picture
from nas.images.on_damaged import OnDamaged
from nas.images.reading import DAMAGED, FLIP, SIZE, STORED, Member, look, read_splits, stored_side
from nas.registry import described

PARTS = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}


@dataset("hf")
class Hub(DatasetSource):
    """path is the set's name on the hub, or a local folder that the library reads.

    config and revision choose one where the set has several. image and label name the columns to read; by default they
    are the first of their kind. size, stored, flip and on_damaged are those of `folder`. A split with labels that are
    hidden (-1) counts as absent. If validation or test is absent, it is drawn from train.
    """

    summary = "any image set of the Hugging Face hub: hf:OWNER/SET"
    licence = "see the set's page"

    def __init__(
        self,
        *,
        path: Annotated[
            str,
            described("the set's name on the hub, OWNER/SET, or a local folder that the library reads", "always yours"),
        ],
        size: Annotated[int | None, SIZE] = None,
        stored: Annotated[int | None, STORED] = None,
        flip: Annotated[bool | None, FLIP] = None,
        config: Annotated[
            str | None, described("a configuration of the set; left out, its default", "where the set has several")
        ] = None,
        revision: Annotated[
            str | None,
            described("a branch, tag or commit of the set; left out, the newest", "to have the same images for good"),
        ] = None,
        image: Annotated[
            str | None, described("the column of images; left out, the first of its kind", "where there are several")
        ] = None,
        label: Annotated[
            str | None, described("the column of classes; left out, the first of its kind", "where there are several")
        ] = None,
        on_damaged: Annotated[Literal["refuse", "skip"], DAMAGED] = "refuse",
    ) -> None:
        self.path, self.config, self.revision = path, config, revision
        self.size, self.stored, self.flip = size, stored, flip
        stored_side(size, stored)
        self.image, self.label = image, label
        self.on_damaged = OnDamaged(on_damaged)

    @property
    def title(self) -> str:
        return self.path

    def load(self, seed: int) -> Dataset:
        tables = self._tables()
        given = {part: tables[name] for part, names in PARTS.items() for name in names if name in tables}
        if "train" not in given:
            raise DataError(
                f"hf:{self.path} has no train split, only {', '.join(tables)}; choose another set or config"
            )
        image, label = self._columns(given["train"].features)
        classes, numbers = _classes(given, label)
        labelled = {part: table for part, table in given.items() if numbers[part].min(initial=0) >= 0}
        if "train" not in labelled:
            raise DataError(f"hf:{self.path} hides labels of train (-1); choose another set or `label`")
        members = [
            Member(part, int(label), picture)
            for part, table in labelled.items()
            for label, picture in zip(numbers[part], _pictures(part, table, image, self.path), strict=True)
        ]
        read = read_splits(look(members), tuple(labelled), stored_side(self.size, self.stored), self.on_damaged)
        notes = (*(_hidden(part, numbers[part]) for part in given if part not in labelled), *read.notes)
        name = f"hf:{self.path}"
        found = split(name, classes, read.splits, seed=seed, flip=self.flip, names=read.names, reading=notes)
        return replace(found, input_side=self.size if self.stored else None)

    def outline(self) -> None:
        """None, as the hub is not asked; DataError without the library that reads it."""
        _library()

    def _tables(self) -> Mapping[str, Any]:
        """Tables by split name."""
        datasets = _library()
        try:
            loaded: Mapping[str, Any] = datasets.load_dataset(self.path, self.config, revision=self.revision)
        except (OSError, ValueError, datasets.exceptions.DatasetsError) as fault:
            raise DataError(
                f"hf:{self.path} cannot be loaded ({fault}); check its name on the hub, your connection, "
                "and whether it needs `config`"
            ) from fault
        return loaded

    def _columns(self, features: Mapping[str, Any]) -> tuple[str, str]:
        """Names of the image and the label column."""
        kinds = {column: type(feature).__name__ for column, feature in features.items()}
        image = self.image or next((column for column, kind in kinds.items() if kind == "Image"), None)
        label = self.label or next((column for column, kind in kinds.items() if kind == "ClassLabel"), None)
        if kinds.get(image or "") != "Image" or label not in kinds:
            raise DataError(
                f"hf:{self.path} needs a column of images and one of labels; "
                f"name them with `image` and `label` among {', '.join(kinds)}"
            )
        return str(image), str(label)


def _library() -> Any:
    try:
        import datasets  # noqa: PLC0415 - an optional dependency
    except ImportError as fault:
        raise DataError(
            "hf: data sets need the `datasets` library, which is not installed; run `pip install 'nas[hub]'`"
        ) from fault
    return datasets


def _classes(tables: Mapping[str, Any], label: str) -> tuple[tuple[str, ...], dict[str, Labels]]:
    """Class names, and the class numbers of each split, -1 where hidden."""
    feature = tables["train"].features[label]
    if type(feature).__name__ == "ClassLabel":
        return tuple(feature.names), {part: np.asarray(table[label], np.int64) for part, table in tables.items()}
    values = sorted(set(tables["train"][label]))
    number = {value: place for place, value in enumerate(values)}
    for part, table in tables.items():
        if unknown := sorted(map(str, set(table[label]) - set(values))):
            raise DataError(f"{part} has classes that train lacks: {listed(unknown)}; choose another `label` or config")
    return tuple(map(str, values)), {
        part: np.array([number[value] for value in table[label]], np.int64) for part, table in tables.items()
    }


def _hidden(part: str, numbers: Labels) -> Note:
    count = int((numbers < 0).sum())
    said = f"{part} left out, as {counted(count, 'label is', 'labels are')} hidden (-1); it is drawn from train"
    return Note.on("hidden", said, [], count)


def _pictures(part: str, table: Any, column: str, path: str) -> Iterable[Picture]:
    """Its pictures, whose bytes are read from the library's files when they are looked at."""
    import datasets  # noqa: PLC0415 - an optional dependency

    rows = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    return (Picture(f"hf:{path}: {part} row {row}", partial(_encoded, rows, row, column)) for row in range(len(table)))


def _encoded(rows: Any, row: int, column: str) -> bytes:
    entry = rows[row][column]
    found: bytes = entry["bytes"] if entry["bytes"] is not None else Path(entry["path"]).read_bytes()
    return found
