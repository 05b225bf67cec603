"""Tokens that only this installation can have made."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.http.pages import place_of, token_of
from api.http.problems import ProblemError
from api.http.signing import Signer, load_secret


@pytest.fixture
def signer():
    return Signer(b"secret")


def test_a_token_is_read_back_by_its_maker_alone(signer):
    token = signer.sign("page", ["a", 1])

    assert signer.read("page", token) == ["a", 1]
    assert signer.read("session", token) is None
    assert Signer(b"another").read("page", token) is None


def test_a_token_with_another_character_is_no_token(signer):
    token = signer.sign("page", [1, 2, 3])  # its length is no multiple of 3, so its last character has spare bits

    for place, character in enumerate(token[:-1]):
        other = "A" if character != "A" else "B"
        assert signer.read("page", token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize("token", ["", "a", "é", "%00", "=" * 8, "A" * 40])
def test_a_text_that_was_not_signed_is_no_token(signer, token):
    assert signer.read("page", token) is None


def test_a_page_token_belongs_to_its_list_and_filter(signer):
    token = token_of(signer, [17], ["searches", ["RUNNING"], "", "-created_at"])

    assert place_of(signer, token, ["searches", ["RUNNING"], "", "-created_at"]) == [17]
    with pytest.raises(ProblemError) as refused:
        place_of(signer, token, ["searches", [], "", "-created_at"])
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "home" / "secret"

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: load_secret(path), range(32)))

    assert len(found) == 1
    assert len(found.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]
