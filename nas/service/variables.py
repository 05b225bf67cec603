"""Every environment variable that users may set: those of the settings, and those that are read where they are used."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic_core import PydanticUndefined

from nas.service.settings import Settings
from nas.spec.fields import values_of


@dataclass(frozen=True, slots=True)
class Variable:
    """default and values: in words."""

    name: str
    default: str
    values: str
    meaning: str


ELSEWHERE = (
    Variable(
        "NAS_LATENCY_DB",
        "NAS_HOME/latency.db",
        "a file or URL",
        "the latency database: a file, or a URL as in DATABASE_URL",
    ),
    Variable(
        "NAS_DATA_DIR",
        "NAS_HOME/datasets",
        "folders with : between",
        "published data sets: `nas data get` stores them in the first folder, and searches find them in all",
    ),
    Variable("NAS_CACHE_DIR", "NAS_HOME/cache, or the user's cache folder", "a folder", "files that can be made again"),
    Variable(
        "NAS_DECODED_FROM_BYTES",
        "268435456 (256 MiB)",
        "a whole number",
        "image sets that are as large once decoded, or larger, are decoded into a file that all workers map; smaller "
        "ones stay in the memory of each",
    ),
    Variable(
        "NAS_DECODED_BYTES",
        "68719476736 (64 GiB)",
        "a whole number",
        "bytes of these files in all, in NAS_CACHE_DIR/images; for a new one, those that nobody uses are removed first",
    ),
    Variable(
        "NAS_SECRETS_DIR",
        "none",
        "a folder",
        "files named like these variables, for secrets that should not be in the environment",
    ),
    Variable(
        "NAS_SAMPLER_PACKAGES",
        "none",
        "names with commas between",
        "packages whose samplers a spec may name as `searcher: {name: optuna, sampler: their_package.TheirSampler}`; "
        "those of Optuna always",
    ),
    Variable("NAS_BINARY_KERNEL", "the fastest", "as docs/compression.md lists", "how packed bits are multiplied"),
    Variable("NAS_NOISY", "none", "1", "measure even if the machine is busy or hot, as `--noisy`"),
    Variable("NAS_URL", "http://127.0.0.1:8000", "a URL", "the service that clients, commands and agents use"),
    Variable("NAS_API_KEY", "none", "nas_...", "the key that clients, commands and agents send"),
    Variable(
        "NAS_AGENT_HOME",
        "NAS_HOME/agent, or the user's folder for state",
        "a folder",
        "where an agent keeps what it has measured",
    ),
)
OF_PROCESSES = frozenset({"NAS_PARENT_PID", "NAS_PROCESS_TOKEN", "NAS_DEAD_TOKENS"})
"""What processes of the service tell each other; users set none of them."""


def variables() -> Iterator[Variable]:
    """All of them, those of the settings first."""
    schema = Settings.model_json_schema(by_alias=False)["properties"]
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = "" if field.default is PydanticUndefined else str(field.default).lower()
        said = str(extra.get("default_is", "")) or default or "none"
        variable = str(field.validation_alias or f"NAS_{name.upper()}")
        values = "a folder" if schema[name].get("format") == "path" else values_of(schema[name])
        yield Variable(variable, said, values, field.description or "")
    yield from ELSEWHERE
