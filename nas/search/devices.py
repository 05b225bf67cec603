"""The devices of a search: as its spec names them, the targets on each, and what is known on all."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from nas.asking.codes import Codes
from nas.asking.problem import Known
from nas.errors import SpecError
from nas.metric import device_of, is_of_device, suffixes
from nas.objective import objective
from nas.trial import Columns

MAX_DEVICES = 8
"""Devices of one search: the kernels of the space and all finalists are measured on each."""

DeviceName = Annotated[str, Field(min_length=1, max_length=200)]

BOTH = PydanticCustomError("device_and_devices", "give device or devices, not both")
TWICE = PydanticCustomError("device_twice", "a device is named twice; name each once")
TARGET = "target_latency_ms"


class KnownOnDevices:
    """The oracle of a search for several devices: what each device's oracle knows.

    Columns of the first device, and of the networks alone, have their plain names, those of another end in its suffix.
    A row is NaN where it is of any device.
    """

    def __init__(self, known: Mapping[str, Known]) -> None:
        """known: of each device, one or more, the first device's first."""
        (_, self._first), *others = zip(suffixes(tuple(known)).values(), known.values(), strict=True)
        self._others = dict(others)

    @property
    def digest(self) -> str:
        digests = [self._first.digest, *(known.digest for known in self._others.values())]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()[: len(digests[0])] if self._others else digests[0]

    def __call__(self, codes: Codes) -> Columns:
        if not self._others:
            return self._first(codes)
        columns, void = {}, np.zeros(len(codes), bool)
        for suffix, known in {"": self._first, **self._others}.items():
            for name, values in known(codes).items():
                if is_of_device(name):
                    columns[f"{name}{suffix}"] = values
                else:
                    columns.setdefault(name, values)
                    void |= np.isnan(values)
        return {name: np.where(void, np.nan, values) for name, values in columns.items()}


def first_of_devices(data: Any) -> Any:
    """The values of a spec, in which the first of several devices is the device, and a single one is only that."""
    several = isinstance(data, Mapping) and data.get("devices")
    if not several or not isinstance(several, list | tuple) or not all(isinstance(name, str) for name in several):
        return data
    fault = BOTH if "device" in data else TWICE if len(set(several)) < len(several) else None
    if fault:
        where = InitErrorDetails(type=fault, loc=("devices",), input=several)
        raise ValidationError.from_exception_data("SearchSpec", [where])
    return {**data, "device": several[0], "devices": several if len(several) > 1 else ()}


def with_changes(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a spec with other values for some fields; new devices take the place of the old."""
    replaced = {"device", "devices"} if {"device", "devices"} & changes.keys() else set()
    return {**{name: value for name, value in values.items() if name not in replaced}, **changes}


def given_targets_ms(devices: Sequence[str], config: Mapping[str, Any]) -> dict[str, float]:
    """The targets that the config of an objective gives, by device."""
    given = config.get(TARGET)
    return dict(given) if isinstance(given, Mapping) else {} if given is None else {devices[0]: given}


def with_targets(devices: Sequence[str], config: Mapping[str, Any], targets_ms: Mapping[str, float]) -> dict[str, Any]:
    """The config of an objective with a target for each device, in their order."""
    ordered = {device: targets_ms[device] for device in devices}
    return {**config, TARGET: ordered if len(devices) > 1 else ordered[devices[0]]}


def check_objective(devices: Sequence[str], config: Mapping[str, Any]) -> None:
    """SpecError if the config of an objective is wrong by itself or for these devices."""
    given = config.get(TARGET)
    if len(devices) > 1 and given is not None and not isinstance(given, Mapping):
        example = ", ".join(f"{device}: {given}" for device in devices)
        raise SpecError(f"objective.{TARGET}: give a target for each device: {{{example}}}")
    if isinstance(given, Mapping):
        there = f"the search has {', '.join(devices)}"
        _check_known(devices, given, f"objective.{TARGET}", there)
    found = objective.checked(with_targets(devices, config, dict.fromkeys(devices, 1.0)) | dict(config), "objective")
    _, *others = devices
    there = (
        f"those whose metrics have @ are {', '.join(others)}" if others else "a search of one device has plain names"
    )
    for field in ("limits", "metrics"):
        named = (device_of(name) for name in getattr(found, field, None) or ())
        _check_known(others, filter(None, named), f"objective.{field}", there)


def _check_known(devices: Sequence[str], named: Iterable[str], field: str, there: str) -> None:
    for name in named:
        if name not in devices:
            raise SpecError(f"{field}: {name!r} is no such device: {there}")
