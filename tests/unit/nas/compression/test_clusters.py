"""Clusters on a line, against enumeration and against the definition."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.compression.clustering.clusters import cluster, nearest


def spread(values, centres):
    return float(((values - centres[nearest(values, centres)]) ** 2).sum())


def best_spread(values, count):
    """The least sum of squares over all ways to cut the sorted values into at most count runs."""
    values = np.sort(values.astype(np.float64))
    cuts = (c for k in range(count) for c in combinations(range(1, len(values)), k))
    return min(sum(part.var() * len(part) for part in np.split(values, cut)) for cut in cuts)


@given(
    st.lists(st.floats(-8, 8, width=16), min_size=1, max_size=12).map(lambda v: np.array(v, np.float32)),
    st.integers(1, 4),
)
def test_the_optimal_clustering_has_the_least_sum_of_squares(values, count):
    centres = cluster(values, count, "optimal")
    assert len(centres) <= count
    assert spread(values, centres) == pytest.approx(best_spread(values, count), abs=1e-4)


@pytest.mark.parametrize("method", ["lloyd", "optimal"])
def test_few_values_are_their_own_centres(method):
    values = np.array([0.5, -1, 0.5, 2, 2], np.float32)
    assert cluster(values, 3, method).tolist() == [-1, 0.5, 2]


def test_lloyd_ends_where_each_centre_is_the_mean_of_its_values():
    values = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    centres = cluster(values, 16, "lloyd")
    codes = nearest(values, centres)
    assert [values[codes == code].mean() for code in range(16)] == pytest.approx(centres, rel=1e-4)
    assert np.array_equal(codes, np.abs(values[:, None] - centres).argmin(1))


def test_the_optimum_is_no_worse_than_lloyd_on_many_values():
    values = np.random.default_rng(1).laplace(size=20_000).astype(np.float32)
    optimal, lloyd = (spread(values, cluster(values, 8, method)) for method in ("optimal", "lloyd"))
    assert optimal <= lloyd
