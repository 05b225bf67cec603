"""Signed tokens: page tokens and session cookies, which only this installation can make."""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from nas.files import new_file, private_mode

_SIGNATURE_BYTES = 16
_SECRET_BYTES = 32


class Signer:
    """Signs JSON values. kind separates the uses: a token of one is not valid for another."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, kind: str, value: Any) -> str:
        data = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        return base64.urlsafe_b64encode(self._signature(kind, data) + data).rstrip(b"=").decode()

    def read(self, kind: str, token: str) -> Any:
        """The value that was signed, or None if the token was not made here for this kind."""
        try:
            whole = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (UnicodeEncodeError, binascii.Error):
            return None
        signature, data = whole[:_SIGNATURE_BYTES], whole[_SIGNATURE_BYTES:]
        return json.loads(data) if hmac.compare_digest(signature, self._signature(kind, data)) else None

    def _signature(self, kind: str, data: bytes) -> bytes:
        return hmac.digest(self._secret, kind.encode() + b"\0" + data, hashlib.sha256)[:_SIGNATURE_BYTES]


def load_secret(path: Path) -> bytes:
    """The secret in this file; made, as private as nas.files.private_mode says, when there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        file, made = new_file(path.parent, ".secret.", private_mode(path.parent))
        with file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(made)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()
