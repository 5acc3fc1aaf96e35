"""Reading the log of one lock at igloohome: pages, their unknown order, their token.

Facts: reference/igloohome-api.md §1.2 and §5.1.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ..model import Activity
from .base import CloudAuthError, CloudPermissionError, CloudUnreachableError
from .igloohome_activity import merge_rows, parse_row
from .igloohome_api import IgloohomeApi, paged_rows
from .igloohome_token import TokenKeeper

PAGE_SIZE = 50
"""Rows in one answer, the size seen in use."""

MAX_PAGES = 100
"""Pages that are read at most; what is beyond is older than anybody asks for."""

_SCOPE = "get-device-activity"

type Page = tuple[Activity, ...]


class LogReader:
    """Reads logs, and remembers which kind of token they want."""

    def __init__(self, api: IgloohomeApi) -> None:
        """Use the account's token first."""
        self._api = api
        self._tokens: TokenKeeper | None = None

    async def async_read(self, device_id: str, since: datetime | None) -> Page:
        """Return the rows from ``since`` on; see Cloud.async_read_activity."""
        if self._tokens is not None:
            try:
                return await self._async_read(device_id, since, self._tokens)
            except CloudAuthError, CloudPermissionError:
                self._tokens = None
        try:
            return await self._async_read(device_id, since, self._api.tokens)
        except CloudAuthError, CloudPermissionError:
            if not (await self._api.tokens.async_get()).grants(_SCOPE):
                raise
            # One report says that a log wants a token which can do nothing else.
            tokens = self._api.solo_tokens(_SCOPE)
        try:
            rows = await self._async_read(device_id, since, tokens)
        except CloudPermissionError as err:
            raise CloudPermissionError(err.detail, _SCOPE) from None
        self._tokens = tokens
        return rows

    async def _async_read(
        self, device_id: str, since: datetime | None, tokens: TokenKeeper
    ) -> Page:
        """Return the rows as read with these tokens.

        Nobody has documented the order of rows. Where it is newest first, reading
        ends with the first page that is older than ``since``.
        """

        def parse(data: Any) -> tuple[Page, str | None]:
            rows, cursor = paged_rows(data, "activities")
            found = (parse_row(device_id, raw) for raw in rows)
            return tuple(row for row in found if row is not None), cursor

        rows: list[Activity] = []
        cursors: set[str] = set()
        query: dict[str, Any] = {"pageSize": PAGE_SIZE}
        while True:
            page, cursor = await self._api.async_send(
                _SCOPE,
                "/devices/{}/activity",
                device_id,
                query=f"?{urlencode(query)}",
                parse=parse,
                tokens=tokens,
            )
            rows += page
            if cursor is None or cursor in cursors or _is_before(page, since):
                break
            cursors.add(cursor)
            query["cursor"] = cursor
            if len(cursors) >= MAX_PAGES:
                if not _newest_first(rows):
                    # The rows that are wanted would be the ones left out.
                    raise CloudUnreachableError("The log has no end")
                break
        return merge_rows(
            row for row in rows if since is None or row.happened_at >= since
        )


def _newest_first(rows: Sequence[Activity]) -> bool:
    """Return whether the newest row comes first and the oldest last."""
    moments = [row.happened_at for row in rows]
    return bool(moments) and moments[0] == max(moments) > moments[-1] == min(moments)


def _is_before(page: Page, since: datetime | None) -> bool:
    """Return whether a page, and all that follow, are older than wanted."""
    return since is not None and _newest_first(page) and page[0].happened_at < since
