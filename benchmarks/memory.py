"""Claim: a worker trains on 20,000 pictures of 224 px, which take 2.8 GiB decoded, within 2 GiB of memory.

JPEGs are made, loaded as a search loads them, and learned for one epoch by a network in a worker of an executor. Shown
is the most that this process, which decodes, and the worker had resident, as the kernel counts it: anonymous memory is
a process's own (RssAnon), pages of files are shared with all who map them (RssFile). The image set is made and decoded
in --folder, once: a second call with the same folder finds both. --in-memory: without the file, as before.

Machine, versions and n are printed; results: docs/results/memory.md
Command: python benchmarks/memory.py --folder FOLDER
"""

import argparse
import io
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from latency_db.devices.local import local_device
from nas.dataset import Dataset, load
from nas.network import network
from nas.ops.notation import write_network
from nas.trial import Report
from workers.executing.executor import executor
from workers.tasks.train import Setup, evaluate

CLASSES = 10
DRAWN = 500
KINDS = ("VmRSS", "RssAnon", "RssFile", "RssShmem")
LOOK_S = 0.02
SMALL = "3x{side}x{side}: conv_8_k3_s2 conv_16_k3_s2 conv_32_k3_s2 conv_64_k3_s2 gap linear_10"


def resident_mb() -> dict[str, float]:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = {kind: re.search(rf"^{kind}:\s*(\d+) kB$", status, re.MULTILINE) for kind in KINDS}
    return {kind: int(match[1]) / 1024 for kind, match in found.items() if match}


@contextmanager
def watched(most: dict[str, float]) -> Iterator[None]:
    """Keep the most of each kind that is resident meanwhile, in MB."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            for kind, now in resident_mb().items():
                most[kind] = max(most.get(kind, 0.0), now)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def trained(setup: Setup, shared: Dataset | None, notation: str, *, report: Report) -> dict[str, Any]:
    most: dict[str, float] = {}
    with watched(most):
        metrics = evaluate(setup, shared, notation, report=report)
    return {**most, **metrics}


def make(folder: Path, count: int, side: int) -> None:
    """Pictures of ten classes, each a smooth pattern of its own under noise. DRAWN of them are drawn, and the others
    are these with another comment in their file, as drawing all of them would take longer than the rest.
    """
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 256, (CLASSES, 8, 8, 3), np.uint8)
    bases = [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in patterns]
    for label in range(CLASSES):
        (folder / str(label)).mkdir(parents=True)
    drawn = []
    for number in range(min(count, DRAWN)):
        noise = np.roll(bases[rng.integers(CLASSES)], tuple(rng.integers(0, side, 2)), (0, 1)) >> 2
        pixels = (bases[number % CLASSES] >> 1) + noise + np.uint8(rng.integers(0, 64))
        with io.BytesIO() as file:
            Image.fromarray(pixels).save(file, "jpeg", quality=90)
            drawn.append(file.getvalue())
    for number in range(count):
        start, rest = drawn[number % DRAWN][:2], drawn[number % DRAWN][2:]
        comment = b"\xff\xfe\x00\x06" + number.to_bytes(4, "big")
        (folder / str(number % CLASSES) / f"{number}.jpg").write_bytes(start + comment + rest)


def run(given: argparse.Namespace, folder: Path) -> None:
    os.environ["NAS_CACHE_DIR"] = str(folder / "cache")
    if given.in_memory:
        os.environ["NAS_DECODED_FROM_BYTES"] = str(1 << 60)
    pictures = folder / f"pictures-{given.pictures}-{given.side}"
    if not pictures.exists():
        making = pictures.with_suffix(".part")
        make(making, given.pictures, given.side)
        making.rename(pictures)
    config, here, started = {"name": "folder", "path": str(pictures), "size": given.side}, {}, time.monotonic()
    with watched(here):
        images = load(config, 0)
        print(f"{len(images.train):,} training images, digest {images.digest}, {len(images.notes)} notes")
    print(f"loaded in {time.monotonic() - started:.0f} s")
    shape = {"resolution": given.side, "channels": images.channels, "classes": CLASSES}
    notation = SMALL.format(side=given.side)
    if given.network != "small":
        notation = write_network(network.make({"name": given.network, **shape, "width": given.width}).expand())
    recipe = {"name": "train", "epochs": 1, "batch_size": given.batch_size, "time_budget_s": given.seconds}
    setup = Setup.of(config, recipe, seed=0, threads=1)
    with executor[given.executor](1, 1) as workers:
        shared = workers.share(images.digest, lambda: images) or (images if images.is_mapped else None)
        done = workers.submit(trained, setup, shared, notation, report=lambda *_: None).result()
    print(f"{given.network}, {done['epochs']:.2f} epochs in {done['train_seconds']:.0f} s of training\n")
    print("| process | resident, MB | its own | pages of files | shared memory |\n|---|---|---|---|---|")
    for name, most in (("the one that decodes", here), ("worker", done)):
        print(f"| {name} | " + " | ".join(f"{most.get(kind, 0):,.0f}" for kind in KINDS) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where pictures are kept for a next call; by default, nowhere")
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--network", default="small", help="small, or one of `nas network`")
    parser.add_argument("--width", type=float, default=0.35, help="of the network")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seconds", type=float, help="the longest training; by default, one epoch")
    parser.add_argument("--executor", default="process", choices=list(executor))
    parser.add_argument("--in-memory", action="store_true")
    given = parser.parse_args()
    print(f"{local_device('local-cpu-1t').fingerprint}; executor {given.executor}, {given.pictures:,} pictures")
    if given.folder:
        run(given, given.folder)
    else:
        with TemporaryDirectory() as folder:
            run(given, Path(folder))


if __name__ == "__main__":
    main()
