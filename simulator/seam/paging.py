"""Pages of list answers with Seam's opaque cursors (reference/seam-api.md §5)."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from .errors import SeamError
from .switches import SeamSwitches


def _fingerprint(params: Mapping[str, Any]) -> str:
    """Return a digest of everything but the cursor, to notice changed parameters."""

    def plain(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(f"cannot digest {type(value).__name__}")

    kept = {key: value for key, value in params.items() if key != "page_cursor"}
    text = json.dumps(kept, sort_keys=True, default=plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _decode(cursor: str) -> tuple[int, str]:
    """Return the offset and parameter digest in a cursor."""
    try:
        data = json.loads(base64.b64decode(cursor, validate=True))
        return int(data["offset"]), str(data["params"])
    except (binascii.Error, ValueError, KeyError, TypeError) as err:
        raise SeamError(
            400, "invalid_input", "The page_cursor is not one of this API."
        ) from err


def page[T](
    items: Sequence[T],
    params: Mapping[str, Any],
    *,
    default_limit: int,
    url: str,
    switches: SeamSwitches,
) -> tuple[list[T], dict[str, Any]]:
    """Return one page of the items and the answer's `pagination` object.

    `url` is the route's full address, for next_page_url.
    """
    digest = _fingerprint(params)
    offset = 0
    if cursor := params.get("page_cursor"):
        offset, wanted = _decode(cursor)
        if wanted != digest:
            raise SeamError(
                400,
                "mismatched_page_parameters",
                "When using next_page_cursor, the other parameters must stay the same.",
            )
    limit = int(params.get("limit", default_limit))
    if switches.page_size_cap is not None:
        limit = min(limit, switches.page_size_cap)
    chosen = list(items[offset : offset + limit])
    following = offset if switches.repeat_cursor else offset + limit
    if not switches.repeat_cursor and following >= len(items):
        return chosen, {
            "has_next_page": False,
            "next_page_cursor": None,
            "next_page_url": None,
        }
    text = json.dumps({"offset": following, "params": digest})
    encoded = base64.b64encode(text.encode()).decode()
    return chosen, {
        "has_next_page": True,
        "next_page_cursor": encoded,
        "next_page_url": f"{url}?{urlencode({'page_cursor': encoded})}",
    }
