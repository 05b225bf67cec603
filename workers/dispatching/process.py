"""The dispatcher's process: its settings, its signals, and a new executor when the old one is lost."""

import logging
import os
import signal
import sys
import threading
from typing import Any

from latency_db.storing.location import file_of
from nas.jobs.ledger import Ledger
from nas.machine.mounts import SHARED_DISK_REMEDY, shared_disk_warning
from nas.service.parent import dead_tokens, supervisor_pid, when_parent_ends
from nas.service.settings import Settings, read_settings
from nas.sql.errors import LedgerError
from workers.dispatching.dispatcher import Dispatcher
from workers.executing.executor import ExecutorLostError, executor

log = logging.getLogger(__name__)

RETRY_S = 3.0


def serve(given: dict[str, Any]) -> None:
    """Dispatch until a signal; given overrides the settings of the environment."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s dispatcher: %(message)s", stream=sys.stderr
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs every plugin of its own
    settings = read_settings(**given)
    settings.make_home()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if (warning := shared_disk_warning(file_of(settings.database_url))) and supervisor_pid() is None:
        log.warning("%s; %s", warning, SHARED_DISK_REMEDY)
    if (parent := supervisor_pid()) is not None:
        when_parent_ends(parent, stop.set)
    ledger = Ledger(settings.database_url, settings.connections)
    while not stop.is_set():
        try:
            ledger.migrate()
            ledger.claims.end_leases(dead_tokens())
            _dispatch(ledger, settings, stop)
        except (ExecutorLostError, LedgerError) as error:
            log.warning("%s; trying again", error)
            stop.wait(RETRY_S)
    ledger.close()


def _dispatch(ledger: Ledger, settings: Settings, stop: threading.Event) -> None:
    """Dispatch with one executor until it is lost or the process is to stop."""
    kind = executor[settings.executor]
    with kind(settings.workers, settings.threads) as pool:
        log.info("ready: %s, %d workers of %d threads", settings.executor, settings.workers, settings.threads)
        dispatcher = Dispatcher(ledger, settings, pool)
        dispatcher.run(stop)
    # Only after the executor is closed: otherwise the rest of the old Ray would run beside the new one.
    if dispatcher.scheduler.lost.is_set() and kind.needs_new_process and not stop.is_set():
        log.warning("the executor is lost; starting again in a new process")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same command again
