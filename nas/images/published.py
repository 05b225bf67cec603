"""Published image sets: found in the data folders in any usual form, or downloaded; their pixels are checked."""

import importlib.util
import tempfile
from abc import ABC
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from nas.dataset import Dataset, DatasetSource, Outline, Splits, data_dir, data_dirs, dataset, split
from nas.errors import DataError
from nas.images.archives import read_packed
from nas.images.download import Progress, download
from nas.registry import described


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a set is stored.

    files: their names. read: the function from their paths, one argument each, to the splits; needs: the optional
    module that it imports. exact: whether the pixels are those of the publisher; otherwise the set is a variant.
    """

    files: tuple[str, ...]
    read: Callable[..., Splits]
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
class Content:
    """What a split of a published set holds: its number of images, and its Split.digest().

    An archive of JPEG files has no digest, because decoders differ.
    """

    images: int
    digest: str | None = None


class PublishedSource(DatasetSource, ABC):
    """A published set: read from the data folders in any of its forms, or downloaded; its pixels are checked.

    The first form found is read; the first origin that answers is used. folders are the possible names of the set's
    folder. download: whether to fetch the set when it is absent; if not, that is an error.
    """

    classes: ClassVar[tuple[str, ...]]
    train: ClassVar[Content]
    test: ClassVar[Content]
    side: ClassVar[int]
    channels: ClassVar[int] = 3
    download_bytes: ClassVar[int]
    forms: ClassVar[tuple[Form, ...]]
    origins: ClassVar[tuple[Origin, ...]]
    flip: ClassVar[bool] = True
    folders: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        *,
        download: Annotated[
            bool,
            described("fetch the set if it is absent", "on where the machine may download; or `nas data get` before"),
        ] = False,
    ) -> None:
        self.download = download

    def load(self, seed: int) -> Dataset:
        if self.download and self.find() is None:
            self.get(self.origins, lambda *_: None, lambda _: None)
        splits, variant = self.read(*self._present())
        return split(self.name, self.classes, splits, seed=seed, flip=self.flip, variant=variant)

    def outline(self) -> Outline:
        if not self.download:
            self._present()
        counts = {part: _even(content.images, len(self.classes)) for part, content in self._contents().items()}
        return Outline.of(self.name, self.classes, counts, side=self.side, channels=self.channels)

    def _present(self) -> tuple[Form, Path]:
        """What find() finds; DataError if the set is absent."""
        found = self.find()
        if found is None:
            looked = ", ".join(str(folder) for folder in data_dirs())
            raise DataError(
                f"data set {self.name} is not in {looked}; run `nas data get {self.name}`, "
                "or let NAS_DATA_DIR name the folder that has it"
            )
        return found

    @classmethod
    def _contents(cls) -> dict[str, Content]:
        return {"train": cls.train, "test": cls.test}

    @classmethod
    def find(cls) -> tuple[Form, Path] | None:
        """The form in which the set is present, and its folder; exact forms come first. None if the set is absent."""
        for form in cls.forms:
            for folder in cls._folders():
                if all((folder / file).exists() for file in form.files):
                    return form, folder
        return None

    @classmethod
    def read(cls, form: Form, folder: Path) -> tuple[Splits, str | None]:
        """The splits in a folder, and how they differ from the published set. DataError if they are another set."""
        missing = form.missing()
        where = ", ".join(str(folder / file) for file in form.files)
        if missing is not None:
            raise DataError(f"{where}: {missing}")
        splits = form.read(*(folder / file for file in form.files))
        known = cls._contents()
        for name, content in known.items():
            got = len(splits[name]) if name in splits else 0
            if got != content.images:
                raise DataError(
                    f"{where}: {got} {name} images, where {cls.name} has {content.images}; "
                    f"delete it and run `nas data get {cls.name}`"
                )
        if cls.train.digest and all(splits[name].digest() == content.digest for name, content in known.items()):
            return splits, None
        if not form.exact:
            return splits, f"lossy copy {form.files[0]}"
        if cls.train.digest:
            raise DataError(
                f"{where}: the pixels are not those of {cls.name}; delete it and run `nas data get {cls.name}`"
            )
        return splits, None

    @classmethod
    def get(cls, origins: tuple[Origin, ...], progress: Progress, failed: Callable[[str], None]) -> Path:
        """Download the set into its folder in data_dir() from the first origin that serves it whole and unaltered.

        failed is called with the reason why an origin was skipped. DataError lists all reasons if no origin is left.
        """
        reasons = []
        for origin in origins:
            try:
                return cls._get(origin, progress)
            except DataError as error:
                reasons.append(str(error))
                failed(reasons[-1])
            except OSError as error:  # a fault of this machine, which another origin would not avoid
                raise DataError(
                    f"cannot write data set {cls.name} to {data_dir()}: {error}; make room, "
                    "or let NAS_DATA_DIR name another folder"
                ) from error
        raise DataError(f"data set {cls.name} could not be downloaded:\n" + "\n".join(f"  {r}" for r in reasons))

    @classmethod
    def _get(cls, origin: Origin, progress: Progress) -> Path:
        missing = origin.form.missing()
        if missing is not None:
            raise DataError(f"{origin.base}: {missing}")
        home = data_dir() / cls.folders[0]
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=home) as incoming:
            for file in origin.form.files:
                download(origin.url(file), Path(incoming) / file, progress, origin.md5)
            try:
                cls.read(origin.form, Path(incoming))
            except DataError as error:
                served = ", ".join(origin.url(file) for file in origin.form.files)
                raise DataError(f"{served}: {error}") from error
            for file in origin.form.files:  # only now may find() see them
                (Path(incoming) / file).replace(home / file)
        return home

    @classmethod
    def _folders(cls) -> Iterator[Path]:
        for root in data_dirs():
            yield from (root / folder for folder in cls.folders)
            yield root


def _even(images: int, classes: int) -> list[int]:
    """Images of each class, if all classes have about as many."""
    return [images // classes + (label < images % classes) for label in range(classes)]


def packed(*files: str) -> tuple[Form, ...]:
    """Forms of packed .npz files, each of which holds the whole set. Their pictures may be lossy."""
    return tuple(Form((file,), read_packed, exact=False) for file in files)


def dataset_row(name: str) -> dict[str, Any]:
    """A known data set as JSON values. where: its file, or what must be given with it, or None if it is absent."""
    source = dataset[name]
    row: dict[str, Any] = {"name": name, "summary": source.summary, "licence": source.licence}
    if issubclass(source, PublishedSource):
        found = source.find()
        where = None if found is None else str(found[1] / found[0].files[0])
        return {**row, "where": where, "download_bytes": source.download_bytes}
    required = [field for field, info in dataset.parameters(name).model_fields.items() if info.is_required()]
    return {**row, "where": f"give {', '.join(required)}" if required else "in nas", "download_bytes": None}
