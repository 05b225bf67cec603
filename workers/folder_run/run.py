"""A whole search in one folder, as `nas run` starts it."""

from pathlib import Path
from typing import Any

from nas.dataset import dataset
from nas.machine.cgroup import core_count
from nas.search.earlier import SHARED_START
from nas.spec import SearchSpec
from nas.spec.images import check_images, size_notes, with_size
from nas.spec.shared_start import check_start
from nas.teacher.check import check_teacher
from workers.executing.executor import executor
from workers.executing.scheduler import Scheduler
from workers.folder_run.earlier_runs import check_earlier, earlier_files
from workers.folder_run.folder import RunFolder
from workers.searching.earlier.warm_start import NAME as EARLIER
from workers.searching.pipeline import Pipeline
from workers.searching.recording.progress_listener import ProgressListener

UPDATE_S = 5.0
"""How often the files are written while trials come in."""


def run(
    spec: SearchSpec,
    out: Path,
    listener: ProgressListener,
    *,
    executor_name: str = "process",
    spec_folder: Path = Path(),
) -> dict[str, Any]:
    """Run the search of spec in the folder out; a call with the same spec resumes an earlier one.

    spec_folder: where the folders of spec.warm_start are relative to. Returns the record of the run, which report.html
    shows. SpecError, before anything is measured or trained, if the images, the teacher or spec.warm_start cannot work;
    NasError if it cannot go on; what was finished stays.
    """
    source = dataset.make(spec.dataset)
    images = check_images(spec, source)
    for note in size_notes(spec, images):
        listener.say(note)
    check_teacher(spec.teacher, images)
    if not (out / "results" / f"{EARLIER}.json").exists():  # what it took over stays when the others are gone
        check_earlier(spec, spec_folder, out)
    if not (out / "results" / f"{SHARED_START}.json").exists():  # likewise
        check_start(spec, images, earlier_files(spec, spec_folder))
    start_pool = executor[executor_name]
    threads = max(1, core_count() // spec.parallel)
    with RunFolder(out, spec, spec_folder) as folder, start_pool(spec.parallel, threads) as pool:
        sized = with_size(spec, source)
        quota = Scheduler(pool).quota()
        return Pipeline(sized, folder, listener, quota, threads=threads, say_left=True).run(UPDATE_S)
