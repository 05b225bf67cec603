"""A strict container: all but one folder is read-only, the user has no entry in passwd and no HOME.

The folder's path has a space and letters that are not ASCII.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

UID = 54321
NETWORK = "1x28x28: conv_4_k3_s2 gap linear_10"
INSIDE = """
mount --bind "$1" /var/tmp && mount -o remount,bind,ro / || exit 77
cd /
home="/var/tmp/a häuschen"
read=-all,+dac_read_search  # the interpreter may lie where other users may not read
exec setpriv --reuid=54321 --regid=54321 --clear-groups --inh-caps=$read --ambient-caps=$read --bounding-set=$read \\
    env -i PATH="$PATH" NAS_HOME="$home" PYTHONDONTWRITEBYTECODE=1 "$2" -c "$3" "$home" "$4"
"""
USE = """
import json, os, sys
from pathlib import Path

home = Path(sys.argv[1])
for place in ("/tmp", os.getcwd(), sys.prefix):
    try:
        (Path(place) / "probe").touch()
    except OSError:
        continue
    sys.exit(f"{place} may be written")

from api.processes import doctor
from latency_db.devices.local import local_device
from latency_db.measuring.measure import Effort, measure
from latency_db.records.record import Kind, Signature
from latency_db.records.reference_models import EMPTY_KERNEL, fixed_models
from latency_db.storing.location import default_location
from latency_db.storing.store import Store
from nas.dataset import data_dir, load
from nas.evaluator import evaluator
from nas.machine.folders import find_temporary_folder
from nas.ops.notation import read_network
from nas.service.settings import read_settings
from workers.executing.ray_session import RaySession

find_temporary_folder()  # as the command line does
train = evaluator.make({"name": "train", "epochs": 1, "train_images": 64}, load("fashion_mnist_mini", seed=0), 0)
accuracy = train.evaluate(read_network(sys.argv[2]), lambda *_: None)["accuracy"]
models = {Signature("a copy", Kind.KERNEL): fixed_models()[EMPTY_KERNEL]}
records = measure(models, local_device("local-cpu-1t"), Effort(rounds=2, min_time_s=0, min_runs=1, warmup_s=0))
Store().add(records)
settings = read_settings()
settings.make_home()
session = RaySession(settings.temp_dir)
checks = (doctor.home, doctor.temporary_files, doctor.database, doctor.cores, doctor.ray)
states = [doctor.latencies().state, *(check(settings).state for check in checks)]
print("found", json.dumps([accuracy > 0, default_location(), str(data_dir()), str(settings.temp_dir), states]))
session.remove()
"""


def test_training_measuring_and_doctor_need_nothing_but_a_home_that_may_be_written(tmp_path):
    if os.getuid() != 0:
        pytest.skip("changing the user and the root folder needs root: run as root")
    home = tmp_path / "a häuschen"
    home.mkdir()
    for folder in (tmp_path, home):
        os.chown(folder, UID, UID)

    done = subprocess.run(
        ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", INSIDE, "sh", tmp_path, sys.executable, USE, NETWORK],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 77:
        pytest.skip("mounting needs root or user namespaces: `sysctl kernel.unprivileged_userns_clone=1`")

    assert done.returncode == 0, done.stderr
    trained, latencies, sets, temporary, states = json.loads(done.stdout.rpartition("found ")[2])
    assert trained
    assert [Path(place).relative_to("/var/tmp") for place in (latencies, sets, temporary)] == [  # noqa: S108 - mounted
        Path("a häuschen", name) for name in ("latency.db", "datasets", "tmp")
    ]
    assert "failed" not in states
    assert {path.name for path in home.iterdir()} == {"latency.db", "latency.db-journal", "tmp"}
