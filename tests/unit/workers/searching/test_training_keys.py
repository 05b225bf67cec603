"""What identifies a training."""

from nas.dataset import dataset
from nas.evaluator import evaluator
from nas.spec import parse_spec
from workers.searching.recording.training_keys import TrainingKeys

SPEC = {"dataset": "fashion_mnist_mini", "max_trials": 2, "evaluator": {"name": "train", "epochs": 3}}


def test_a_finalist_that_trains_as_a_trial_does_has_a_key_of_its_own():
    """A trial's result has no file, and a finalist's no score."""
    images = dataset.make("fashion_mnist_mini").load(0)
    train = evaluator.make(SPEC["evaluator"], images, 0)
    alike = TrainingKeys(parse_spec(SPEC | {"finalists": {"count": 1, "epochs": 3}}), train, images)
    longer = TrainingKeys(parse_spec(SPEC | {"finalists": {"count": 1, "epochs": 4}}), train, images)

    keys = {alike.trial("a"), alike.finalist("a"), longer.finalist("a"), longer.trial("b")}

    assert len(keys) == 4
    assert longer.trial("a") == alike.trial("a")


def test_a_finalists_key_tells_how_finalists_train_and_not_how_trials_do():
    images = dataset.make("fashion_mnist_mini").load(0)

    def key(recipe, **trials):
        spec = parse_spec(SPEC | {"evaluator": SPEC["evaluator"] | trials, "finalists": {"recipe": recipe}})
        return TrainingKeys(spec, evaluator.make(spec.evaluator, images, 0), images).finalist("a")

    assert key({}) == key({"optimizer": "adamw"}) == key({}, learning_rate=0.5)
    assert key({}) != key({"learning_rate": 0.5})
