"""A checkpoint is whole, of this training, or refused with the remedy."""

import resource

import pytest
import torch

from nas.errors import CheckpointError
from nas.training.checkpoint import load, save

IDENTITY = {"network": "a", "epochs": 2, "ema_decay": None}
STATE = {"epoch": 1, "weights": torch.arange(1000.0), "average": None}


@pytest.fixture
def path(tmp_path):
    save(tmp_path / "deep" / "state.pt", IDENTITY, STATE)
    return tmp_path / "deep" / "state.pt"


def test_what_was_saved_is_loaded(path):
    loaded = load(path, IDENTITY, "cpu")

    assert torch.equal(loaded.pop("weights"), STATE["weights"])
    assert loaded == {"epoch": 1, "average": None}


def test_no_file_is_no_state(tmp_path):
    assert load(tmp_path / "state.pt", IDENTITY, "cpu") is None


@pytest.mark.parametrize(("name", "value"), [("network", "b"), ("epochs", 3), ("ema_decay", 0.9)])
def test_a_checkpoint_of_another_training_is_refused_by_the_name_that_differs(path, name, value):
    with pytest.raises(CheckpointError, match=rf"its {name} is .*, not .*delete the file"):
        load(path, {**IDENTITY, name: value}, "cpu")


def test_a_checkpoint_with_a_part_that_this_training_lacks_is_refused(tmp_path):
    save(tmp_path / "state.pt", {**IDENTITY, "lookahead": 5}, STATE)

    with pytest.raises(CheckpointError, match="its lookahead is 5, not None"):
        load(tmp_path / "state.pt", IDENTITY, "cpu")


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped"])
def test_a_damaged_checkpoint_is_refused_with_the_remedy(path, damage):
    """Down to one flipped bit amid the weights."""
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes({"truncated": content[:-100], "empty": b"", "flipped": content}[damage])

    with pytest.raises(CheckpointError, match="is damaged; delete it"):
        load(path, IDENTITY, "cpu")


def test_a_failed_write_says_so_and_leaves_the_old_checkpoint(path):
    """The system refuses bytes past a limit on file sizes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(CheckpointError, match=r"could not be written .*free some space"):
            save(path, IDENTITY, {**STATE, "weights": torch.zeros(1 << 16)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert torch.equal(load(path, IDENTITY, "cpu")["weights"], STATE["weights"])
    assert list(path.parent.iterdir()) == [path]
