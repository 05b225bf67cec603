"""Pages of lists: a token says where the next one begins. It is signed, and bound to the list, its filter and order."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from api.http.problems import FieldFault, ProblemError
from api.http.signing import Signer

PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Items of a page")]
PageToken = Annotated[str | None, Query(max_length=1000, description="next_page_token of the page before")]


def place_of(signer: Signer, token: str | None, view: Sequence[Any]) -> Any:
    """Where the page begins, None for the first. view: the list, filter and order that the token belongs to."""
    if token is None:
        return None
    known = signer.read("page", token)
    if known is None or known[0] != list(view):
        fault = FieldFault("page_token", "not a token of this list with this filter and order")
        raise ProblemError("PAGE_TOKEN_INVALID", "The page token does not belong to this list.", errors=[fault])
    return known[1]


def token_of(signer: Signer, place: Any, view: Sequence[Any]) -> str:
    return signer.sign("page", [list(view), place])
