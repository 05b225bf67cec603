r"""Claim: no compressed file, damaged or hostile, crashes its reader or makes it allocate beyond its bound; every whole
file is read and written again bit for bit; the Python and the native decoder agree.

    python benchmarks/hostile_files.py --files 100000 --processes 2

For each number a file is drawn, left whole (a tenth) or damaged, in part with checksums made right again, and read with
and without the native library; and a stream of random bytes is decoded by one of the coders. Warnings count as errors.
The process may allocate 512 MiB beyond what it has at the start; one file in ten has its memory traced, and is held to
the bound of nas.container.file.read. Exit code 1 at the first promise that does not hold, with the number of its file.

To look for faults of the C code that do not show, build it with sanitizers first:

    CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -g -O1" pip install --no-deps -e .
    LD_PRELOAD=$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 \
        python benchmarks/hostile_files.py --files 20000 --no-limit
"""

import argparse
import multiprocessing
import re
import resource
import time
import warnings
from collections import Counter
from pathlib import Path

from nas.machine.processor import processor_name
from nas.machine.versions import versions
from nas.native import library
from nas.testing.hostile_files import check_files

ROOM_BYTES = 512 << 20
CHUNK = 500


def limited() -> None:
    """Allocations far beyond the bound fail in this process."""
    used = int(re.search(r"^VmSize:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)[1]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def checked(part: tuple[int, int, int]) -> Counter[str]:
    warnings.simplefilter("error")
    return check_files(*part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to go on from there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--no-limit", action="store_true", help="no limit of memory, as sanitizers need room")
    arguments = parser.parse_args()
    library()
    started = time.perf_counter()
    first, end = arguments.first, arguments.files
    parts = [(min(CHUNK, end - number), arguments.seed, number) for number in range(first, end, CHUNK)]
    found: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(
        arguments.processes, None if arguments.no_limit else limited
    ) as pool:
        for done, part in enumerate(pool.imap_unordered(checked, parts), 1):
            found += part
            if done % 10 == 0:
                print(f"{min(end, first + done * CHUNK)} files, {time.perf_counter() - started:.0f} s", flush=True)
    print(f"{processor_name()}; {versions()}; native library: {'yes' if library() else 'no'}")
    numbers = f"{first} to {end - 1}"
    print(f"Files {numbers} and as many streams, seed {arguments.seed}: every promise held")
    for outcome, count in sorted(found.items()):
        print(f"| {outcome} | {count} |")


if __name__ == "__main__":
    main()
