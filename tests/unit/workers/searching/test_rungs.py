"""A whole search whose trainings stop at the rungs of a pruner, and their checkpoints."""

import json

import pytest

from nas.spec import parse_spec
from workers.folder_run.run import run
from workers.tasks.train import Leg, Setup, evaluate_until

NOTATION = "1x8x8: conv_4_k3_s2 gap linear_2"


@pytest.fixture
def pruned(spec):
    return {
        **spec,
        "evaluator": {"name": "train", "epochs": 4, "batch_size": 16},
        "pruner": {"name": "asha", "reduction": 2},
    }


def searched(spec, out, listener):
    return run(parse_spec(spec), out, listener, executor_name="inline")


def trials_of(record):
    """Without the time that trainings took."""
    told = json.loads(json.dumps(record["trials"]))
    for trial in told:
        trial["metrics"].pop("train_seconds")
    return told


def test_the_best_goes_on_from_its_checkpoint_in_another_process(tmp_path, pruned, listener):
    heard = listener()

    record = run(parse_spec(pruned), tmp_path, heard, executor_name="process")

    states = [trial["state"] for trial in record["trials"]]
    assert len(states) == 4
    assert 1 <= states.count("succeeded") <= 2
    assert states.count("pruned") == 4 - states.count("succeeded")
    for trial in record["trials"]:
        epochs = [epoch for what, epoch, of in heard.epochs if what == f"trial {trial['number']}" and of == 4]
        assert epochs == list(range(1, int(trial["metrics"]["epochs"]) + 1)), "no epoch is trained twice"
    assert not list((tmp_path / "checkpoints").glob("trial-*"))
    assert not [line for line in heard.lines if "checkpoint" in line]


def test_killed_at_a_rung_and_robbed_of_a_checkpoint_it_ends_as_if_it_had_not_been(tmp_path, pruned, listener):
    calm = searched(pruned, tmp_path / "calm", listener())
    with pytest.raises(KeyboardInterrupt):
        searched(pruned, tmp_path / "out", listener(stop_at=("trial 1", 2)))
    (tmp_path / "out" / "checkpoints" / "trial-1.pt").unlink()
    heard = listener()

    assert trials_of(searched(pruned, tmp_path / "out", heard)) == trials_of(calm)
    lines = [(tmp_path / name / "journal.jsonl").read_text().splitlines() for name in ("calm", "out")]
    assert [_line(line) for line in lines[0]] == [_line(line) for line in lines[1]]
    (told,) = [line for line in heard.lines if "checkpoint" in line]
    assert told.startswith("trial 1: its checkpoint was lost (")


@pytest.mark.parametrize("checkpoint", [b"", b"x" * 100])
def test_a_damaged_checkpoint_is_trained_again_from_the_start(checkpoint, plugins):  # noqa: ARG001 - it is in effect
    setup = Setup.of({"name": "halves"}, {"name": "train", "epochs": 4, "batch_size": 16}, seed=0, threads=1)
    heard = []

    stopped = evaluate_until(setup, None, NOTATION, Leg(2, checkpoint), report=lambda epoch, _: heard.append(epoch))

    assert heard == [1, 2]
    assert stopped.metrics["epochs"] == 2
    assert (stopped.lost is not None) is bool(checkpoint)
    goes_on = evaluate_until(
        setup, None, NOTATION, Leg(3, stopped.checkpoint), report=lambda epoch, _: heard.append(epoch)
    )
    assert heard == [1, 2, 3]
    assert goes_on.lost is None


def _line(text):
    line = json.loads(text)
    line["metrics"] = {key: value for key, value in line.get("metrics", {}).items() if key != "train_seconds"}
    return line
