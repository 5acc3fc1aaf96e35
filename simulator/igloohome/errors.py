"""Refusals of igloohome's API, as its service and API Gateway word them (§3.4)."""

import json
from typing import NoReturn

from aiohttp import web

_CLASSES: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    401: web.HTTPUnauthorized,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    406: web.HTTPNotAcceptable,
    415: web.HTTPUnsupportedMediaType,
}


def refuse(status: int, error: str) -> NoReturn:
    """Refuse the way igloohome's service does: ``{"error": text}``."""
    raise _CLASSES[status](
        text=json.dumps({"error": error}), content_type="application/json"
    )


def refuse_at_gateway(status: int, message: str) -> NoReturn:
    """Refuse the way API Gateway does: ``{"message": text}``."""
    raise _CLASSES[status](
        text=json.dumps({"message": message}), content_type="application/json"
    )
