"""`python -m latency_db.devices.converters NAME`: converts for each input line `MODEL<tab>TARGET`.

A line answers each conversion. The converter's own output goes to the error stream; a model that it refuses ends the
process.
"""

import importlib
import os
import sys
from pathlib import Path


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    convert = importlib.import_module(f"latency_db.devices.converters.{sys.argv[1]}").convert
    for line in sys.stdin:
        model, target = line.rstrip("\n").split("\t")
        Path(target).write_bytes(convert(Path(model).read_bytes()))
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
