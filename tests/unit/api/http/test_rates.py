"""Rates of keys and clients, by a clock that the test sets."""

import pytest

from api.http import rates as module
from api.http.problems import ProblemError
from api.http.rates import Rates, network


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def wait_s(rates, asking, **amounts):
    """What a refusal asks to wait."""
    with pytest.raises(ProblemError) as refused:
        rates.take(asking, **amounts)
    assert refused.value.reason == "RATE_EXCEEDED"
    return int(refused.value.headers["retry-after"])


def test_what_is_taken_comes_back_within_an_hour(clock):
    rates = Rates({"searches": 60, "trials": 0}, {}, clock)
    rates.take(("here", "key"), searches=60, trials=10**12)
    assert wait_s(rates, ("here", "key"), searches=1) == 60
    assert wait_s(rates, ("here", "key"), searches=1000) == 3600
    clock.now = 60.0
    rates.take(("here", "key"), searches=1)
    assert wait_s(rates, ("here", "key"), searches=1) == 60
    clock.now = 10_000.0
    rates.take(("here", "key"), searches=60)


def test_a_key_counts_wherever_it_is_used_and_a_client_whatever_key_it_uses(clock):
    rates = Rates({"searches": 2}, {}, clock)
    rates.take(("here", "one"), searches=2)
    wait_s(rates, ("there", "one"), searches=1)
    wait_s(rates, ("here", "two"), searches=1)
    rates.take(("there", "two"), searches=2)


def test_all_is_taken_or_nothing(clock):
    rates = Rates({"searches": 2, "trials": 5}, {}, clock)
    for _ in range(3):
        wait_s(rates, ("here",), searches=1, trials=6)
    rates.take(("here",), searches=2, trials=5)


def test_clients_that_are_forgotten_take_no_memory(clock, monkeypatch):
    monkeypatch.setattr(module, "MANY", 10)
    rates = Rates({"searches": 2}, {}, clock)
    for number in range(100):
        clock.now += 3600
        rates.take((f"client {number}",), searches=1)
    assert len(rates._buckets) <= 11


def test_a_client_is_a_network_of_64_bits():
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1") != network("10.0.0.2")
    assert network("testclient") == "testclient"
