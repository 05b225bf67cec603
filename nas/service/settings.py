"""Settings of the service, from environment variables, all optional."""

import logging
import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from nas.errors import SpecError
from nas.faults import reason
from nas.machine.cgroup import core_count, memory_bytes
from nas.machine.folders import data_folder, temporary_folder, use_temporary_folder
from nas.service import ray_address
from nas.sql.connections import Connections

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine that no other machine reaches it by."""

SERVICE_BYTES = 1 << 30
"""Memory that is left to API and dispatcher where the number of workers follows from the memory."""

WORKER_BYTES = 768 << 20
"""Memory that a worker takes in the training of a small network."""

MIN_OBJECT_STORE_BYTES = 80 << 20
"""Less is refused by Ray."""

HOME_REMEDY = "make it writable, or name another folder in NAS_HOME"
TEMP_REMEDY = "make room, or name another folder in NAS_TEMP_DIR"


_INJECTED = re.compile(r"(tcp|udp|sctp)://\S+:\d+", re.IGNORECASE)
"""What NAS_<...>PORT is where a Service of Kubernetes or a linked container is called nas or nas-<...>."""

USER = "the user's data folder"

_POOLER = {"auto": None, "yes": True, "no": False}

_log = logging.getLogger("nas.settings")


def _workers() -> int:
    """One for each core that this process may use, or fewer where memory is short."""
    memory = memory_bytes()
    fitting = core_count() if memory is None else (memory - SERVICE_BYTES) // WORKER_BYTES
    return max(1, min(core_count(), fitting))


def _object_store_bytes() -> int:
    return max(MIN_OBJECT_STORE_BYTES, min(256 * 2**20, (memory_bytes() or 2**63) // 8))


@cache
def _warn_of_injected(variable: str, value: str) -> None:
    _log.warning(
        "%s=%s is passed over: Kubernetes sets it for the Service of that name; `enableServiceLinks: false` in the "
        "pod's spec prevents it",
        variable,
        value,
    )


class _Environment(EnvSettingsSource):
    """The environment, without what Kubernetes adds to it for each Service; of that it warns once in a process."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        variable = f"{self.env_prefix}{field_name}".upper()
        if variable.endswith("PORT") and isinstance(value, str) and _INJECTED.fullmatch(value.strip()):
            _warn_of_injected(variable, value)
            return None, key, is_complex
        return value, key, is_complex


def _set(meaning: str, default_is: str = "", **field: Any) -> Any:
    """The Field of a setting. default_is: the default in words, where it follows from the machine or other settings."""
    return Field(description=meaning, json_schema_extra={"default_is": default_is} if default_is else None, **field)


class Settings(BaseSettings):
    """Each field is NAS_<FIELD> in the environment; DATABASE_URL and RAY_ADDRESS have no prefix.

    What is not in the environment may be in a file of that name in the folder NAS_SECRETS_DIR, as in containers. What a
    field means is in its description, from which docs/settings.md is made.
    """

    model_config = SettingsConfigDict(
        env_prefix="NAS_",
        env_ignore_empty=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        secrets_dir=os.environ.get("NAS_SECRETS_DIR") or None,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not used
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls), file_secret_settings

    home: Path = _set("the folder of all that nas writes", USER, default_factory=data_folder)
    data_root: Path = _set(
        "image folders that searches may name; uploads land in it",
        "NAS_HOME/data-root",
        default_factory=lambda given: given["home"] / "data-root",
    )
    database_url: str = _set(
        "the ledger's database: SQLite, or postgresql+psycopg://... for several machines",
        "sqlite:///NAS_HOME/nas.db",
        default_factory=lambda given: f"sqlite:///{given['home'] / 'nas.db'}",
        validation_alias="DATABASE_URL",
        repr=False,
    )
    database_connections: int = _set(
        "connections of one process to the ledger's server at most, and as many to that of the latencies",
        default=5,
        ge=2,
        le=1000,
    )
    database_pooler: Literal["auto", "yes", "no"] = _set(
        "whether a connection pooler is before the server; auto: each connection finds out", default="auto"
    )
    root_path: str = _set(
        "the path of a proxy below which clients find the service, such as `/nas`",
        default="",
        pattern=r"^(/[\w.~@%+-]+)*$",
    )
    allowed_hosts: str = _set("host names of proxies in front, with commas between them", default="")
    host: str = _set("the address that the API listens on", default="127.0.0.1")
    port: int = _set("the port that the API listens on; 0: a free one", default=8000, ge=0, le=65535)
    open: bool = _set("requests need no key; refused unless the host is loopback", default=False)
    request_timeout_s: float = _set(
        "seconds for the headers of a request, and for each 20 KB of its body", default=20.0, gt=0, le=3600
    )
    answer_timeout_s: float = _set(
        "seconds in which a client has to read something of an answer", default=60.0, gt=0, le=3600
    )
    searches_per_hour: int = _set(
        "searches that one key, and one client, may submit; 0: any number, here and in the next three",
        default=10_000,
        ge=0,
    )
    trials_per_hour: int = _set(
        "trials of these searches (`max_trials`, and its changes), exports, trainings of checks, 12 for a suggestion",
        default=100_000_000,
        ge=0,
    )
    upload_bytes_per_hour: int = _set("bytes of uploads", default=64 << 30, ge=0)
    event_streams: int = _set("event streams of one key, and of one client, open at once", default=1000, ge=0)
    executor: Literal["ray", "ray_tune", "process", "inline"] = _set(
        "where trials train: Ray's actors, Ray Tune, processes of this machine, or the dispatcher itself", default="ray"
    )
    workers: int = _set(
        "trials at a time", "one per core, fewer where memory is short", default_factory=_workers, ge=1, le=4096
    )
    # Without workers if those are wrong: pydantic before 2.12 asks for this default all the same.
    threads: int = _set(
        "threads of each worker",
        "the cores divided by the workers",
        default_factory=lambda given: max(1, core_count() // given.get("workers", 1)),
        ge=1,
        le=4096,
    )
    ray_address: str | None = _set(
        "the Ray cluster: HOST:PORT or [IPV6]:PORT of its head; auto: the one that `ray start` has started here; local "
        "starts one",
        "local",
        default=None,
        validation_alias="RAY_ADDRESS",
    )
    ray_object_store_bytes: int = _set(
        "memory for data sets in a Ray that is started here",
        "256 MiB, or an eighth of a smaller memory",
        default_factory=_object_store_bytes,
        ge=MIN_OBJECT_STORE_BYTES,
    )
    gpus_per_worker: float | None = _set(
        "GPUs of each Ray worker; a fraction shares one among several",
        "the cluster's, shared equally",
        default=None,
        ge=0,
    )
    keep_deleted_days: int = _set(
        "days in which a deleted search can be undeleted before it is removed with its files; 0: for ever",
        default=30,
        ge=0,
        le=36500,
    )
    keep_uploads_days: int = _set(
        "days for which an uploaded data set is kept that no search names; 0: for ever", default=90, ge=0, le=36500
    )
    keep_trainings_days: int = _set(
        "days for which the result of a training is kept that no search uses again; 0: for ever",
        default=90,
        ge=0,
        le=36500,
    )
    temp_dir: Path = _set(
        "temporary files: Ray's session with its logs and what its object store spills, models that are converted",
        "TMPDIR, or /tmp",
        default_factory=temporary_folder,
    )

    def make_home(self) -> None:
        """Make the home folder if it is not there, and use temp_dir in this process and those that it starts.

        SpecError if nothing can be written in one of them.
        """
        for folder, remedy in ((self.home, HOME_REMEDY), (self.temp_dir, TEMP_REMEDY)):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise SpecError(f"{folder} cannot be written: {error.strerror}; {remedy}") from None
        use_temporary_folder(self.temp_dir)

    @field_validator("ray_address")
    @classmethod
    def _read_ray_address(cls, address: str | None, others: ValidationInfo) -> str | None:
        """Other executors leave it alone: it may be there for other programs."""
        if address is None or not others.data.get("executor", "").startswith("ray"):
            return address
        return ray_address.parsed(address)

    @field_validator("root_path", mode="before")
    @classmethod
    def _read_root_path(cls, given: str) -> str:
        """The path with a slash before it and none after it."""
        path = given.strip().strip("/")
        return f"/{path}" if path else ""

    @property
    def allowed_host_names(self) -> frozenset[str]:
        return frozenset(name.strip().strip("[]").lower() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def connections(self) -> Connections:
        return Connections(self.database_connections, pooler=_POOLER[self.database_pooler])

    @property
    def artifacts(self) -> Path:
        return self.home / "artifacts"

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"

    @property
    def uploads(self) -> Path:
        """Uploaded data sets by digest, below data_root, so that a spec can name them."""
        return self.data_root / "uploads"

    @property
    def open_to_others(self) -> bool:
        """Whether the service would answer without keys to other machines."""
        return self.open and self.host not in LOOPBACK


def read_settings(**given: Any) -> Settings:
    """The settings of the environment; values that are given and not None replace them. SpecError names wrong ones."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SpecError(reason(error)) from None
