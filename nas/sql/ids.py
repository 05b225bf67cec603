"""Ids that sort by the time at which they were made."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_LENGTH = 26
_DIGITS = 9


def new_id(prefix: str) -> str:
    """prefix, an underscore and 26 characters: 48 bits of milliseconds since 1970, 80 random bits."""
    value = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    digits = (_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{prefix}_{''.join(digits)}"


def trial_id(search_id: str, number: int) -> str:
    return f"{search_id}.{number}"


def split_trial_id(text: str) -> tuple[str, int] | None:
    """The search's id and the trial's number, or None if the text is not the id of a trial."""
    search_id, _, number = text.rpartition(".")
    if not search_id or not number.isascii() or not number.isdecimal() or len(number) > _DIGITS:
        return None
    return search_id, int(number)
