"""A whole search in one folder, as `nas run` starts it."""

from pathlib import Path
from typing import Any

from nas.machine.cgroup import core_count
from nas.spec import SearchSpec
from workers.executing.executor import executor
from workers.executing.scheduler import Scheduler
from workers.folder_run.folder import RunFolder
from workers.searching.pipeline import Pipeline
from workers.searching.progress_listener import ProgressListener

UPDATE_S = 5.0
"""How often the files are written while trials come in."""


def run(spec: SearchSpec, out: Path, listener: ProgressListener, *, executor_name: str = "process") -> dict[str, Any]:
    """Run the search of spec in the folder out; a call with the same spec resumes an earlier one.

    Returns the record of the run, which report.html shows. NasError if it cannot go on; what was finished stays.
    """
    start_pool = executor[executor_name]
    threads = max(1, core_count() // spec.parallel)
    with RunFolder(out, spec) as folder, start_pool(spec.parallel, threads) as pool:
        return Pipeline(spec, folder, listener, Scheduler(pool).quota(), threads=threads).run(UPDATE_S)
