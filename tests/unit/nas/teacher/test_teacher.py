"""Teachers: what their files say, how their images are prepared, and the soft labels that they give."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from quadrants import quadrants
from teachers import teacher
from torch.nn.functional import cross_entropy

from nas.dataset import Dataset, Split
from nas.errors import CheckpointError, SpecError
from nas.image_set.soft_labels import SoftLabels
from nas.images.preprocessing import Preprocessing, metadata
from nas.ops.notation import read_network
from nas.ops.torch_reading.module import build
from nas.teacher.check import check_teacher
from nas.teacher.header import header_of
from nas.teacher.preparation import prepared
from nas.teacher.request import TeacherRequest
from nas.teacher.scoring import Teacher
from nas.training import Recipe
from nas.training.batches import Batch, SoftTargets
from nas.training.criterion import Criterion
from nas.training.fit import fit

PLAIN = {"pixels": "0-1"}


def halves(channels=1, classes=("upper", "lower")):
    """64 images; those of the first class have a brighter upper half."""
    rng, labels = np.random.default_rng(0), np.arange(64) % 2
    bright = np.arange(8)[:, None, None] // 4 == labels[:, None, None, None]
    pixels = (rng.integers(0, 120, (64, 8, 8, channels)) + 100 * bright).astype(np.uint8)
    split = Split(pixels, labels)
    return Dataset("halves", classes, split, split, split, (0.5,) * channels, (0.25,) * channels)


def made(model, images, **fields):
    """The teacher with its outputs examined on the images."""
    how, notes = prepared(TeacherRequest(model="t.onnx", **fields), header_of(model), images, flip=False)
    examined = Teacher(model, how).examined(images.validation)
    return Teacher(model, examined.how), examined, notes


@pytest.mark.parametrize(
    ("options", "fields", "channels"),
    [
        ({}, PLAIN, 1),
        ({"shape": (1, 1, 8, 8)}, PLAIN, 1),
        ({"shape": (24, 1, 8, 8)}, PLAIN, 1),
        ({"shape": (None, 8, 8, 1)}, PLAIN, 1),
        ({"shape": (None, 3, 8, 8)}, PLAIN, 1),
        ({"shape": (None, 3, 8, 8)}, PLAIN, 3),
        ({"shape": (None, 8, 8, 3), "dtype": TensorProto.UINT8}, {}, 3),
        ({"dtype": TensorProto.FLOAT16}, PLAIN, 1),
        ({"softmax": True}, PLAIN, 1),
        ({"outputs": (1, 0)}, PLAIN | {"classes": ["lower", "upper"]}, 1),
        ({"outputs": (1, 0), "about": {"classes": ["lower", "upper"]}}, PLAIN, 1),
        ({"shape": (None, 1, None, None)}, PLAIN | {"resolution": 8}, 1),
    ],
)
def test_soft_labels_are_what_the_model_computes_of_each_image(options, fields, channels):
    """Whatever its layout, batch, type, and order of outputs: sharpness times the difference of the halves' means."""
    images = halves(channels)
    scale = 1.0 if options.get("dtype") == TensorProto.UINT8 else 1 / 255

    model, examined, _ = made(teacher(**options), images, **fields)

    plane = images.train.images[..., 0] * scale
    difference = plane[:, :4].mean((1, 2)) - plane[:, 4:].mean((1, 2))
    expected = torch.log_softmax(torch.from_numpy(8 * np.stack([difference, -difference], 1)), 1).numpy()
    assert model.log_probabilities(images.train.images) == pytest.approx(expected, abs=2e-3, rel=2e-3)
    assert examined.accuracy == 1.0
    assert examined.how.outputs == ("probabilities" if options.get("softmax") else "logits")


def test_mean_and_std_are_in_the_models_own_range_and_order():
    images = halves(3)
    shape = {"shape": (None, 3, 8, 8)}
    bytes_, _, _ = made(teacher(**shape), images, pixels="0-255", mean=[10, 20, 30], std=[51, 60, 70], channels="bgr")
    unit, _, _ = made(teacher(**shape), images, mean=[10 / 255, 0, 0], std=[0.2, 1, 1], channels="bgr")

    found = bytes_.log_probabilities(images.train.images)

    plane = (images.train.images[..., 2].astype(float) - 10) / 51
    difference = plane[:, :4].mean((1, 2)) - plane[:, 4:].mean((1, 2))
    assert found[:, 0] - found[:, 1] == pytest.approx(16 * difference, abs=0.05), "blue is the first channel"
    assert found == pytest.approx(unit.log_probabilities(images.train.images), abs=2e-2)


def test_a_file_of_nas_says_how_its_images_are_prepared():
    images = halves()
    network = read_network("1x16x16: conv_4_k3_s2 gap linear_2")
    about = metadata(network, images.classes, Preprocessing.of(images, network))

    how, notes = prepared(
        TeacherRequest(model="t.onnx"), header_of(teacher(shape=("batch", 1, 16, 16), about=about)), images, flip=True
    )

    assert (how.mean, how.std, how.resolution, how.flip) == ((0.5,), (0.25,), 16, True)
    assert not notes


def test_the_mirror_image_counts_as_much():
    images, model = quadrants(), teacher()
    how, _ = prepared(TeacherRequest(model="t.onnx", **PLAIN), header_of(model), halves(), flip=True)
    how = replace(how, outputs="logits")
    apart = Teacher(model, replace(how, flip=False))
    pixels = images.train.images[:40]

    both = np.exp([apart.log_probabilities(each).astype(float) for each in (pixels, pixels[:, :, ::-1])])

    assert np.exp(Teacher(model, how).log_probabilities(pixels)) == pytest.approx(both.mean(0), abs=2e-3)


@pytest.mark.parametrize(
    ("options", "fields", "said"),
    [
        ({}, {}, "teacher.mean: t.onnx does not say how its images are normalised"),
        ({"shape": (None, 1, None, None)}, PLAIN, "teacher.resolution: t.onnx takes images of any size"),
        ({"shape": (None, 1, 8, 9)}, PLAIN, "squares"),
        ({"shape": (None, 4, 8, 8)}, PLAIN, "1 or 3 channels"),
        ({}, PLAIN | {"resolution": 9}, "teacher.resolution: t.onnx takes images of 8 px"),
        ({}, PLAIN | {"channels": "bgr"}, "teacher.channels"),
        ({}, {"mean": [1, 2], "std": [1]}, "teacher.mean: 2 numbers for 1 channels"),
        ({}, PLAIN | {"classes": ["upper", "downer"]}, "teacher.classes.*lacks lower and has also downer"),
        ({}, PLAIN | {"classes": ["a", "b", "c"]}, "3 names for 2 outputs"),
        ({"about": {"classes": ["cat", "dog"]}}, PLAIN, "teacher.model.*lacks upper, lower.*give teacher.classes"),
        ({"dtype": TensorProto.UINT8}, {"mean": [0.5]}, "takes bytes"),
        ({"dtype": TensorProto.INT64}, PLAIN, "one tensor of floats or bytes"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(options, fields, said):
    with pytest.raises(SpecError, match=said):
        prepared(TeacherRequest(model="t.onnx", **fields), header_of(teacher(**options)), halves(), flip=False)


def test_a_model_for_other_classes_or_colours_is_refused():
    with pytest.raises(SpecError, match="has 2 outputs, and the data set 4 classes: a, b, c, d"):
        prepared(TeacherRequest(model="t.onnx", **PLAIN), header_of(teacher()), quadrants(), flip=False)
    with pytest.raises(SpecError, match="grey images"):
        prepared(TeacherRequest(model="t.onnx", **PLAIN), header_of(teacher()), halves(3), flip=False)


def test_an_assumed_order_of_classes_is_told():
    _, _, notes = made(teacher(), halves(), **PLAIN)

    assert "names no classes, so its outputs are taken to be in the data set's order: upper, lower" in notes[0]


@pytest.mark.parametrize(
    ("options", "hint"),
    [({"outputs": (1, 0)}, "in another order: give teacher.classes"), ({"sharpness": 0.0}, "check mean, std, pixels")],
)
def test_a_teacher_no_better_than_chance_is_refused_with_a_hint(options, hint):
    with pytest.raises(SpecError, match=f"no better than chance.*{hint}"):
        made(teacher(**options), halves(), **PLAIN)


def test_scores_that_are_no_probabilities_are_not_taken_for_some():
    with pytest.raises(SpecError, match=r"teacher\.outputs"):
        made(teacher(), halves(), **PLAIN, outputs="probabilities")


def test_files_that_may_do_more_than_compute_are_refused(tmp_path):
    path, request = tmp_path / "t.onnx", TeacherRequest(model="t.onnx")
    elsewhere = helper.make_tensor("w", TensorProto.FLOAT, [2], np.zeros(2, np.float32))
    elsewhere.data_location = TensorProto.EXTERNAL
    loop = helper.make_node("If", ["x"], ["y"], then_branch=helper.make_graph([], "a", [], []))
    port = helper.make_tensor_value_info("x", TensorProto.FLOAT, (None, 3, 8, 8))
    for node, constants, said in (
        (helper.make_node("Relu", ["x"], ["y"]), [elsewhere], "stored in another file; export it as one"),
        (loop, [], "contains a graph"),
        (helper.make_node("Evil", ["x"], ["y"], domain="com.evil"), [], "domain 'com.evil'"),
    ):
        path.write_bytes(helper.make_model(helper.make_graph([node], "g", [port], [], constants)).SerializeToString())
        with pytest.raises(SpecError, match=said):
            check_teacher(request, None, path)
    path.write_bytes(teacher()[:-9])
    with pytest.raises(SpecError, match=r"teacher\.model: t\.onnx: the file is truncated"):
        check_teacher(request, None, path)
    path.write_bytes(b"")
    with pytest.raises(SpecError, match="the file is empty"):
        check_teacher(request, None, path)
    with pytest.raises(SpecError, match="cannot be read"):
        check_teacher(request, None, tmp_path / "absent.onnx")


def test_the_loss_is_that_of_the_paper():
    """Cross-entropy, and T^2 times the divergence of softened probabilities (arXiv:1503.02531, section 2)."""
    generator = torch.Generator().manual_seed(0)
    scores, theirs = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    labels = torch.tensor([0, 1, 2, 0, 1])

    loss = Criterion().loss(scores, Batch(scores, labels, SoftTargets(theirs.log_softmax(1), 2.0, 0.3)))

    p, q = (theirs / 2).softmax(1), (scores / 2).softmax(1)
    divergence = (p * (p / q).log()).sum(1).mean()
    assert float(loss) == pytest.approx(float(0.7 * cross_entropy(scores, labels) + 0.3 * 4 * divergence))


def test_a_training_follows_its_teacher_and_no_other(tmp_path):
    """Wrong soft labels of weight 1 are learnt; a checkpoint of them is refused by a training with others."""
    images = quadrants()
    wrong = np.log(np.eye(4)[(images.train.labels + 1) % 4] * 0.96 + 0.01).astype(np.float16)
    soft = SoftLabels(wrong, 1.0, 1.0, "wrong")
    taught = replace(images, train=replace(images.train, soft=soft))
    recipe, path = Recipe(epochs=4, batch_size=16), tmp_path / "state"
    network = read_network("1x8x8: conv_8_k3_s2 conv_8_k3_s2 linear_4")

    fitted = fit(build(network, 0), taught, recipe, seed=0, report=lambda *_: None, checkpoint_path=path)

    assert fitted.accuracy < 0.2, "below the quarter that guesses reach: it says what the teacher says"
    other = replace(images, train=replace(images.train, soft=replace(soft, digest="other")))
    with pytest.raises(CheckpointError):
        fit(build(network, 0), other, recipe, seed=0, report=lambda *_: None, checkpoint_path=path)


def test_a_part_of_a_split_has_the_soft_labels_of_its_images():
    images = quadrants().train
    soft = SoftLabels(np.arange(4 * len(images), dtype=np.float16).reshape(-1, 4), 4.0, 0.5, "id")

    part = replace(images, soft=soft)[np.array([3, 1])]

    assert part.soft.log_probabilities.tolist() == [[12, 13, 14, 15], [4, 5, 6, 7]]
