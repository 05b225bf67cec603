"""Published image sets: found in the data folders in any usual form, or downloaded; their pixels are checked."""

import importlib.util
import tempfile
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from nas.dataset import Dataset, DatasetSource, Splits, data_dir, data_dirs, dataset, split
from nas.errors import DataError
from nas.images.archives import read_packed
from nas.images.download import Progress, download


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a set is stored: its files, the function that reads them from their folder, the module it needs.

    exact: whether the pixels are those of the publisher; otherwise the set is a variant.
    """

    files: tuple[str, ...]
    read: Callable[[Path], Splits]
    exact: bool = True
    needs: str | None = None

    def missing(self) -> str | None:
        """How to install the module that is missing, or None if it is there."""
        if self.needs is None or importlib.util.find_spec(self.needs) is not None:
            return None
        return f"reading it needs {self.needs}; run `pip install 'nas[hub]'`"


@dataclass(frozen=True, slots=True)
class Origin:
    """An address that serves the files of one form, and the md5 of the file if the pixels have no digest."""

    base: str
    form: Form
    md5: str | None = None

    def url(self, file: str) -> str:
        return f"{self.base.rstrip('/')}/{file}"


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of a published set.

    counts are the numbers of images in train and test. digests are those of Split.digest(); an archive of JPEG files
    has none, because decoders differ. The first form found is read; the first origin that answers is used. folders are
    the possible names of the set's folder.
    """

    name: str
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    download_bytes: int
    forms: tuple[Form, ...]
    origins: tuple[Origin, ...]
    flip: bool
    digests: Mapping[str, str]
    folders: tuple[str, ...]

    def find(self) -> tuple[Form, Path] | None:
        """The form in which the set is present, and its folder; exact forms come first. None if the set is absent."""
        for form in self.forms:
            for folder in self._folders():
                if all((folder / file).exists() for file in form.files):
                    return form, folder
        return None

    def load(self, seed: int) -> Dataset:
        """The set from the data folders. DataError if it is absent or its images are not those published."""
        found = self.find()
        if found is None:
            looked = ", ".join(str(folder) for folder in data_dirs())
            raise DataError(
                f"data set {self.name} is not in {looked}; run `nas data get {self.name}`, "
                "or let NAS_DATA_DIR name the folder that has it"
            )
        splits, variant = self.read(*found)
        return split(self.name, self.classes, splits, seed=seed, flip=self.flip, variant=variant)

    def read(self, form: Form, folder: Path) -> tuple[Splits, str | None]:
        """The splits in a folder, and how they differ from the published set. DataError if they are another set."""
        missing = form.missing()
        where = ", ".join(str(folder / file) for file in form.files)
        if missing is not None:
            raise DataError(f"{where}: {missing}")
        splits = form.read(folder)
        for name, count in self.counts.items():
            got = len(splits[name]) if name in splits else 0
            if got != count:
                raise DataError(
                    f"{where}: {got} {name} images, where {self.name} has {count}; "
                    f"delete it and run `nas data get {self.name}`"
                )
        known = bool(self.digests)
        if known and all(splits[name].digest() == digest for name, digest in self.digests.items()):
            return splits, None
        if not form.exact:
            return splits, f"lossy copy {form.files[0]}"
        if known:
            raise DataError(
                f"{where}: the pixels are not those of {self.name}; delete it and run `nas data get {self.name}`"
            )
        return splits, None

    def get(self, origins: tuple[Origin, ...], progress: Progress, failed: Callable[[str], None]) -> Path:
        """Download the set into its folder in data_dir() from the first origin that serves it whole and unaltered.

        failed is called with the reason why an origin was skipped. DataError lists all reasons if no origin is left.
        """
        reasons = []
        for origin in origins:
            try:
                return self._get(origin, progress)
            except DataError as error:
                reasons.append(str(error))
                failed(reasons[-1])
            except OSError as error:  # a fault of this machine, which another origin would not avoid
                raise DataError(
                    f"cannot write data set {self.name} to {data_dir()}: {error}; make room, "
                    "or let NAS_DATA_DIR name another folder"
                ) from error
        raise DataError(f"data set {self.name} could not be downloaded:\n" + "\n".join(f"  {r}" for r in reasons))

    def _get(self, origin: Origin, progress: Progress) -> Path:
        missing = origin.form.missing()
        if missing is not None:
            raise DataError(f"{origin.base}: {missing}")
        home = data_dir() / self.folders[0]
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=home) as incoming:
            for file in origin.form.files:
                download(origin.url(file), Path(incoming) / file, progress, origin.md5)
            try:
                self.read(origin.form, Path(incoming))
            except DataError as error:
                served = ", ".join(origin.url(file) for file in origin.form.files)
                raise DataError(f"{served}: {error}") from error
            for file in origin.form.files:  # only now may find() see them
                (Path(incoming) / file).replace(home / file)
        return home

    def _folders(self) -> Iterator[Path]:
        for root in data_dirs():
            yield from (root / folder for folder in self.folders)
            yield root


class PublishedSource(DatasetSource, ABC):
    """A data set known by name. download: whether to fetch it when it is absent; if not, that is an error."""

    published: ClassVar[Published]

    def __init__(self, *, download: bool = False) -> None:
        self.download = download

    def load(self, seed: int) -> Dataset:
        published = self.published
        if self.download and published.find() is None:
            published.get(published.origins, lambda *_: None, lambda _: None)
        return published.load(seed)


def packed(*files: str) -> tuple[Form, ...]:
    """Forms of packed .npz files, each of which holds the whole set. Their pictures may be lossy."""
    return tuple(Form((file,), partial(_read_packed, file), exact=False) for file in files)


def _read_packed(file: str, folder: Path) -> Splits:
    return read_packed(folder / file)


def dataset_row(name: str) -> dict[str, Any]:
    """A known data set as JSON values. where: its file, or what must be given with it, or None if it is absent."""
    source = dataset[name]
    row: dict[str, Any] = {"name": name, "summary": source.summary, "licence": source.licence}
    if issubclass(source, PublishedSource):
        found = source.published.find()
        where = None if found is None else str(found[1] / found[0].files[0])
        return {**row, "where": where, "download_bytes": source.published.download_bytes}
    required = [field for field, info in dataset.parameters(name).model_fields.items() if info.is_required()]
    return {**row, "where": f"give {', '.join(required)}" if required else "in nas", "download_bytes": None}
