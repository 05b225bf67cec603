"""What is wrong with values of users, in plain words, as pydantic found it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

WORDS: Mapping[str, str] = {
    "missing": "it is required",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "give a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "give a number"),
    "finite_number": "give a number that is finite",
    **dict.fromkeys(("bool_type", "bool_parsing"), "give true or false"),
    "string_type": "give text",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "dataclass_type"), "give a mapping"),
    **dict.fromkeys(("list_type", "tuple_type"), "give a list"),
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give at least {ge}",
    "less_than": "give less than {lt}",
    "less_than_equal": "give at most {le}",
    "string_too_short": "give at least {min_length} letters",
    "string_too_long": "give at most {max_length} letters",
    **dict.fromkeys(("literal_error", "enum"), "give {expected}"),
}
"""By the type of pydantic's error; others keep pydantic's words."""
LISTED = 12
"""Names that a message lists where none is near."""


def meant(wrong: object, known: Sequence[str]) -> str:
    """`; did you mean ...?` where a known name is near the wrong one, else nothing."""
    near = get_close_matches(str(wrong), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def faults(error: ValidationError, model: type[BaseModel] | None = None) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Where each fault is and what it is, without the wrong value itself, which may be a secret.

    model: of the values, whose names are suggested for misspelt ones.
    """
    for fault in error.errors(include_url=False):
        where = fault["loc"]
        if fault["type"] == "default_factory_not_called":  # the default of a field that depends on a wrong one
            continue
        if fault["type"] == "extra_forbidden":
            yield where, _no_field(where, model)
            continue
        words = WORDS.get(fault["type"])
        said = words.format(**fault.get("ctx", {})) if words else fault["msg"].removeprefix("Value error, ")
        if fault["type"] in {"literal_error", "enum"}:
            options = [
                option.strip("' ") for part in fault["ctx"]["expected"].split(" or ") for option in part.split(",")
            ]
            said += meant(fault["input"], options)
        yield where, said


def reason(error: ValidationError, prefix: str = "", model: type[BaseModel] | None = None) -> str:
    """The faults, one `field: fault` a line; prefix: the field that all of them are in."""
    lines = []
    for where, said in faults(error, model):
        path = ".".join(str(part) for part in (*([prefix] if prefix else []), *where))
        lines.append(f"{path or 'value'}: {said}")
    return "\n".join(lines)


def _no_field(where: Sequence[int | str], model: type[BaseModel] | None) -> str:
    known = _names(model, where[:-1])
    hint = meant(where[-1], known)
    if hint or not known:
        return f"there is no such field{hint}"
    more = ", ..." if len(known) > LISTED else ""
    return f"there is no such field; there are: {', '.join(known[:LISTED])}{more}"


def _names(model: type[BaseModel] | None, path: Sequence[int | str]) -> list[str]:
    """The fields of the model at a path inside a model."""
    for part in path:
        if model is None:
            return []
        field = model.model_fields.get(str(part))
        model = model if isinstance(part, int) else _model_in(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
