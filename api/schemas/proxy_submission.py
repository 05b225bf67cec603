"""Proxy checks as requests (docs/proxy.md)."""

from pydantic import ConfigDict

from api.schemas.submission import EXAMPLE
from nas.proxy.options import CheckOptions
from nas.spec import SearchSpec


class NewProxyCheck(CheckOptions, SearchSpec):
    """The spec of the search to check, as POST /v1/searches takes it, and how thorough the check is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**{k: v for k, v in EXAMPLE.items() if k != "name"}, "candidates": 10}]}
    )
