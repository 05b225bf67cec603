from hypothesis import given
from hypothesis import strategies as st

from api.routes.trials import six_digits

SIZES = st.floats(1e-16, 999_999.0) | st.floats(-999_999.0, -1e-16)


@given(st.lists(st.none() | st.just(0.0) | SIZES))
def test_six_digits_are_as_close_as_formatting_gives(values):
    for value, short in zip(values, six_digits(values), strict=True):
        if value is None:
            assert short is None
        else:
            assert len(f"{short!r}".lstrip("-0.").replace(".", "").partition("e")[0].rstrip("0")) <= 6
            assert abs(short - value) <= abs(float(f"{value:.6g}") - value) * (1 + 1e-6)


def test_large_numbers_are_whole_and_tiny_ones_nothing():
    assert six_digits([1234567.8, 1e300, 1e-30]) == [1234568.0, 1e300, 0.0]
