"""What holds for every test: one thread, kept bytecode, Ctrl-C interrupts, and missing data sets skip theirs."""

import os
import signal
import sys

import pytest

from nas.dataset import dataset
from nas.images.published import PublishedSource

pytest_plugins = ["databases", "planted", "poolers", "skips"]


def pytest_configure() -> None:
    """Heed Ctrl-C: a shell lets background processes ignore it, and their children would inherit that.

    One thread for each process: the tests run side by side on every core, and threads that wait for each other there
    spin, which takes several times as long. Processes that tests start keep the bytecode of modules, which containers
    often forbid: each of hundreds would compile them all again.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["NAS_NOISY"] = "1"  # other tests run beside those that measure


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a fifth of the time is spent waiting, for what other processes do."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test marked `data(name)` where that published set is in none of the data folders."""
    for marker in item.iter_markers("data"):
        (name,) = marker.args
        source = dataset[name]
        if issubclass(source, PublishedSource) and source.find() is None:
            pytest.skip(f"data set {name} is not in NAS_DATA_DIR: `nas data get {name}`")


@pytest.fixture(scope="module")
def service_home(tmp_path_factory):
    """A folder, and a latency database in it, for the services of a module."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_LATENCY_DB", str(home / "latency.db"))
        yield home
