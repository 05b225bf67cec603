"""Every field of a spec, described: as JSON schema for forms, and one by one for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from nas.dataset import dataset
from nas.errors import SpecError
from nas.evaluator import evaluator
from nas.network import network
from nas.objective import objective
from nas.pruner import pruner
from nas.registry import Registry
from nas.searcher import searcher
from nas.spaces import changed_space_schema, known_spaces, space_schema
from nas.spec import SearchSpec
from nas.spec.references import WIDTH, Widths

Json = dict[str, Any]

DETERMINED_BY_SEARCH = ("target_latency_ms",)
"""Parameters of objectives that a search determines where they are left out."""
DETERMINED_BY_DATASET = ("channels", "classes")
"""Parameters of reference networks that follow from the data set."""
FAMILIES: Mapping[str, tuple[Registry[Any], tuple[str, ...], str]] = {
    "dataset": (dataset, (), "Images"),
    "objective": (objective, DETERMINED_BY_SEARCH, "Objective"),
    "searcher": (searcher, (), "Searcher"),
    "evaluator": (evaluator, (), "Trials"),
    "pruner": (pruner, (), "Pruner"),
}
"""Of each field that names a plugin: the plugins, parameters that may be left out all the same, and what labels of
parameters begin with.
"""
UNITS = {"ms": "ms", "s": "s", "bytes": "bytes", "px": "px"}


def search_schema(body: type[BaseModel] = SearchSpec, devices: Iterable[str] = ()) -> Json:
    """JSON schema of a search as users write it: that of the model, with every plugin and its parameters.

    A plugin's bare name is also taken where no parameter is needed. body: SearchSpec, or a model that adds to it.
    """
    schema = body.model_json_schema()
    fields = schema["properties"]
    for part in (schema, *schema.get("$defs", {}).values()):
        _entitle(part)
    for field, (registry, optional, context) in FAMILIES.items():
        none = [{"title": "none", "type": "null"}] if fields[field].get("default", ...) is None else []
        variants = _variants(registry, context, optional=optional)
        fields[field] = _description(fields[field]) | {"oneOf": [*none, *variants]}
    references = _variants(network, "Reference", left_out=DETERMINED_BY_DATASET)
    for each in references:
        if WIDTH in each["properties"]:
            each["properties"] |= _entitled(Widths.model_json_schema(), "Reference")["properties"]
    fields["references"]["items"] = {"oneOf": references}
    own = space_schema()
    schema["$defs"] = schema.get("$defs", {}) | own.pop("$defs")
    named = {"title": "Known space", "enum": list(known_spaces())}
    changed = {**changed_space_schema(), "title": "Known space, changed"}
    mine = {**own, "title": "Space of your own"}
    fields["space"] = _description(fields["space"]) | {"anyOf": [named, changed, mine]}
    fields["device"]["examples"] = list(devices)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _entitle(schema: Json, context: str = "") -> None:
    """Give every property the title that a form shows, after the context without which it would be unclear."""
    for name, field in schema.get("properties", {}).items():
        words = name.split("_")
        unit = UNITS.get(words[-1]) if len(words) > 1 else None
        said = " ".join(words[:-1] if unit else words) + (f" ({unit})" if unit else "")
        field["title"] = f"{context}: {said}" if context else said[:1].upper() + said[1:]
        _entitle(field)


def _entitled(schema: Json, context: str) -> Json:
    _entitle(schema, context)
    return schema


def _description(field: Mapping[str, Any]) -> Json:
    """Title, description and default of a field, without its type."""
    return {key: field[key] for key in ("title", "description", "when", "default") if key in field}


def _variants(
    registry: Registry[Any], context: str, *, optional: Iterable[str] = (), left_out: Iterable[str] = ()
) -> list[Json]:
    """Of each plugin, the object that names it and sets its parameters."""
    variants = []
    for name in registry:
        described = registry.describe(name)
        parameters = described["parameters"]
        _entitle(parameters, context)
        own = {key: value for key, value in parameters["properties"].items() if key not in left_out}
        required = [key for key in parameters.get("required", ()) if key not in optional]
        variants.append(
            {
                "title": name,
                "description": "\n\n".join(filter(None, (described["summary"], parameters.get("description")))),
                "type": "object",
                "properties": {"name": {"const": name}, **own},
                "required": ["name", *required],
                "additionalProperties": False,
            }
        )
    return variants


@dataclass(frozen=True, slots=True)
class SpecField:
    """A field as users write it: its path, as in `finalists.count`, and of which plugin it is, if it is of one.

    default: as JSON, or `required`, or empty where its meaning says what holds. values: which it may have, in words.
    when: to change it.
    """

    path: str
    plugin: str
    meaning: str
    default: str
    values: str
    when: str

    @property
    def name(self) -> str:
        """Its path with the plugin in it, which tells it from a field of another one."""
        family, _, rest = self.path.partition(".")
        return f"{family}.{self.plugin}.{rest}" if self.plugin else self.path


def spec_fields(schema: Json | None = None) -> list[SpecField]:
    """All of them, in the order of the schema; without the parameters of blocks in a space of one's own."""
    root = schema or search_schema()
    return [field for name, part in root["properties"].items() for field in _fields(name, part, root, root)]


def explained(text: str) -> list[SpecField]:
    """The fields of a name: a whole path, its last part, or all of a plugin. SpecError suggests what may be meant."""
    known = spec_fields()
    for meant in (
        [field for field in known if text in {field.path, field.name}],
        [field for field in known if field.name.endswith(f".{text}")],
        [field for field in known if field.plugin == text or field.path.startswith(f"{text}.")],
    ):
        if meant:
            return meant
    names = [*{each for field in known for each in (field.path, field.path.rpartition(".")[2], field.plugin) if each}]
    near = get_close_matches(text, sorted(names), n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise SpecError(f"a spec has no field {text!r}{hint} `nas spec explain` lists all of them")


def _fields(path: str, raw: Json, owner: Json, root: Json, plugin: str = "") -> Iterator[SpecField]:
    """The field at a path, and those inside it."""
    schema = _resolved(raw, root)
    name = path.rpartition(".")[2]
    required = name in owner.get("required", ())
    inner, variants = schema.get("properties"), _plugins(schema)
    if not inner or schema.get("description"):
        default = "required" if required else _default(schema, nested=bool(inner))
        meaning, when = schema.get("description", ""), schema.get("when", "")
        yield SpecField(path, plugin, meaning.partition("\n")[0], default, values_of(schema), when)
    for key, part in (inner or {}).items():
        yield from _fields(f"{path}.{key}", part, schema, root, plugin)
    for variant in variants:
        for key, part in variant["properties"].items():
            if key != "name":
                yield from _fields(f"{path}.{key}", part, variant, root, variant["title"])
    for own in schema.get("anyOf", ())[-1:] if path == "space" else ():
        for key, part in own.get("properties", {}).items():
            yield from _fields(f"{path}.{key}", part, own, root)


def _plugins(schema: Json) -> list[Json]:
    """The plugins that a field, or each item of its list, may name."""
    found: list[Json] = schema.get("oneOf") or schema.get("items", {}).get("oneOf", [])
    return [variant for variant in found if variant.get("type") != "null"]


def _resolved(raw: Json, root: Json) -> Json:
    """A schema without references, and without the null that an optional value allows; its own words stay."""
    if "$ref" in raw:
        found = root["$defs"][raw["$ref"].rpartition("/")[2]]
        return _resolved({**found, **{key: value for key, value in raw.items() if key != "$ref"}}, root)
    choices = [choice for choice in raw.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return _resolved({**choices[0], **{key: value for key, value in raw.items() if key != "anyOf"}}, root)
    if choices and choices[-1].get("type") == "array":  # a list whose only item may stand alone
        return {**{key: value for key, value in raw.items() if key != "anyOf"}, **choices[-1], "alone": True}
    if raw.get("type") == "array" and "$ref" in raw.get("items", {}):
        item = _resolved(raw["items"], root)
        return {**raw, "properties": item["properties"], "required": item.get("required", [])}
    return raw


def _number(limit: float) -> str:
    """A limit in digits, 2^31 and the like too."""
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"


def _default(schema: Json, *, nested: bool) -> str:
    if nested or "default" not in schema:
        return ""
    value = schema["default"]
    if isinstance(value, Mapping) and list(value) == ["name"]:
        value = value["name"]
    return "none" if value is None else json.dumps(value).strip('"')


def values_of(schema: Json) -> str:
    """Which values a field may have, in words."""
    if any(choice.get("type") == "null" for choice in schema.get("anyOf", ())):
        return values_of(_resolved(schema, {}))
    if plugins := _plugins(schema):
        return ", ".join(variant["title"] for variant in plugins)
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind, choices = schema.get("type"), schema.get("anyOf", ())
    if choices and all("type" in choice for choice in choices):
        return "; or ".join(map(values_of, choices))
    if kind == "array":
        item = values_of(schema.get("items", {}))
        return f"{item}; or a list of these" if schema.get("alone") else f"a list: {item}" if item else "a list"
    said = {"integer": "a whole number", "number": "a number", "boolean": "true, false", "string": "text"}
    named = ", ".join(choice for part in schema.get("anyOf", ()) for choice in part.get("enum", ()))
    limits = [
        f"{words} {_number(schema[key])}"
        for key, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    return ", ".join([said.get(str(kind), named or "a mapping"), *limits])
