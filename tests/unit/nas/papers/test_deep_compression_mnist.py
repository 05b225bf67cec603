"""The reproduction of Deep Compression on MNIST, in small: another network, other images, one epoch."""

import pytest
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from nas.container.file import read
from nas.paper import Setting, paper
from nas.papers import deep_compression_mnist as module


def test_the_numbers_are_those_of_the_files(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "load", lambda _name, _seed: quadrants())
    for fields in (module.SPARSE, module.SHARED):
        monkeypatch.setitem(fields, "batch_size", 32)
    teacher = module.Teacher("1x8x8: conv_4_k3 gap linear_4", 1, 0.05, 0.5)
    small = module.Case(
        "1x8x8: linear_16_relu linear_4", (0.2, 0.5), (2, 2), 1.58, 40, 1000, 90, (1, 1, 1), 0.05, teacher
    )
    monkeypatch.setattr(module, "CASES", (small,))
    lines: list[str] = []

    setting = Setting((0, 1), "cpu", tmp_path, lines.append)
    before, after, ratio, size = paper.make("deep-compression-mnist").reproduce(setting).findings

    files = [tmp_path / small.network / str(seed) / "model.naz" for seed in (0, 1)]
    assert list(size.ours) == [file.stat().st_size for file in files]
    assert [density(file) for file in files] == [pytest.approx([0.2, 0.5], abs=0.02)] * 2
    assert (ratio.paper, ratio.is_met) == (40, False)
    assert after.is_met == (after.mean <= min(before.mean, 90))
    assert any("rate, epoch 1" in line for line in lines)
    assert [(tmp_path / small.network / str(seed) / "state" / "teacher").is_file() for seed in (0, 1)] == [True] * 2


def density(file):
    return [weight.density for weight, _ in read(file.read_bytes()).tensors.values()]
