"""What a search over REST may ask for: what `nas run` takes, without the files of this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from typing import Any

from api.http.app_state import AppState
from api.http.problems import FieldFault, ProblemError
from api.schemas.suggestion import NewSuggestion
from latency_db.devices.local import is_local_name
from nas.compressing.plan import requested
from nas.compression.request import CompressionRequest
from nas.dataset import Outline, dataset
from nas.errors import DataError, NotMeasuredError, SpecError, UnknownNameError
from nas.forecast import Pace, Plan, plan_of, plan_of_check, step_seconds
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets
from nas.service.data_root import resolve_path, shown
from nas.service.earlier_searches import earlier_files, ids_of_earlier
from nas.service.teachers import keep_teacher
from nas.spaces import known_spaces, named_space
from nas.spec import TRIES, SearchSpec, parse_spec
from nas.spec.images import check_images, notes
from nas.spec.shared_start import check_start
from nas.teacher.check import check_teacher

SPEC_FIELDS = frozenset(SearchSpec.model_fields)
FIELDS = {"network": "references"}
"""Fields of a spec that name things of a kind that is called otherwise."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A spec that can be carried out, its images as far as they are known, and notes on what was set for the user.

    title: what people call the images.
    """

    spec: SearchSpec
    images: Outline | None
    notes: list[str]
    title: str


def check_spec(data: Mapping[str, Any], app: AppState) -> Checked:
    """The spec, checked as far as possible without decoding images, and what is known of these.

    SpecError or ProblemError names the field that is wrong; InfeasibleError says why random members of the space cannot
    be built.
    """
    with _refusing(app):
        return _checked(data, app)


def check_subject(wanted: NewSuggestion, app: AppState) -> dict[str, Any]:
    """The data set of a suggestion as a spec has it, checked with device and target as for check_spec."""
    with _refusing(app):
        target = {} if wanted.target_latency_ms is None else {"target_latency_ms": wanted.target_latency_ms}
        goal = {"name": "constrained", **target}
        spec = parse_spec({"dataset": wanted.dataset, "device": wanted.device, "objective": goal, "seed": wanted.seed})
        source = dataset.make(resolve_path(spec.dataset, app.settings.data_root))
        _check_devices(spec, app)
        try:
            source.outline()
        except DataError as error:
            raise SpecError(f"{'dataset.path' if 'path' in spec.dataset else 'dataset'}: {error}") from None
    return dict(spec.dataset)


@contextmanager
def _refusing(app: AppState) -> Iterator[None]:
    """Names the fields of what is not known, and reveals no folders of this machine."""
    try:
        yield
    except UnknownNameError as error:
        field = FIELDS.get(error.kind, error.kind)
        faults = [FieldFault(field, str(error))] if field in SPEC_FIELDS else []
        raise ProblemError("NAME_UNKNOWN", str(error), errors=faults) from None
    except SpecError as error:
        raise SpecError(shown(str(error), app.settings.data_root)) from None


def _checked(data: Mapping[str, Any], app: AppState) -> Checked:
    space = data.get("space")
    if isinstance(space, str) and space not in known_spaces():  # before the spec would look for a file of that name
        raise UnknownNameError("space", space, known_spaces())
    spec = parse_spec(dict(data))
    named_space(spec.space).sample(Random(0), TRIES)
    source = dataset.make(resolve_path(spec.dataset, app.settings.data_root))
    _check_devices(spec, app)
    if spec.finalists.compression:
        check_latency_device(spec.finalists.compression, "finalists.compression", app)
    images = check_images(spec, source)
    if spec.warm_start:
        spec = spec.model_copy(update={"warm_start": ids_of_earlier(app.ledger, spec)})
        check_start(spec, images, earlier_files(app.ledger, app.files, "", spec))
    told = check_teacher(spec.teacher, images, keep_teacher(app.files, spec.teacher.model)) if spec.teacher else []
    return Checked(spec, images, [*notes(spec, images), *told], source.title)


def _check_devices(spec: SearchSpec, app: AppState) -> None:
    for name in spec.device_names:
        if not is_local_name(name):
            app.latency.find(name)


def check_plan(plan: Mapping[str, Any]) -> None:
    """Check the plan of a compression; without torch a worker does that, before it trains anything.

    SpecError names each wrong field, UnknownNameError a compressor that there is not.
    """
    if find_spec("torch") is None:  # compressors are made of torch modules; an API may be installed without it
        return
    try:
        requested({"plan": plan})
    except SpecError as error:
        raise SpecError("\n".join(f"compression.plan.{line}" for line in str(error).splitlines())) from None


def check_latency_device(wanted: CompressionRequest, field: str, app: AppState) -> None:
    """Check the device that a compression is for, if it is for one. field: where the compression is.

    ProblemError, with the names that there are, if there is no such device; SpecError, with the remedy, if it cannot be
    measured.
    """
    if wanted.latency_device is None:
        return
    try:
        app.latency.check_in_integers(wanted.latency_device)
    except UnknownNameError as error:
        faults = [FieldFault(f"{field}.latency_device", str(error))]
        raise ProblemError("NAME_UNKNOWN", str(error), errors=faults) from None
    except NotMeasuredError as error:
        raise SpecError(f"{field}.latency_device: {error}") from None


def seconds_of_steps(checked: Checked, app: AppState) -> dict[str, float] | None:
    """Seconds of each phase of the search, from those that earlier searches have taken; None if that is not known."""
    plan = _plan(checked, app)
    return None if plan is None else step_seconds(plan, Pace.of_past(plan, app.ledger.paces()))


def seconds_of_check(checked: Checked, options: CheckOptions, app: AppState) -> dict[str, float] | None:
    """The same of a proxy check for the search."""
    plan = _plan(checked, app)
    if plan is None:
        return None
    longer = budgets(checked.spec, options).longer_epochs
    check = plan_of_check(plan, candidates=options.candidates, repeats=options.repeats, longer_epochs=longer)
    return step_seconds(check, Pace.of_past(check, app.ledger.paces()))


def _plan(checked: Checked, app: AppState) -> Plan | None:
    images = checked.images
    if images is None or images.side is None:
        return None
    return plan_of(checked.spec, images, train=images.train, side=images.side, workers=app.settings.workers)


def default_name(checked: Checked) -> str:
    """What a search is called that its user has not named."""
    spec = checked.spec
    space = {"name": spec.space} if isinstance(spec.space, str) else spec.space
    side = space.get("resolution")
    at = f" at {side} px" if isinstance(side, int) else ""
    return f"{checked.title} on {', '.join(spec.device_names)}, space {space['name']}{at}"
