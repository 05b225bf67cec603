"""The folder of a Ray: whose it is, and where it is."""

import os
import stat
import subprocess
import sys

import pytest

from workers.executing.executor import ExecutorLostError
from workers.executing.ray_session import MAX_SOCKET_PATH, SOCKETS, RaySession

HOLD = """
import sys
from pathlib import Path
from workers.executing.ray_session import RaySession
print(RaySession(Path(sys.argv[1])).folder, flush=True)
sys.stdin.read()
"""


def other_process(temp_dir):
    """A process that has a session in temp_dir, as one of another container that shares the folder."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, temp_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_session_is_removed_when_its_process_is_gone_and_never_before(tmp_path):
    (tmp_path / "nas-ray-7").mkdir()  # of an earlier version, perhaps in another container
    (tmp_path / "nas-ray-7" / "log").touch()
    with other_process(tmp_path) as other:
        other.stdout.readline()
        (theirs,) = (folder for folder in tmp_path.iterdir() if folder.name != "nas-ray-7")

        mine = RaySession(tmp_path)
        assert theirs.is_dir(), "its process lives"
        mine.remove()
        other.kill()

    RaySession(tmp_path).remove()

    assert [folder.name for folder in tmp_path.iterdir()] == ["nas-ray-7"]


def test_nobody_else_may_enter(tmp_path):
    session = RaySession(tmp_path)
    (outer,) = tmp_path.iterdir()

    assert stat.S_IMODE(outer.stat().st_mode) == 0o700
    session.remove()


@pytest.mark.parametrize("name", ["x", "x" * 60, "with a space", "été"])
def test_the_path_suits_sockets_and_command_lines(tmp_path, name):
    (tmp_path / name).mkdir()
    session = RaySession(tmp_path / name)
    (outer,) = (tmp_path / name).iterdir()
    session.folder.mkdir()

    assert len(os.fsencode(session.folder)) + len(SOCKETS) <= MAX_SOCKET_PATH
    assert str(session.folder).isascii()
    assert " " not in str(session.folder)
    assert (outer / session.folder.name).is_dir()
    session.remove()
    assert not session.folder.parent.is_symlink()
    assert not list((tmp_path / name).iterdir())


def test_a_folder_that_cannot_be_written_is_named_with_its_setting(tmp_path):
    with pytest.raises(ExecutorLostError, match=r"/absent: No such file or directory; .*NAS_TEMP_DIR"):
        RaySession(tmp_path / "absent")
