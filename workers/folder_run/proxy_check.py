"""A proxy check in a folder, as `nas proxy check` starts it."""

import json
from pathlib import Path
from typing import Any

from nas.dataset import dataset
from nas.files import write_whole
from nas.machine.cgroup import core_count
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets
from nas.spec import SearchSpec
from nas.spec.images import check_images, notes, with_size
from nas.teacher.check import check_teacher
from workers.executing.executor import executor
from workers.executing.scheduler import Scheduler
from workers.folder_run.folder import RunFolder
from workers.proxy_checking.check import ProxyCheck
from workers.searching.recording.progress_listener import ProgressListener

FILE = "proxy_check.json"


def check_proxy(
    spec: SearchSpec,
    options: CheckOptions,
    out: Path,
    listener: ProgressListener,
    *,
    executor_name: str = "process",
) -> dict[str, Any]:
    """Check the proxy of spec in the folder out; a call with the same spec resumes an earlier one.

    Returns what it has found, which is written to proxy_check.json too. SpecError, before anything is measured or
    trained, if the images cannot work or there is nothing to compare; NasError if it cannot go on.
    """
    source = dataset.make(spec.dataset)
    images = check_images(spec, source)
    for note in notes(spec, images):
        listener.say(note)
    check_teacher(spec.teacher, images)
    budgets(spec, options)
    start_pool = executor[executor_name]
    threads = max(1, core_count() // spec.parallel)
    with RunFolder(out, spec) as folder, start_pool(spec.parallel, threads) as pool:
        quota = Scheduler(pool).quota()
        check = ProxyCheck(with_size(spec, source), options, folder, listener, quota, threads=threads)
        found = check.run()
        write_whole(out / FILE, json.dumps(found, indent=1) + "\n")
        return found
