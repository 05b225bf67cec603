"""The reproduction of SqueezeNet's size, in small: another network, other images, one epoch."""

from dataclasses import replace

import pytest
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from nas.compressing import from_training
from nas.compressing.source import network_for
from nas.container.file import read
from nas.paper import Setting, paper
from nas.papers import squeezenet_eurosat as module

SMALL = "1x8x8: linear_64_relu linear_4"


def test_the_numbers_are_those_of_the_files(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "load", lambda _name, _seed: quadrants())
    monkeypatch.setattr(from_training, "network_for", lambda _name, images: network_for(SMALL, images))
    monkeypatch.setattr(module, "DENSE", replace(module.DENSE, epochs=2, batch_size=32))
    short = [dict(stage) | ({"epochs": 1, "batch_size": 32} if "epochs" in stage else {}) for stage in module.STAGES]
    monkeypatch.setattr(module, "STAGES", short)

    found = paper.make("squeezenet-eurosat").reproduce(Setting((0,), "cpu", tmp_path, lambda _line: None))
    params, before, after, ratio, size = found.findings

    file = tmp_path / "0" / "model.naz"
    assert params.is_met
    assert list(size.ours) == [file.stat().st_size]
    assert [weight.density for weight, _ in read(file.read_bytes()).tensors.values()] == [
        pytest.approx(0.33, abs=0.02)
    ] * 2
    assert after.is_met == (before.mean - after.mean <= module.LOSS)
    assert ratio.is_met == (ratio.mean >= module.GOAL)
