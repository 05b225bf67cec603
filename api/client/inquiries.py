"""What a client asks a service before a search: a check of its proxy, and a spec that fits the time at hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.client.calls import Spec, at, body, folder_of, items, wait, with_files
from api.client.operation import Operation
from api.client.sending import unheard
from api.client.transport import Transport
from api.client.wire import Json
from api.schemas.proxy_check import ProxyCheckOut
from api.schemas.suggestion import SuggestionOut


class InquiryOperations:
    """What workers answer before a search."""

    _transport: Transport

    @Operation
    async def check_proxy(self, /, spec: Spec | None = None, **fields: Any) -> ProxyCheckOut:
        """Ask whether the short training of a search's trials orders networks as the longer one does.

        Beside the fields of a spec there are candidates, repeats and longer_epochs (docs/proxy.md). Images are sent as
        for submit().
        """
        sent = await with_files(self._transport, body(spec, fields), folder_of(spec), unheard)
        return ProxyCheckOut.model_validate(await self._transport.post(at("proxy-checks"), sent))

    @Operation
    async def proxy_check_effort(self, /, spec: Spec | None = None, **fields: Any) -> Json:
        """What check_proxy would take, without doing it."""
        return await self._transport.post(at("proxy-checks"), body(spec, fields), validate_only="true")

    @Operation
    async def proxy_check(self, check_id: str) -> ProxyCheckOut:
        return ProxyCheckOut.model_validate(await self._transport.get(at("proxy-checks", check_id)))

    @Operation
    async def proxy_checks(self) -> list[Json]:
        """The newest fifty, the newest first, without their results."""
        return await items(self._transport, at("proxy-checks"))

    @Operation
    async def cancel_proxy_check(self, check_id: str) -> ProxyCheckOut:
        path = at("proxy-checks", check_id, action="cancel")
        return ProxyCheckOut.model_validate(await self._transport.post(path))

    @Operation
    async def wait_for_proxy_check(self, check_id: str, timeout_s: float | None = None) -> ProxyCheckOut:
        """The check, once it has ended. WaitTimeoutError if that takes longer."""
        found = await wait(self._transport, at("proxy-checks", check_id), timeout_s)
        return ProxyCheckOut.model_validate(found)

    @Operation
    async def suggest(self, /, dataset: str | Path | Mapping[str, Any], **fields: Any) -> SuggestionOut:
        """Ask for a spec that fits images, device, target and the time at hand; a worker measures for a minute or two.

        Beside the data set, as a spec has it, there are device, target_latency_ms, hours and seed. Images are sent as
        for submit(). Once it has SUCCEEDED, submit() takes its result["spec"].
        """
        given: Json = {"dataset": f"folder:{dataset}" if isinstance(dataset, Path) else dataset, **fields}
        sent = await with_files(self._transport, given, Path(), unheard)
        return SuggestionOut.model_validate(await self._transport.post(at("suggestions"), sent))

    @Operation
    async def suggestion(self, suggestion_id: str) -> SuggestionOut:
        return SuggestionOut.model_validate(await self._transport.get(at("suggestions", suggestion_id)))

    @Operation
    async def suggestions(self) -> list[Json]:
        """The newest fifty, the newest first, without their results."""
        return await items(self._transport, at("suggestions"))

    @Operation
    async def cancel_suggestion(self, suggestion_id: str) -> SuggestionOut:
        path = at("suggestions", suggestion_id, action="cancel")
        return SuggestionOut.model_validate(await self._transport.post(path))

    @Operation
    async def wait_for_suggestion(self, suggestion_id: str, timeout_s: float | None = None) -> SuggestionOut:
        """The suggestion, once it has ended. WaitTimeoutError if that takes longer."""
        found = await wait(self._transport, at("suggestions", suggestion_id), timeout_s)
        return SuggestionOut.model_validate(found)
