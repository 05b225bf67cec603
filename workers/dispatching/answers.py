"""What answers an inquiry of each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from latency_db.profiling.measurer import Measurer
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.dataset import dataset
from nas.jobs.inquiries.record import Inquiry, InquiryKind
from nas.jobs.records import Json
from nas.jobs.rows import PACE
from nas.proxy.options import CheckOptions
from nas.quantities import HOUR_S
from nas.service.data_root import resolve_path
from nas.service.settings import Settings
from nas.spec import parse_spec
from nas.spec.images import with_size
from workers.dispatching.inquiry_store import InquiryStore
from workers.executing.scheduler import Quota
from workers.proxy_checking.check import ProxyCheck
from workers.searching.recording.progress_listener import ProgressListener
from workers.suggesting.suggestion import Wanted, suggest


class Answer(Protocol):
    """An inquiry as it is carried out."""

    def left_s(self) -> float | None:
        """Seconds until it has ended; None as long as that is not known."""

    def run(self) -> Json:
        """The result. NasError if there is none."""


@dataclass(frozen=True, slots=True)
class Means:
    """What an answer is made with."""

    store: InquiryStore
    listener: ProgressListener
    quota: Quota
    settings: Settings


def proxy_check(inquiry: Inquiry, means: Means) -> Answer:
    settings = means.settings
    spec = parse_spec({**inquiry.spec, "dataset": resolve_path(inquiry.spec["dataset"], settings.data_root)})
    sized = with_size(spec, dataset.make(spec.dataset))
    options = CheckOptions.model_validate(inquiry.options)
    return ProxyCheck(sized, options, means.store, means.listener, means.quota, threads=settings.threads)


@dataclass(frozen=True, slots=True)
class SuggestionAnswer:
    """A spec that fits the time at hand. Paths in it are as in the request."""

    inquiry: Inquiry
    means: Means

    def left_s(self) -> float | None:
        return None

    def run(self) -> Json:
        asked, means = self.inquiry.spec, self.means
        means.listener.phase("STARTING")
        images = resolve_path(asked["dataset"], means.settings.data_root)
        seconds = HOUR_S * asked["hours"]
        wanted = Wanted(images, asked["device"], asked["target_latency_ms"], seconds, asked["seed"])
        latencies = Store()
        measurer = Measurer(latencies, find_device(latencies, wanted.device))
        suggested = suggest(wanted, measurer, means.quota, means.listener, means.store.paces())
        means.store.keep(PACE, suggested.pace)  # what the form forecasts is what the suggestion says
        spec, found = suggested.spec, suggested.describe()
        return {**found, "spec": {**spec, "dataset": {**spec["dataset"], **asked["dataset"]}}}


ANSWERS: dict[InquiryKind, Callable[[Inquiry, Means], Answer]] = {
    InquiryKind.PROXY_CHECK: proxy_check,
    InquiryKind.SUGGESTION: SuggestionAnswer,
}
