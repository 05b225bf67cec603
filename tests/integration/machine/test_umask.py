"""Rights of new files: what the umask leaves, never more, and enough for a group that shares the folder."""

import json
import os
import stat
import subprocess
import sys

import pytest

PRIVATE = ("nas.db", "nas.db-journal", "latency.db", "latency.db-journal", "secret")

WRITE = """
import json, os, sys, threading
from pathlib import Path

seen = {}
kept = os.fsync
def look(handle):  # the rights while a file is being written
    path = os.readlink(f"/proc/self/fd/{handle}")
    if os.path.isfile(path):
        seen[path] = os.fstat(handle).st_mode & 0o777
    kept(handle)
os.fsync = look

from api.http.signing import load_secret
from latency_db.storing.store import Store
from nas.files import write_whole
from nas.jobs.ledger import Ledger
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings

settings = Settings(home=Path(sys.argv[1]))
ledger = Ledger(settings.database_url)
ledger.migrate()
ledger.keys.create("someone", ["read"])
Store(settings.home / "latency.db")
load_secret(settings.home / "secret")
ArtifactStore(settings.artifacts, ledger.artifacts).add(sys.argv[2].encode())
write_whole(settings.home / "file", sys.argv[2])
print(json.dumps(sorted(set(seen.values()))))
"""


def made(home, umask, content="model", user=()):
    """Rights of the files in home, by name, after a process has written all kinds of them with this umask."""
    done = subprocess.run(
        [*user, sys.executable, "-c", WRITE, "/var/tmp" if user else home, content],  # noqa: S108 - mounted there
        check=True,
        capture_output=True,
        text=True,
        umask=umask,
        env={**os.environ, "NAS_SECRETS_DIR": ""},
    )
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*") if path.is_file()}
    return done.stdout, {"artifact" if len(name) == 64 else name: mode for name, mode in found.items()}


def test_files_have_the_rights_that_the_umask_leaves(tmp_path):
    tmp_path.chmod(0o755)

    while_written, rights = made(tmp_path, 0o027)

    assert rights == {**dict.fromkeys(PRIVATE, 0o600), "artifact": 0o440, "file": 0o640}
    assert json.loads(while_written) == sorted([0o600, 0o440, 0o640])


def test_a_group_shares_a_home(tmp_path):
    """Two users with one group write, add to and read the same home."""
    if os.getuid() != 0:
        pytest.skip("needs two users: run as root")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 30001, 30000)
    home.chmod(0o2770)
    there = ("unshare", "--mount", "/bin/sh", "-c", 'mount --bind "$0" /var/tmp && exec "$@"', home)

    for uid in (30001, 30002):
        # The interpreter may lie where other users may not read.
        read = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
        user = (*there, "setpriv", f"--reuid={uid}", "--regid=30000", "--clear-groups", *read)
        _, rights = made(home, 0o002, content=str(uid), user=user)

    assert rights == {**dict.fromkeys(PRIVATE, 0o660), "artifact": 0o444, "file": 0o664}
