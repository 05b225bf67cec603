"""Random search spaces that are small enough to enumerate, and the slow obvious enumeration of one."""

from hypothesis import strategies as st

from nas.spaces import load_space

TINY = load_space(
    {
        "name": "tiny",
        "resolution": [8, 9],
        "width_multiplier": [0.5, 1.0],
        "stem": {"width": 8, "stride": 1},
        "stages": [
            {"blocks": ["conv", {"shuffle": {"groups": [2, 4]}}], "layers": [0, 1, 2], "width": [16, 24], "stride": 2},
            {"blocks": [{"shuffle": {"groups": 2}}, "fire"], "layers": [1, 2], "width": [16, 32], "stride": [1, 2]},
        ],
        "head": 16,
        "channels": 1,
        "classes": 3,
    }
)
"""Two stages, some of whose combinations are invalid."""


def tiny_space(layers, width):
    """As a spec has it: one stage of convolutions of images of 8 x 8 grey pixels in three classes."""
    return {
        "name": "tiny",
        "resolution": 8,
        "stem": {"width": 8, "stride": 1},
        "stages": [{"blocks": [{"conv": {"kernel": 3}}], "layers": layers, "width": width, "stride": 2}],
        "channels": 1,
        "classes": 3,
    }


def some(*options):
    """A list of one to two of the options."""
    return st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True)


BLOCKS = (
    st.builds(lambda kernel, se: {"conv": {"kernel": kernel, "se": se}}, some(1, 3, 5), some(0.0, 0.25)),
    st.builds(lambda expansion: {"mbconv": {"expansion": expansion, "kernel": 3}}, some(1, 3)),
    st.builds(lambda groups: {"shuffle": {"groups": groups, "kernel": 3}}, some(2, 3, 4)),
    st.builds(lambda squeeze: {"fire": {"squeeze": squeeze}}, some(0.125, 0.25)),
)

STAGES = st.fixed_dictionaries(
    {
        "blocks": st.lists(st.sampled_from(range(len(BLOCKS))), min_size=1, max_size=2, unique=True).flatmap(
            lambda chosen: st.tuples(*(BLOCKS[number] for number in chosen)).map(list)
        ),
        "layers": some(0, 1, 2, 3).filter(any),
        "width": some(8, 9, 16, 24),
        "stride": some(1, 2),
    }
)

small_spaces = st.fixed_dictionaries(
    {
        "name": st.just("random"),
        "resolution": some(4, 8, 9),
        "width_multiplier": some(0.5, 1.0),
        "stem": st.just({"width": 8, "stride": 1}),
        "stages": st.lists(STAGES, min_size=1, max_size=2),
        "head": st.sampled_from((0, 16)),
        "channels": st.just(1),
        "classes": st.just(3),
    }
).map(load_space)
"""Spaces with at most some thousands of members, invalid ones among them; a few have no valid one."""


def every_candidate(space):
    """All answers to all decisions, by trying every first open question in turn; each with its probability."""
    open_ends = [((), 1.0)]
    while open_ends:
        answers, probability = open_ends.pop()
        asked = []

        def choose(decision, answers=answers, asked=asked):
            asked.append(len(decision.options))
            return answers[len(asked) - 1] if len(asked) <= len(answers) else 0

        candidate = space.walk(choose)
        if len(asked) == len(answers):
            yield candidate, probability
        else:
            options = asked[len(answers)]
            open_ends += [((*answers, index), probability / options) for index in range(options)]
