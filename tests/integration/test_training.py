"""fit: it trains, scores by the averaged weights, resumes exactly, and reports failures with their reason."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself
from torch import nn

from nas.errors import CheckpointError, DivergedError
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.training import Recipe, checkpoint
from nas.training.fit import fit
from nas.training.score import evaluate

NETWORK = read_network("1x8x8: conv_8_k3_s2 res(conv_8_k3_g8 conv_8_linear) gap drop_0.2 linear_4")
RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.05, flip=False, shift=0.125)


def quiet(epoch, metrics):
    pass


class Killed(Exception):  # noqa: N818 - what happens to a process
    pass


def killed_after(epoch):
    def report(number, _):
        if number == epoch:
            raise Killed

    return report


def keep_in(reports):
    """A report that keeps all but the seconds."""

    def report(epoch, metrics):
        reports[epoch] = {name: value for name, value in metrics.items() if name != "seconds"}

    return report


def state(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


def assert_equal_states(a, b):
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop", "muon"])
def test_a_network_learns(optimizer):
    """Twice as often right as by chance after eight epochs over 256 images."""
    rates = {"sgd": 0.1, "adamw": 0.02, "rmsprop": 0.02, "muon": 0.1}
    recipe = replace(RECIPE, epochs=8, optimizer=optimizer, learning_rate=rates[optimizer])
    reports = []

    fitted = fit(
        build(NETWORK, 0), quadrants(), recipe, seed=0, report=lambda epoch, found: reports.append((epoch, found))
    )

    assert fitted.accuracy > 0.5
    assert (fitted.epochs, fitted.stopped) == (8, "epochs")
    assert [epoch for epoch, _ in reports] == list(range(1, 9))
    assert reports[-1][1].keys() == {"accuracy", "loss", "train_loss", "seconds"}
    assert reports[-1][1]["accuracy"] == fitted.accuracy
    assert reports[-1][1]["train_loss"] < reports[0][1]["train_loss"]


PARTS = {"flip": True, "alternating_flip": True, "lookahead": 3, "norm_bias_rate": 16, "first_resolution": 0.5}


@pytest.mark.parametrize(
    "parts",
    [
        *({"optimizer": name, "ema_decay": decay} for name in ("sgd", "adamw", "rmsprop") for decay in (0.9, None)),
        {"optimizer": "muon", **PARTS},
    ],
)
def test_a_resumed_training_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, parts):
    """Bit for bit, dropout and augmentation included; the epoch it was killed after is reported again."""
    recipe, data = replace(RECIPE, learning_rate=0.01, **parts), quadrants()
    whole, first, second = (build(NETWORK, 3) for _ in range(3))
    undisturbed, after = {}, {}
    fit(whole, data, recipe, seed=5, report=keep_in(undisturbed))
    with pytest.raises(Killed):
        fit(first, data, recipe, seed=5, report=killed_after(2), checkpoint_path=tmp_path / "a.pt")
    torch.rand(7)  # the global generator is elsewhere by then

    fit(second, data, recipe, seed=5, report=keep_in(after), checkpoint_path=tmp_path / "a.pt")

    assert_equal_states(state(second), state(whole))
    assert after == {epoch: undisturbed[epoch] for epoch in (2, 3, 4)}


def sides_seen(network, **options):
    """The sides of the images that the network sees while it trains."""
    module, sides = build(read_network(network), 0), set()
    module.register_forward_hook(lambda part, inputs, _: sides.add(inputs[0].shape[-1]) if part.training else None)
    fit(module, quadrants(), replace(RECIPE, batch_size=256, **options), seed=0, report=quiet)
    return sides


def test_images_grow_where_the_network_takes_smaller_ones():
    """A linear layer over whole maps does not; such a network is trained at the full side."""
    pooled, whole = "1x8x8: conv_8_k3 gap linear_4", "1x8x8: conv_8_k3 linear_4"

    assert sides_seen(pooled, epochs=3, first_resolution=0.5) == {4, 6, 8}
    assert sides_seen(whole, epochs=3, first_resolution=0.5) == {8}


def test_a_finished_training_is_not_trained_again(tmp_path):
    path, data = tmp_path / "a.pt", quadrants()
    done = build(NETWORK, 0)
    expected = fit(done, data, RECIPE, seed=0, report=quiet, checkpoint_path=path)
    written, again, reports = path.stat().st_mtime_ns, build(NETWORK, 9), []

    found = fit(again, data, RECIPE, seed=0, report=lambda epoch, _: reports.append(epoch), checkpoint_path=path)

    assert found == expected
    assert reports == [4]
    assert path.stat().st_mtime_ns == written
    assert_equal_states(state(again), state(done))


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    """Another network of the same parameter shapes, another recipe, other images, another seed."""
    path, data = tmp_path / "a.pt", quadrants()
    fit(build(NETWORK, 0), data, replace(RECIPE, epochs=1), seed=0, report=quiet, checkpoint_path=path)
    other = read_network("1x8x8: conv_8_k3_s2 res(conv_8_k3_g8_relu6 conv_8_linear) gap drop_0.2 linear_4")

    for network, images, recipe, seed, name in (
        (other, data, replace(RECIPE, epochs=1), 0, "network"),
        (NETWORK, data, replace(RECIPE, epochs=2), 0, "epochs"),
        (NETWORK, quadrants(noise=61), replace(RECIPE, epochs=1), 0, "data"),
        (NETWORK, data, replace(RECIPE, epochs=1), 1, "seed"),
    ):
        with pytest.raises(CheckpointError, match=rf"its {name} is"):
            fit(build(network, 0), images, recipe, seed=seed, report=quiet, checkpoint_path=path)


def test_global_generators_are_left_alone_and_do_not_matter():
    data, weights = quadrants(), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global state is what this is about
        before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - as above
        module = build(NETWORK, 0)
        fit(module, data, RECIPE, seed=0, report=quiet)
        weights.append(state(module))

        assert torch.equal(torch.random.get_rng_state(), before[0])
        assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002 - as above
    assert_equal_states(*weights)


def test_seeds_differ():
    a, b = (build(NETWORK, 0) for _ in range(2))

    for seed, module in enumerate((a, b)):
        fit(module, quadrants(), RECIPE, seed=seed, report=quiet)

    assert not torch.equal(next(a.parameters()), next(b.parameters()))


def test_the_module_has_the_weights_that_were_scored_last():
    """So that what is exported is what was reported; with a schedule that does not anneal these are the averages."""
    data = quadrants()
    for schedule in ("cosine", "mnasnet"):
        module = build(NETWORK, 0)

        fitted = fit(module, data, replace(RECIPE, schedule=schedule), seed=0, report=quiet, score_on="test")

        score = evaluate(module, data.test, data.mean, data.std)
        assert (score.accuracy, score.loss) == (fitted.accuracy, fitted.loss)
        assert not module.training


def test_scores_before_the_end_are_of_the_average_and_the_last_is_of_the_weights():
    """With decay 0.999999 the average hardly leaves its start once it is slow, so its loss tells which was scored."""
    data, losses = quadrants(), {}
    for decay in (0.999999, None):
        found = losses.setdefault(decay, [])
        recipe = replace(RECIPE, ema_decay=decay)
        fit(
            build(NETWORK, 0),
            data,
            recipe,
            seed=0,
            report=lambda _, metrics, found=found: found.append(metrics["loss"]),
        )

    averaged, plain = losses.values()
    assert [a == b for a, b in zip(averaged, plain, strict=True)] == [False, False, False, True]


def test_without_annealing_the_average_is_the_result():
    data, losses = quadrants(), []
    for decay in (0.9, None):
        recipe = replace(RECIPE, schedule="mnasnet", ema_decay=decay)
        losses.append(fit(build(NETWORK, 0), data, recipe, seed=0, report=quiet).loss)

    assert losses[0] != losses[1]


def test_the_score_does_not_depend_on_the_momentum_of_batch_norm():
    """Statistics are re-estimated, so a network's own momentum has no say."""
    losses = []
    for momentum in (0.1, 0.001):
        module = build(NETWORK, 0)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = momentum
        losses.append(fit(module, quadrants(), RECIPE, seed=0, report=quiet).loss)

    assert losses[0] == losses[1]


def test_a_time_budget_ends_the_training_between_two_steps():
    """A clock that gains a second at each look: 16 steps an epoch, so 20 s end in the second of a hundred epochs."""
    ticks = iter(range(10_000))
    recipe = replace(RECIPE, epochs=100, time_budget_s=20.0)

    fitted = fit(build(NETWORK, 0), quadrants(), recipe, seed=0, report=quiet, clock=lambda: float(next(ticks)))

    assert fitted.stopped == "time budget"
    assert 1 < fitted.epochs < 2
    assert 20 <= fitted.seconds < 25


@pytest.mark.parametrize("ema_decay", [0.9, None])
def test_a_diverging_training_says_where(ema_decay):
    recipe = replace(RECIPE, learning_rate=1e30, warmup=0.0, ema_decay=ema_decay, schedule="cosine")

    with pytest.raises(DivergedError, match=r"the loss became (nan|inf) in epoch 1, step \d+; lower learning_rate"):
        fit(build(NETWORK, 0), quadrants(), recipe, seed=0, report=quiet)


def test_each_step_takes_the_rate_of_its_middle(tmp_path):
    """One step an epoch: the optimizer in each checkpoint still has the rate of that step."""
    path, rates = tmp_path / "a.pt", []
    recipe = replace(RECIPE, batch_size=256, warmup=0.25, learning_rate=0.1)

    def report(*_):
        saved = torch.load(io.BytesIO(path.read_bytes()[checkpoint.DIGEST_BYTES :]), weights_only=True)
        rates.append(saved["state"]["optimizer"]["param_groups"][0]["lr"])

    fit(build(NETWORK, 0), quadrants(), recipe, seed=0, report=report, checkpoint_path=path)

    assert rates == pytest.approx([0.05, 0.1 * 5 / 6, 0.05, 0.1 / 6])


def test_clipping_keeps_a_step_short():
    """One step of plain SGD at rate 1 moves all weights together by no more than clip_norm."""
    module = build(NETWORK, 0)
    before = torch.cat([p.detach().flatten().clone() for p in module.parameters()])
    recipe = Recipe(
        epochs=1, batch_size=256, momentum=0.0, weight_decay=0.0, learning_rate=1.0, warmup=0.0, clip_norm=0.01
    )

    fit(module, quadrants(), recipe, seed=0, report=quiet)

    moved = torch.cat([p.detach().flatten() for p in module.parameters()]) - before
    assert 0 < moved.norm().item() <= 0.01


def test_bfloat16_trains_32_bit_weights():
    module = build(NETWORK, 0)

    fitted = fit(
        module, quadrants(), replace(RECIPE, precision="bf16", epochs=8, learning_rate=0.1), seed=0, report=quiet
    )

    assert fitted.accuracy > 0.5
    assert {p.dtype for p in module.parameters()} == {torch.float32}


def test_images_are_resized_to_the_networks_resolution():
    network = read_network("1x12x12: conv_4_k3_s2 conv_4_k6_p0_bias linear_4")

    fitted = fit(build(network, 0), quadrants(), replace(RECIPE, epochs=1), seed=0, report=quiet, resolution=12)

    assert 0 <= fitted.accuracy <= 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_learns_and_resumes(tmp_path, precision):
    """Not bit for bit there: cuDNN is free to choose its kernels."""
    recipe, path = replace(RECIPE, epochs=8, learning_rate=0.1, precision=precision), tmp_path / "a.pt"
    with pytest.raises(Killed):
        fit(build(NETWORK, 0), quadrants(), recipe, seed=0, report=killed_after(3), device="cuda", checkpoint_path=path)

    fitted = fit(build(NETWORK, 0), quadrants(), recipe, seed=0, report=quiet, device="cuda", checkpoint_path=path)

    assert fitted.accuracy > 0.5
