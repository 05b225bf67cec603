"""The notation: one line of text, both ways."""

from dataclasses import MISSING, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.errors import NotationError
from nas.ops import ACTIVATIONS, LEAVES, Concat, Conv, Identity, Linear, Network, Pool, Residual, Seq, Shape, seq
from nas.ops.notation import parse, read_network, write, write_network


def values(field):
    """Whatever a field of a leaf may hold, by what its metadata says of it; its default too."""
    if "words" in field.metadata:
        found = st.sampled_from(list(field.metadata["words"].values()))
    elif field.type is float:
        found = st.floats(0, 1e6)
    else:
        found = st.integers(0, 10**6)
    return found if field.default is MISSING else st.one_of(st.just(field.default), found)


leaves = st.sampled_from(list(LEAVES.values())).flatmap(
    lambda leaf: st.builds(leaf, **{field.name: values(field) for field in fields(leaf)})
)
acts = st.sampled_from(ACTIVATIONS)
expressions = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(Seq, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Concat, st.lists(parts, min_size=1, max_size=3).map(tuple), acts),
        st.builds(Residual, parts, st.one_of(st.just(Identity()), parts), acts),
    ),
    max_leaves=12,
)
sides = st.integers(1, 10**4)
networks = st.builds(
    Network, st.lists(expressions, max_size=4).map(lambda ops: Seq(tuple(ops))), st.builds(Shape, sides, sides, sides)
)


@given(networks)
@settings(max_examples=100, deadline=None)
def test_a_network_reads_back_as_itself(network):
    """For any network, buildable or not, writing and reading is the identity, and the text is one line."""
    text = write_network(network)

    assert "\n" not in text
    assert read_network(text) == network


@given(expressions)
@settings(max_examples=100, deadline=None)
def test_an_expression_reads_back_up_to_outer_brackets(op):
    """parse undoes write, but that a sequence of one is the one."""
    expected = op.ops[0] if isinstance(op, Seq) and len(op.ops) == 1 else op

    assert parse(write(op)) == expected


@given(networks, st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_text_is_read_or_refused(network, data):
    """A character inserted, replaced or cut leads to another network or to NotationError, never to another error."""
    text = write_network(network)
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.text(st.sampled_from("[]()|_: x1-.eaµ²٣\n\0"), max_size=2))
    mutated = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]

    try:
        found = read_network(mutated)
    except NotationError:
        return
    assert read_network(write_network(found)) == found


@pytest.mark.parametrize(
    ("op", "text"),
    [
        (Conv(32, 3, 2), "conv_32_k3_s2"),
        (Conv(8, 5, groups=8, padding=0, norm=False, act=None), "conv_8_k5_g8_p0_bias_linear"),
        (seq(Pool(3, 2, kind="avg"), Linear(10)), "pool_avg linear_10"),
        (Residual(seq(Conv(8), Conv(8, act=None)), act="relu"), "res([conv_8 conv_8_linear])_relu"),
        (Residual(Conv(8), Pool(2)), "res(conv_8|pool_2)"),
        (Concat((Conv(8), seq(Conv(4), Conv(8, 3)))), "cat(conv_8|[conv_4 conv_8_k3])"),
    ],
)
def test_the_notation_is_this(op, text):
    """Fields that hold their defaults are not said."""
    assert write(op) == text
    assert parse(text) == op


def test_spaces_and_brackets_are_free():
    """Ops in a branch need no brackets, and white space between tokens does not count."""
    assert parse(" cat( conv_8|conv_4   conv_8_k3 ) ") == parse("cat(conv_8|[conv_4 conv_8_k3])")


def test_a_single_member_that_is_a_sequence_stays_a_member():
    """Members are the kernels a device is timed on: brackets around the only one must not dissolve."""
    network = Network(seq(seq(Conv(8), Conv(8))), Shape(3, 8, 8))

    assert read_network(write_network(network)) == network


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conv_8", "starts with its input shape"),
        ("3x0x8: conv_8", "starts with its input shape"),
        ("3x²x8: conv_8", "starts with its input shape"),
        ("3x8x8: conw_8", "'conw_8' at position 1"),
        ("3x8x8: conv", "'conv' needs a number"),
        ("3x8x8: conv_8_q3", "'q3' is not a field of 'conv'"),
        ("3x8x8: conv_8_k3_k5", "'k5' gives kernel a second time"),
        ("3x8x8: conv_8_k1.5", "'k1.5' is not a field"),
        ("3x8x8: lrn_5_k1e999", "'k1e999' is not a field"),
        ("3x8x8: [conv_8", "expected ']', found 'end'"),
        ("3x8x8: conv_8]", "unexpected ']'"),
        ("3x8x8: res(a", "'a' at position 5"),
        ("3x8x8: cat conv_8", "expected '(', found 'conv_8'"),
        ("3x8x8: res(conv_8|conv_8|conv_8)", "at most one shortcut"),
        ("3x8x8: cat(conv_8)_tanh", "no activation is called '_tanh'"),
        ("3x8x8: conv_8 µ", "unexpected 'µ' at position 8"),
        ("3x8x8: conv_" + "9" * 5000, "is not a field"),
        ("3x8x8: " + "[" * 5000, "more than 100 levels of brackets"),
    ],
)
def test_wrong_text_is_pointed_at(text, said):
    """NotationError quotes what is wrong and where."""
    with pytest.raises(NotationError) as refused:
        read_network(text)

    assert said in str(refused.value)
