"""HTTP calls to the service that are repeated, with growing pauses, while it cannot be reached."""

import hashlib
import json
import logging
import random
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from latency_db.errors import AgentError
from nas.errors import ModelRefusedError, NasError
from nas.onnx_file.model_check import MAX_BYTES

ANSWER_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
MIN_WAIT_S = 0.5
MAX_WAIT_S = 30.0
_BUSY = frozenset({429, 500, 502, 503, 504, 507})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_log = logging.getLogger("nas.agent")
Json = dict[str, Any]
T = TypeVar("T")


class StoppedError(NasError):
    """The agent was stopped while it waited for the service."""


class RefusedError(NasError):
    """The service refused a request. reason: its stable code."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(f"the service refuses: {detail} ({reason})")


class Service:
    """stop ends every wait with StoppedError."""

    def __init__(self, url: str, token: str | None, stop: Event) -> None:
        host = urlsplit(url).hostname
        if urlsplit(url).scheme not in {"http", "https"} or not host:
            raise AgentError(f"{url!r} is not the address of a service, such as http://HOST:8000")
        try:
            self._http = httpx2.Client(
                base_url=url,
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                trust_env=host not in _LOOPBACK,
            )
        except (ImportError, ValueError) as error:
            raise AgentError(
                f"a proxy that the environment names cannot be used: {str(error).partition('. ')[0]}; correct "
                "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or for a SOCKS proxy: pip install socksio"
            ) from None
        self._stop = stop

    def post(self, path: str, body: Mapping[str, Any], *, patient: bool = True) -> Json:
        """The answer. RefusedError if the service refuses; httpx2.TransportError only if not patient."""
        content = json.dumps(body)

        def once() -> Json:
            response = self._http.post(path, content=content, headers={"Content-Type": "application/json"})
            self._check(response)
            return self._json(response)

        return self._patiently(once) if patient else once()

    def model(self, digest: str) -> bytes:
        """An ONNX file. ModelRefusedError if it is too large or has another digest."""
        return self._patiently(lambda: self._download(digest))

    def _download(self, digest: str) -> bytes:
        with self._http.stream("GET", f"/v1/models/{digest}") as response:
            self._check(response)
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise ModelRefusedError(f"the model has more than {MAX_BYTES} bytes")
        if hashlib.sha256(content).hexdigest() != digest:
            raise ModelRefusedError("the downloaded model has another digest")
        return bytes(content)

    def _patiently(self, once: Callable[[], T]) -> T:
        """The answer of `once`, which is called until the service can be reached and is not busy."""
        wait_s = MIN_WAIT_S
        while True:
            try:
                return once()
            except httpx2.TransportError as error:
                _log.warning("the service cannot be reached (%s); trying again", str(error) or type(error).__name__)
            except RefusedError as error:
                if error.status not in _BUSY:
                    raise
                _log.warning("%s; trying again", error)
            if self._stop.wait(wait_s * random.uniform(0.5, 1.0)):
                raise StoppedError("stopped")
            wait_s = min(2 * wait_s, MAX_WAIT_S)

    def _check(self, response: httpx2.Response) -> None:
        if response.is_success:
            return
        response.read()
        problem = self._json(response, default={})
        detail = str(problem.get("detail") or response.reason_phrase)
        raise RefusedError(response.status_code, str(problem.get("reason") or response.status_code), detail)

    @staticmethod
    def _json(response: httpx2.Response, default: Json | None = None) -> Json:
        if not response.content and response.is_success:
            return {}
        try:
            value = response.json()
        except ValueError:
            value = default
        if not isinstance(value, dict):
            raise RefusedError(502, "NO_SERVICE", "the server at this address is not a nas service")
        return value
