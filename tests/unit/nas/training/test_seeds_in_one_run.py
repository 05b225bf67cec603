"""Seeds of one network as one run, as benchmarks/gpu_packing.py trains them."""

import pytest
import torch
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from gpu_packing import NO_GPU, Seeds, main
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.training import Recipe
from nas.training.fit import fit


@pytest.mark.parametrize(("optimizer", "batch_size"), [("sgd", 64), ("muon", 256)])
def test_seeds_in_one_run_take_the_steps_of_separate_trainings(optimizer, batch_size):
    """Grouped, depthwise, dense convolutions, batch norms, a residual and a linear layer; eight steps, and two of Muon,
    whose orthogonal steps magnify differences of rounding from step to step.
    """
    network = read_network("1x8x8: conv_8_k3_s2 res(conv_8_k3_g8 conv_8_k1_g2 conv_8_linear) gap linear_4")
    recipe, data, seeds = Recipe(epochs=2, batch_size=batch_size, optimizer=optimizer), quadrants(), (3, 8)
    run = Seeds(network, data, recipe, seeds, "cpu")

    assert [run.train_epoch(number) for number in (1, 2)] == [512, 512]

    for module, seed in zip(run.modules, seeds, strict=True):
        apart = build(network, seed)
        start = {name: value.clone() for name, value in apart.named_parameters()}
        fit(apart, data, recipe, seed=seed, report=lambda *_: None)
        for (name, together), alone in zip(module.named_parameters(), apart.parameters(), strict=True):
            torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4, msg=name)
            assert not torch.allclose(together, start[name], atol=1e-3)


def test_it_refuses_plainly_without_a_gpu(monkeypatch):
    monkeypatch.setattr("sys.argv", ["gpu_packing.py"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(SystemExit, match=NO_GPU):
        main()
