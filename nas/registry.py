"""Plugins with parameters that users set: checked, and described as JSON schema."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from nas.errors import SpecError
from nas.faults import reason
from nas.plugins import Plugins

T = TypeVar("T")


def described(meaning: str, when: str = "", **limits: Any) -> Any:
    """The Field of a parameter that users set: what it means, when to change it, and pydantic's limits of its values.

    Both texts go where users look: JSON schema (`description`, `when`), the form, `nas spec explain` and docs/spec.md.
    """
    return Field(description=meaning, json_schema_extra={"when": when} if when else None, **limits)


class Registry(Plugins[T]):
    """Plugins of one kind.

    The keyword-only parameters of a plugin's constructor are the parameters users may set; their annotations and
    defaults are checked here and described to users as JSON schema. In place of a parameter whose type is a dataclass,
    users set the fields of the dataclass.
    """

    def parameters(self, name: str) -> type[BaseModel]:
        """The user-settable parameters of a plugin as a pydantic model that refuses others."""
        cls: Any = self[name]
        return _parameters(cls)

    def describe(self, name: str) -> dict[str, Any]:
        """A plugin for catalogues and forms: its name, a summary, and its parameters as JSON schema.

        The summary is the first line of its module's docstring; the docstring of the class describes the parameters.
        """
        cls = self[name]
        schema = self.parameters(name).model_json_schema()
        if cls.__doc__:
            schema["description"] = inspect.cleandoc(cls.__doc__)
        summary = (inspect.getdoc(inspect.getmodule(cls)) or "").partition("\n")[0]
        return {"name": name, "summary": summary, "parameters": schema}

    def checked(self, config: Mapping[str, Any], field: str) -> BaseModel:
        """The parameters in `{"name": ..., **parameters}`. SpecError names each wrong one, as part of field."""
        given = dict(config)
        if "name" not in given:
            raise SpecError(f"{field}.name: missing; there are: {', '.join(self)}")
        try:
            return self.parameters(given.pop("name")).model_validate(given)
        except ValidationError as error:
            raise SpecError(reason(error, field, self.parameters(config["name"]))) from None

    def make(self, config: Mapping[str, Any] | str, *arguments: Any) -> T:
        """Build the plugin that config names, `{"name": ..., **parameters}` or just the name.

        arguments go to the constructor first. SpecError names each field that is wrong.
        """
        given = {"name": config} if isinstance(config, str) else config
        checked = self.checked(given, self.kind)
        cls: Any = self[given["name"]]
        values = {}
        for parameter, (hint, default) in _keywords(cls).items():
            parts = {field: getattr(checked, field) for field in _fields(hint)}
            values[parameter] = replace(default, **parts) if parts else getattr(checked, parameter)
        made: T = cls(*arguments, **values)
        return made


@cache
def _keywords(cls: Any) -> dict[str, tuple[Any, Any]]:
    """The annotation and the default of each keyword-only parameter of the constructor."""
    hints = get_type_hints(cls.__init__, include_extras=True)
    return {
        parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def _fields(hint: Any) -> dict[str, Any]:
    """The annotations of a dataclass's fields by name; empty for another type."""
    if not is_dataclass(hint):
        return {}
    hints = get_type_hints(hint, include_extras=True)
    return {field.name: hints[field.name] for field in fields(hint)}


@cache
def _parameters(cls: type[Any]) -> type[BaseModel]:
    found: dict[str, Any] = {}
    for name, (hint, default) in _keywords(cls).items():  # type: ignore[arg-type]  # classes are hashable
        found |= _defaults(hint, default) or {name: (hint, default)}
    return _model(cls.__name__, found)


def _defaults(hint: Any, default: Any) -> dict[str, Any]:
    """The annotation and the default of each field of a dataclass; empty for another type."""
    return {field: (annotation, getattr(default, field)) for field, annotation in _fields(hint).items()}


def _model(name: str, found: Mapping[str, Any], *, strict: bool = False) -> type[BaseModel]:
    return create_model(name, __config__=ConfigDict(extra="forbid", allow_inf_nan=False, strict=strict), **found)


def settable(default: Any, *fixed: str) -> type[BaseModel]:
    """The fields of a dataclass that users may set, as a pydantic model that refuses others, the fixed ones too, and
    takes no text or truth value for a number.

    default: the instance whose values hold for fields that are left out.
    """
    found = _defaults(type(default), default)
    given = {name: field for name, field in found.items() if name not in fixed}
    return _model(type(default).__name__, given, strict=True)


def plugin_of(registry: Registry[Any], text: str) -> dict[str, Any]:
    """The plugin in a word, such as `asha:reduction=3:first_epochs=1`, as in a spec: its name and parameters.

    SpecError names a parameter that is wrong.
    """
    name, *given = text.split(":")
    config: dict[str, Any] = {"name": name}
    for parameter in given:
        key, equals, value = parameter.partition("=")
        if not equals:
            raise SpecError(f"{registry.kind} {text}: write parameters as {name}:parameter=value")
        try:
            config[key] = json.loads(value)
        except ValueError:
            config[key] = value
    registry.checked(config, registry.kind)
    return config
