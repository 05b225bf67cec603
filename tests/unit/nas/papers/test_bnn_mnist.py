"""The training of binary networks and their twins, on a small set."""

from quadrants import one_thread, quadrants  # noqa: F401 - a fixture that is used by itself

from nas.compressing.plan import plan
from nas.compression.bench import Bench
from nas.container.file import read
from nas.ops.notation import read_network
from nas.papers.bnn_mnist import train

RECIPE = {"epochs": 2, "batch_size": 16, "learning_rate": 0.02}


def test_scores_on_bits_are_those_of_the_training_graph_and_a_second_call_trains_nothing(tmp_path):
    images = plan("bnn").normalised(quadrants())
    network = read_network("1x8x8: drop_0.2 linear_80 bn_sign linear_40 bn_sign linear_4 bn")
    reports = []

    def note(epoch, _):
        reports.append(epoch)

    first = train(network, Bench(images, 0, note), tmp_path, RECIPE, RECIPE)
    assert first.equal == len(images.test.labels)
    assert first.size_bytes == (tmp_path / "model.naz").stat().st_size
    assert read((tmp_path / "model.naz").read_bytes()).network == network
    assert max(first.error, first.twin_error) < 0.6
    assert reports == [1, 2, 1, 2]
    assert train(network, Bench(images, 0, note), tmp_path, RECIPE, RECIPE) == first
    assert reports == [1, 2, 1, 2, 2]  # the last epoch of the twin is reported again
