"""Averaged weights, Lookahead, and re-estimated batch norm."""

import torch
from torch import nn

from nas.training.averaging import Average, Lookahead, reestimate


def net():
    torch_generator = torch.Generator().manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 2, 3), nn.BatchNorm2d(2)
    )
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=torch_generator)
    return module


def batches():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(8, 1, 8, 8, generator=generator) for _ in range(3)]


def test_reestimation_changes_statistics_and_nothing_else():
    """Parameters, momentum and the global generator stay; every batch norm gets new statistics; the mode is eval."""
    module = net().train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    generator = torch.random.get_rng_state()

    reestimate(module, batches())

    changed = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    statistics = {"running_mean", "running_var", "num_batches_tracked"}
    assert changed == {f"{norm}.{name}" for norm in (1, 4) for name in statistics}
    assert [norm.momentum for norm in (module[1], module[4])] == [0.1, 0.1]
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert not any(part.training for part in module.modules())


def test_reestimated_statistics_are_the_mean_over_the_batches():
    module = net()
    outputs = [module[0](images) for images in batches()]

    reestimate(module, batches())

    torch.testing.assert_close(module[1].running_mean, torch.stack([y.mean((0, 2, 3)) for y in outputs]).mean(0))
    torch.testing.assert_close(module[1].running_var, torch.stack([y.var((0, 2, 3)) for y in outputs]).mean(0))


def test_reestimation_forgets_what_was_before():
    """Doing it twice is doing it once."""
    module = net()
    reestimate(module, batches())
    once = {key: value.clone() for key, value in module.state_dict().items()}

    reestimate(module, batches())

    assert all(torch.equal(value, once[key]) for key, value in module.state_dict().items())


def test_average_is_the_recurrence_with_a_lower_decay_at_first():
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    average, expected = Average(module, decay=0.5), 1.0

    for step, weight in enumerate((2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0), 1):
        nn.init.constant_(module.weight, weight)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight

    torch.testing.assert_close(average.module.weight, torch.tensor([[expected]]))
    assert module.weight.item() == 512.0


def test_lookahead_is_the_scalar_recurrence_of_its_paper():
    """Algorithm 1 with k = 3 and alpha = 0.5, around steps of 1 that never end."""
    module = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(module.weight, 2.0)
    lookahead, fast, slow = Lookahead(module, 3), 2.0, 2.0

    for step in range(1, 11):
        with torch.no_grad():
            module.weight += 1
        fast += 1
        lookahead.update(step)
        if step % 3 == 0:
            slow += (fast - slow) / 2
            fast = slow

        assert module.weight.item() == fast


def test_lookahead_leaves_frozen_weights_alone():
    module = net()
    module[0].weight.requires_grad_(requires_grad=False)
    lookahead, before = Lookahead(module, 2), module[0].weight.clone()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)

    lookahead.update(2)

    assert torch.equal(module[0].weight, before + 1)
