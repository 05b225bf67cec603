"""A /tmp that is full, on a real disk of a few MB, while another folder has room."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")

FILL = """
import errno, json, os, subprocess, sys
from pathlib import Path

home, clone = Path("/var/tmp"), Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/tmp"], check=True)
if not clone.is_dir():
    clone.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/mnt", str(clone)], check=True)
os.environ |= {"NAS_HOME": str(home), "NAS_TEMP_DIR": str(home / "given")}
os.environ.pop("TMPDIR", None)
from api.processes.doctor import temporary_files
from nas.machine.folders import find_temporary_folder, temporary_folder
from nas.service.settings import Settings, read_settings
small = temporary_files(Settings(home=home, temp_dir="/tmp"))
try:
    with open("/tmp/filling", "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
except OSError as error:
    assert error.errno == errno.ENOSPC
full = temporary_files(Settings(home=home, temp_dir="/tmp"))
roomy = temporary_files(read_settings())
find_temporary_folder()
found = str(temporary_folder())
read_settings().make_home()
from tempfile import gettempdir
states = [small.state, full.state, roomy.state]
print(json.dumps([states, [full.detail, full.remedy, roomy.detail], found, gettempdir()]))
"""


def test_temporary_files_go_where_there_is_room(tmp_path):
    if subprocess.run([*OWN_MOUNTS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting needs root or user namespaces: `sysctl kernel.unprivileged_userns_clone=1`")
    home = tmp_path / "home"
    home.mkdir()
    # The disk that hides /tmp must hide neither the home nor a clone that lies there.
    kept = f'mkdir -p /var/tmp && mount --bind "{home}" /var/tmp && mount --bind "{ROOT}" /mnt'
    done = subprocess.run(
        [*OWN_MOUNTS, "/bin/sh", "-c", f'{kept} && exec "$0" -c "$1" "$2"', sys.executable, FILL, str(ROOT)],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    states, (why, remedy, given), found, used = json.loads(done.stdout)

    assert states[:2] == ["failed", "failed"]
    assert states[2] != "failed"
    assert "No space left on device" in why
    assert "NAS_TEMP_DIR" in remedy
    assert given.endswith(" free for /var/tmp/given")
    assert (found, used) == ("/var/tmp/tmp", "/var/tmp/given")  # noqa: S108 - mounted
