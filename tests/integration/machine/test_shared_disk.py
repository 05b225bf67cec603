"""SQLite on a file system that is not the machine's own: a real FUSE one, and the names of others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.processes import stored_checks
from nas.machine import mounts
from nas.machine.mounts import Mount, shared_disk_warning
from nas.service.settings import Settings

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")

ON_FUSE = """
import ctypes, json, os, sys
from pathlib import Path

folder = Path(sys.argv[1])
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", os.fsencode(folder), b"fuse.sshfs", 0, options):
    sys.exit(77)
os.close(device)  # nobody answers for it

from api.processes import stored_checks
from nas.machine.mounts import shared_disk_warning
from nas.service.settings import Settings

(folder.parent / "link").symlink_to(folder)
os.environ["NAS_LATENCY_DB"] = f"{folder}/latency.db"
settings = Settings(home=folder, database_url=f"sqlite:///{folder}/nas.db")
found = [stored_checks.database(settings), stored_checks.latencies(), stored_checks.secret(settings)]
print(json.dumps([[(check.name, check.state) for check in found], shared_disk_warning(folder.parent / "link/nas.db")]))
"""


def test_a_mounted_server_that_is_gone_is_a_failure_and_known_for_what_it_is(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    done = subprocess.run(
        [*OWN_MOUNTS, sys.executable, "-c", ON_FUSE, folder], check=False, capture_output=True, text=True
    )
    if done.returncode == 77 or "unshare:" in done.stderr or "/dev/fuse" in done.stderr:
        pytest.skip("mounting FUSE needs root or user namespaces: `sysctl kernel.unprivileged_userns_clone=1`")

    assert done.returncode == 0, done.stderr
    found, warning = json.loads(done.stdout)
    assert f"{tmp_path}/link/nas.db lies on fuse.sshfs," in warning
    assert dict(found) == {"database": "failed", "latencies": "failed", "secret": "ok"}


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.gcsfuse", "fuseblk", "9p", "ceph", "virtiofs"])
def test_doctor_warns_of_shared_disks(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(mounts, "mounts", lambda _: [Mount(Path("/"), Path("/"), kind, frozenset())])

    found = stored_checks.database(Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path}/nas.db"))
    assert (found.state, f"{tmp_path}/nas.db lies on {kind}," in found.detail) == ("warning", True)
    assert "PostgreSQL" in found.remedy


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "apfs", "f2fs"])
def test_local_disks_are_no_fault(monkeypatch, kind):
    monkeypatch.setattr(mounts, "mounts", lambda _: [Mount(Path("/"), Path("/"), kind, frozenset())])

    assert shared_disk_warning(Path("/srv/nas.db")) is None
    assert shared_disk_warning(None) is None
