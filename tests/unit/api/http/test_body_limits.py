"""The gate in front of the routes: JSON that hurts further in does not pass."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.body_limits import DEPTH_LIMIT, check_json
from api.http.problems import ProblemError

HOSTILE = {
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus infinity": b"[-Infinity]",
    "overflow": b'{"a": 1e999}',
    "lone high surrogate": rb'{"a": "\ud800"}',
    "lone surrogate in a key": rb'{"\udfff": 1}',
    "nul": rb'{"a": ["\u0000"]}',
    "nul in a key": rb'{"a\u0000": 1}',
    "too deep": b"[" * 65 + b"]" * 65,
    "far too deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "digits": b"[" + b"1" * 5000 + b"]",
    "65 bits": b"[9223372036854775808]",
    "cut off": b'{"a": ',
    "two values": b"{} {}",
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "bom": b"\xef\xbb\xbf{}",
    "not json": b"a: 1",
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii", min_codepoint=32)), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_refused_by_name(body):
    with pytest.raises(ProblemError) as refused:
        check_json(body)

    assert refused.value.reason == "JSON_INVALID"


@given(JSON)
def test_other_json_passes(value):
    check_json(json.dumps(value).encode())
    check_json(json.dumps(value, ensure_ascii=False).encode())


def test_the_deepest_body_that_passes():
    check_json(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)
