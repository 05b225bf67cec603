"""Files stay whole when the disk does not: a limit on the size of files stands for a disk that is full."""

import resource
import subprocess
import sys

import pytest
from processes import PATIENCE_S

from nas.files import write_whole
from nas.search.journal import FileJournal


def limited(code, folder):
    """Run code in a process whose files may not pass 1,000 bytes; folder is its first argument."""
    return subprocess.run(
        [sys.executable, "-c", code, folder],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_journal_on_a_full_disk_keeps_what_it_has(tmp_path):
    code = """
import sys, pathlib
from nas.search.journal import FileJournal
journal = FileJournal(pathlib.Path(sys.argv[1]) / "j")
journal.add({"event": "asked", "fits": "x" * 800})
try:
    journal.add({"event": "asked", "does not fit": "x" * 800})
except OSError as error:
    print(error.filename)
"""
    done = limited(code, tmp_path)

    assert done.stdout == f"{tmp_path / 'j'}\n"
    assert (tmp_path / "j").read_text().endswith('"}\n'), "no half line is left"
    assert FileJournal(tmp_path / "j").events() == [{"event": "asked", "fits": "x" * 800}]


def test_a_file_on_a_full_disk_stays_as_it_was(tmp_path):
    write_whole(tmp_path / "file", "before")
    code = """
import sys, pathlib
from nas.files import write_whole
write_whole(pathlib.Path(sys.argv[1]) / "file", "x" * 5000)
"""

    done = limited(code, tmp_path)

    assert f"OSError: [Errno 27] File too large: '{tmp_path / 'file'}'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "before"


@pytest.mark.parametrize("data", [b"\x00\xff", "text", ""])
def test_what_is_written_is_read(tmp_path, data):
    write_whole(tmp_path / "new" / "file", data)

    assert (tmp_path / "new" / "file").read_bytes() == (data.encode() if isinstance(data, str) else data)
