"""Spaces as files: the paper's space exactly, a user's own, and what is wrong with a file by name of the field."""

import json
from dataclasses import replace
from random import Random
from statistics import median

import jsonschema
import pytest
import yaml
from small_spaces import every_candidate

from latency_db.profiling.kernel_frequencies import kernel_frequencies
from nas.block import block
from nas.errors import InfeasibleError, SpecError, UnknownNameError
from nas.network import network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.spaces import (
    changed_space_schema,
    known_spaces,
    load_space,
    named_space,
    read_architecture,
    space_schema,
)

STAGE = {"blocks": ["conv"], "layers": 1, "width": 8}
SPACE = {"name": "mine", "resolution": 28, "stem": {"width": 8}, "stages": [STAGE]}


def test_mnasnet_is_the_papers():
    """Seven stages around MobileNetV2's (table 2 of arXiv:1801.04381), each with 432 answers."""
    space = load_space("mnasnet")
    rows = [(16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]

    assert [stage.size() for stage in space.stages] == [432] * 7
    assert space.size() == 2807929681968365568 == 432**7
    assert [stage.options["width"] for stage in space.stages] == [(c * 3 // 4, c, c * 5 // 4) for c, _, _ in rows]
    assert [stage.options["layers"] for stage in space.stages] == [(n - 1, n, n + 1) for _, n, _ in rows]
    assert [stage.options["stride"] for stage in space.stages] == [(s,) for _, _, s in rows]


def test_five_stages_of_mnasnet(tmp_path):
    """The same file less two stages has the size the paper gives for five blocks."""
    packaged = load_space("mnasnet")
    file = tmp_path / "five.yaml"
    stages = [
        {
            "blocks": [{b.block.name: {k: list(v) for k, v in b.parameters.items()}} for b in stage.blocks],
            **{name: list(options) for name, options in stage.options.items()},
        }
        for stage in packaged.stages[:5]
    ]
    stem = {"width": 32}
    file.write_text(yaml.safe_dump({"name": "five", "resolution": 224, "stem": stem, "stages": stages, "head": 1280}))

    assert load_space(file).size() == 15045919506432 == 432**5


def test_small_can_be_measured_kernel_by_kernel():
    """Few distinct kernels, and members from a tenth of a million multiply-adds to several millions."""
    space, rng = load_space("small"), Random(0)
    networks = [space.sample(rng).architecture.expand() for _ in range(1500)]
    macs = [network_cost(network).macs for network in networks]

    assert len({kernel.key for network in networks for kernel in kernels(network)}) < 600
    assert min(macs) < 300_000
    assert max(macs) > 6_000_000


def test_photos_is_for_cpus_and_its_kernels_can_be_measured():
    """At each resolution from a quarter of MobileNetV2 0.35's multiply-adds to less than MobileNetV2 1.0's, the median
    near the former; few distinct kernels.
    """
    whole = load_space("photos")
    assert whole.resolution == (96, 128, 160, 192, 224)
    assert {b.block.name for stage in whole.stages for b in stage.blocks} == set(block)
    assert whole.size() == 5 * load_space({"name": "photos", "resolution": 96}).size() == 4_064_670_720

    for side in (224, 96):
        space, rng = load_space({"name": "photos", "resolution": side}), Random(0)
        macs = [network_cost(space.sample(rng).architecture.expand()).macs for _ in range(100)]
        references = [{"name": "mobilenetv2", "width": width, "resolution": side} for width in (0.35, 1.0)]
        small, large = (network_cost(network.make(reference).expand()).macs for reference in references)
        assert min(macs) < small / 3
        assert small / 2 < median(macs) < 1.5 * small
        assert small < max(macs) < large
    assert len(kernel_frequencies(space)) == 437


def test_a_mapping_changes_a_known_space():
    whole = load_space("photos")

    assert load_space({"name": "photos"}) == whole
    assert load_space({"name": "photos", "resolution": 96, "head": 0}) == replace(whole, resolution=(96,), head=0)
    assert jsonschema.validate({"name": "photos", "resolution": [96, 128]}, changed_space_schema()) is None
    with pytest.raises(SpecError, match=r"space\.resolution\.0: "):
        load_space({"name": "photos", "resolution": 0})
    with pytest.raises(SpecError, match=r"space\.stages: "):
        load_space({"name": "mine", "resolution": 96})


def test_mobile_decides_on_resolution_and_width_multiplier():
    space = load_space("mobile")
    asked = [space.sample(Random(seed)) for seed in range(30)]

    assert {candidate.architecture.resolution for candidate in asked} == {96, 128, 160, 192, 224}
    assert {candidate.choices["width_multiplier"] for candidate in asked} == {0, 1, 2, 3}
    assert {b.block.name for b in space.stages[1].blocks} == {"conv", "separable", "mbconv", "shuffle", "fire"}
    assert all(s.width % 8 == 0 for candidate in asked for s in candidate.architecture.stages)


def test_size_is_the_number_of_walks():
    """Conditional decisions count under their own block only; 0 layers is an answer like others."""
    blocks = ["conv", {"mbconv": {"expansion": [1, 3, 6], "kernel": 3}}]
    first = {"blocks": blocks, "layers": [0, 1], "width": [8, 16], "stride": [1, 2]}
    space = load_space({**SPACE, "resolution": [28, 32], "width_multiplier": [0.5, 1], "stages": [first, STAGE]})
    walked = [candidate for candidate, _ in every_candidate(space)]

    assert len({tuple(c.choices.items()) for c in walked}) == len(walked) == space.size() == 2 * 2 * 5 * 8 * 2


@pytest.mark.parametrize(("suffix", "write"), [("yaml", yaml.safe_dump), ("yml", yaml.safe_dump), ("json", json.dumps)])
def test_a_file_and_a_mapping_are_the_same_space(tmp_path, suffix, write):
    file = tmp_path / f"mine.{suffix}"
    file.write_text(write(SPACE))

    assert load_space(file) == load_space(str(file)) == load_space(SPACE)


def test_a_number_stands_for_a_list_of_one():
    listed = {**SPACE, "resolution": [28], "stages": [{"blocks": [{"conv": None}], "layers": [1], "width": [8]}]}

    assert load_space(SPACE) == load_space(listed)


def test_whole_numbers_stand_for_the_fractions_a_block_declares():
    space = load_space({**SPACE, "stages": [{**STAGE, "blocks": [{"conv": {"se": [0, 0.25]}}]}]})

    assert space.stages[0].blocks[0].parameters["se"] == (0.0, 0.25)
    assert [type(value) for value in space.stages[0].blocks[0].parameters["se"]] == [float, float]


def stage(**changes):
    return {"stages": [STAGE, {**STAGE, **changes}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, r"space\.colour: there is no such field"),
        ({"name": ""}, r"space\.name: "),
        ({"name": "../mine"}, r"space\.name: "),
        ({"resolution": 0}, r"space\.resolution\.0: "),
        ({"resolution": True}, r"space\.resolution\.0: "),
        ({"resolution": "28"}, r"space\.resolution\.0: "),
        ({"width_multiplier": -1}, r"space\.width_multiplier\.0: "),
        ({"width_multiplier": float("nan")}, r"space\.width_multiplier\.0: "),
        ({"stem": {}}, r"space\.stem\.width: "),
        ({"stages": []}, r"space\.stages: an empty list"),
        ({"stages": [STAGE] * 99}, r"space\.stages: more than 32"),
        ({"head": -1}, r"space\.head: "),
        (stage(layers=0), r"space\.stages\.1\.layers: 0 alone"),
        (stage(layers=[1, 1]), r"space\.stages\.1\.layers: 1 is listed twice"),
        (stage(layers=10**9), r"space\.stages\.1\.layers\.0: "),
        (stage(width=[]), r"space\.stages\.1\.width: an empty list"),
        (stage(width=[8, 0]), r"space\.stages\.1\.width\.1: "),
        (stage(stride=0), r"space\.stages\.1\.stride\.0: "),
        (stage(blocks=[]), r"space\.stages\.1\.blocks: an empty list"),
        (stage(blocks=[3]), r"space\.stages\.1\.blocks\.0: "),
        (stage(blocks=["conv", "warp"]), r"space\.stages\.1\.blocks\.1: no block named 'warp'; there are: conv, fire"),
        (stage(blocks=["conv", "conv"]), r"space\.stages\.1\.blocks\.1: conv is listed twice"),
        (stage(blocks=[{"conv": {}, "fire": {}}]), r"space\.stages\.1\.blocks\.0: names 2 blocks"),
        (
            stage(blocks=[{"conv": {"kernel": "wide"}}]),
            r"space\.stages\.1\.blocks\.0\.kernel: 'wide' is not among 3, 5",
        ),
        (stage(blocks=[{"conv": {"kernel": []}}]), r"space\.stages\.1\.blocks\.0\.kernel: an empty list"),
        (stage(blocks=[{"conv": {"kernel": [3, 3]}}]), r"space\.stages\.1\.blocks\.0\.kernel: 3 is listed twice"),
        (stage(blocks=[{"conv": {"depth": 3}}]), r"space\.stages\.1\.blocks\.0\.depth: conv has no parameter 'depth'"),
        (stage(blocks=[{"conv": 3}]), r"space\.stages\.1\.blocks\.0\.conv: "),
        (
            stage(blocks=["fire", {"conv": {"kernel": [3, 4001]}}]),
            r"space\.stages\.1\.blocks\.1\.kernel: a 4001x4001 window is wider than the images, which have 28 pixels",
        ),
        (
            stage(blocks=[{"conv": {"kernel": [3, 29]}}]),
            r"space\.stages\.1\.blocks\.0\.kernel: a 29x29 window is wider",
        ),
        (
            stage(blocks=[{"conv": {"kernel": [3, 2**40 + 1]}}]),
            r"space\.stages\.1\.blocks\.0\.kernel: 1099511627777 is not among .* up to 65536",
        ),
        (
            stage(blocks=[{"fire": {"squeeze": 1e308}}]),
            r"space\.stages\.1\.blocks\.0\.squeeze: 1e\+308 is not among .* up to 65536",
        ),
    ],
)
def test_errors_name_the_field(changes, message):
    with pytest.raises(SpecError, match=message) as raised:
        load_space({**SPACE, **changes})

    assert len(str(raised.value).splitlines()) == 1


def test_all_wrong_fields_are_named_at_once():
    with pytest.raises(SpecError) as raised:
        load_space({**SPACE, "resolution": 0, "stages": [{**STAGE, "width": -1, "depth": 2}]})

    named = [line.split(": ")[0] for line in str(raised.value).splitlines()]
    assert named == ["space.resolution.0", "space.stages.0.width.0", "space.stages.0.depth"]


@pytest.mark.parametrize("name", ["mega", "mega.yaml", "missing/space.json", "", "."])
def test_an_unknown_name_lists_the_known_and_says_that_files_work(name):
    with pytest.raises(UnknownNameError, match=r"\.yaml, \.yml or \.json.*there are: mnasnet, mobile, photos, small"):
        load_space(name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yaml", b"name: [1"),
        ("b.json", b"{'name': 1}"),
        ("c.yaml", b"\xff\xfe\x00"),
        ("d.yaml", b"!!python/object/apply:os.getcwd []"),
        ("e.yaml", b"- 1\n"),
        ("f.yaml", b""),
        ("g.json", b'{"name": "x", "resolution": NaN}'),
        ("h.yaml", b"1: 2\n"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(SpecError, match=name):
        load_space(file)


def test_a_space_without_a_valid_member_says_why():
    """A shuffle unit with a stride concatenates, so it cannot keep its channels."""
    space = load_space({**SPACE, "stages": [{**STAGE, "blocks": ["shuffle"], "stride": 2}]})

    with pytest.raises(InfeasibleError, match="a shuffle unit that concatenates must widen"):
        space.sample(Random(0))


def test_known_spaces():
    assert known_spaces() == ("mnasnet", "mobile", "photos", "small")


def test_untrusted_input_names_a_space_but_no_file(tmp_path, monkeypatch):
    (tmp_path / "mine.json").write_text(json.dumps(SPACE))
    monkeypatch.chdir(tmp_path)

    assert load_space("mine.json").name == "mine"
    assert named_space(SPACE) == load_space(SPACE)
    assert named_space("small") == load_space("small")
    for path in ("mine.json", "./mine.json", str(tmp_path / "mine.json"), "../small.yaml", "small.yaml", ""):
        with pytest.raises(UnknownNameError, match="small"):
            named_space(path)


def test_lists_are_short():
    with pytest.raises(SpecError, match="more than 256 in one list"):
        load_space({**SPACE, "stages": [{**STAGE, "width": [*range(1, 258)]}]})


@pytest.mark.parametrize("name", known_spaces())
def test_the_schema_takes_what_ships(name):
    described = load_space(name).describe()
    stages = [
        {
            "blocks": [{b["block"]: {key: list(options) for key, options in b["parameters"].items()}}
                       for b in given["blocks"]],
            **{key: list(given[key]) for key in ("layers", "width", "stride")},
        }
        for given in described["stages"]
    ]  # fmt: skip
    single = {key: described[key] for key in ("name", "stem", "head", "channels", "classes")}
    file = {**single, **{key: list(described[key]) for key in ("resolution", "width_multiplier")}, "stages": stages}

    assert jsonschema.validate(file, space_schema()) is None
    assert load_space(file) == load_space(name)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**SPACE, "stages": [{**STAGE, "blocks": ["convolution"]}]}, space_schema())


@pytest.mark.parametrize("name", known_spaces())
def test_an_architecture_is_read_as_it_was_written(name):
    for seed in range(5):
        architecture = load_space(name).sample(Random(seed)).architecture

        assert read_architecture(json.loads(json.dumps(architecture.to_dict()))) == architecture


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stages": [{"block": "conv", "layers": 1, "width": 8, "stride": 1}]}, r"stages\.0\.kernel: missing"),
        ({"stages": [{"block": "what", "layers": 1, "width": 8, "stride": 1}]}, r"stages\.0\.block: no block"),
        ({"stages": [{"block": "conv", "layers": 10**9, "width": 8, "stride": 1}]}, r"stages\.0\.layers"),
        ({"stages": [{"block": "fire", "squeeze": [2], "layers": 1, "width": 8, "stride": 1}]}, "squeeze"),
        ({"stages": 7}, "stages"),
        ({"resolution": 10**9}, "resolution"),
        ({"stem": None}, "stem"),
        ({"more": 1}, "more"),
    ],
)  # fmt: skip
def test_a_wrong_architecture_names_its_field(changes, message):
    good = load_space(SPACE).sample(Random(0)).architecture.to_dict()

    with pytest.raises(SpecError, match=message):
        read_architecture({**good, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stages": [{**STAGE, "blocks": [{"conv": {"kernel": 27}}], "width": 65536}]}, "parameters, more than"),
        ({"stages": [{**STAGE, "width": 4096, "layers": 64}]}, "parameters, more than"),
        ({"head": 65536, "classes": 65536}, "parameters, more than"),
        ({"stages": [{**STAGE, "width": 9000}], "head": 20000}, "parameters, more than"),
        ({"resolution": 4096, "stem": {"width": 64, "stride": 1}}, "values in its feature maps"),
    ],
)
def test_members_beyond_the_limits_are_not_valid(changes, reason):
    with pytest.raises(InfeasibleError, match=reason):
        load_space({**SPACE, **changes}).sample(Random(0), 20)
    with pytest.raises(InfeasibleError):
        kernel_frequencies(load_space({**SPACE, **changes}))
