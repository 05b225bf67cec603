"""The environment of workers for OpenMP, whose library (libgomp, libomp) reads it once: when torch is loaded."""

import contextlib
import os
import threading
from collections.abc import Iterator

WAIT_POLICY = "OMP_WAIT_POLICY"
_changing = threading.Lock()


def openmp_variables(threads: int) -> dict[str, str]:
    """The variables of a worker with so many threads. By default they sleep while they wait for work: threads that spin
    take the cores from other trainings. A wait policy in the environment of this process is kept.
    """
    return {"OMP_NUM_THREADS": str(threads), WAIT_POLICY: os.environ.get(WAIT_POLICY, "PASSIVE")}


@contextlib.contextmanager
def openmp_inherited(threads: int) -> Iterator[None]:
    """Processes that are started within have openmp_variables from their first moment; this process has its own again
    afterwards. In the new process it would be too late to set them: multiprocessing imports the main module there
    before it runs anything else, and that may load torch.
    """
    with _changing:
        variables = openmp_variables(threads)
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
