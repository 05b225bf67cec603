"""Ids as parameters in the paths of routes. Anything else in their place is answered with NOT_FOUND."""

from typing import Annotated

from fastapi import Path
from starlette.convertors import StringConvertor, register_url_convertor


class IdConvertor(StringConvertor):
    """`{search_id:id}` in a path: without colon, so that `/searches/ID:pause` is not taken for a search."""

    regex = "[^/:]+"


register_url_convertor("id", IdConvertor())

SearchId = Annotated[str, Path(pattern=r"^srch_[0-9a-z]{26}$", examples=["srch_01kbs0jv3q8w5x2m7n4t6r9acd"])]
TrialId = Annotated[
    str, Path(pattern=r"^srch_[0-9a-z]{26}\.[0-9]{1,9}$", examples=["srch_01kbs0jv3q8w5x2m7n4t6r9acd.0"])
]
ExportId = Annotated[str, Path(pattern=r"^exp_[0-9a-z]{26}$")]
CheckId = Annotated[str, Path(pattern=r"^chk_[0-9a-z]{26}$")]
SuggestionId = Annotated[str, Path(pattern=r"^sug_[0-9a-z]{26}$")]
KeyId = Annotated[str, Path(pattern=r"^key_[0-9a-z]{26}$")]
AgentId = Annotated[str, Path(pattern=r"^agt_[0-9a-z]{26}$")]
BatchId = Annotated[str, Path(pattern=r"^bat_[0-9a-z]{26}$")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
