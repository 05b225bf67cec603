"""API keys, for those who hold one with the scope admin."""

from fastapi import APIRouter

from api.http.app_state import App
from api.http.parameters import KeyId
from api.http.security import ADMIN
from api.schemas.key import CreatedKey, KeyList, KeyOut, NewKey

router = APIRouter(prefix="/v1/keys", tags=["keys"], dependencies=[ADMIN])


@router.get("")
def list_keys(app: App) -> KeyList:
    """All keys, revoked ones too; never their secrets."""
    return KeyList(items=[KeyOut.model_validate(key) for key in app.ledger.keys.list()])


@router.post("", status_code=201)
def create_key(body: NewKey, app: App) -> CreatedKey:
    """Make a key. Its secret is in this answer and nowhere else."""
    key, secret = app.ledger.keys.create(body.name, body.scopes, body.expires_at)
    return CreatedKey(**KeyOut.model_validate(key).model_dump(), secret=secret)


@router.delete("/{key_id}")
def revoke_key(key_id: KeyId, app: App) -> KeyOut:
    """Revoke a key; sessions made from it end with it."""
    return KeyOut.model_validate(app.ledger.keys.revoke(key_id))
