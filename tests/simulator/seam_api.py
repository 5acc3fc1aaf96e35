"""The smallest possible client of Seam's API, for tests of the simulator."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession

from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

API_KEY = "seam_test_simkey_0001"
SECOND_API_KEY = "seam_test_simkey_0002"
ACCESS_TOKEN = "seam_at_simtoken_0001"

START = datetime(2026, 11, 21, 14, tzinfo=UTC)
"""A whole hour, 15:00 in Berlin."""


def offline(starts_at: datetime, ends_at: datetime | None, **more: Any) -> Any:
    """Return the parameters of an offline code for the bridged lock."""
    params = {
        "device_id": SEAM_LOCK_BRIDGED,
        "is_offline_access_code": True,
        "starts_at": starts_at.isoformat(),
        **more,
    }
    if ends_at is not None:
        params["ends_at"] = ends_at.isoformat()
    return params


class SeamApi:
    """Make requests with the first workspace's API key."""

    def __init__(self, sim: Simulator, http: ClientSession) -> None:
        """Talk to a started simulator."""
        self.sim = sim
        self.http = http

    async def call(
        self,
        route: str,
        body: object = None,
        *,
        method: str = "POST",
        key: str | None = API_KEY,
        headers: dict[str, str] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return status, JSON and headers of a request to `route`."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        json = body if body is not None or method != "POST" else {}
        async with self.http.request(
            method,
            f"{self.sim.seam_api_url}/{route}",
            json=json,
            params=query,
            headers=sent,
        ) as response:
            return response.status, await response.json(), dict(response.headers)

    async def ok(self, route: str, **params: Any) -> dict[str, Any]:
        """Return the JSON of a POST that must succeed."""
        status, body, _ = await self.call(route, params)
        assert status == 200, (route, status, body["error"]["type"])
        assert body["ok"] is True
        return body

    async def refused(self, route: str, **params: Any) -> tuple[int, str, str]:
        """Return status, error type and message of a POST that must fail."""
        status, body, _ = await self.call(route, params)
        assert status >= 400, (route, status)
        assert body["ok"] is False
        return status, body["error"]["type"], body["error"]["message"]

    async def create(self, device_id: str, **params: Any) -> dict[str, Any]:
        """Create an access code and return it."""
        body = await self.ok("access_codes/create", device_id=device_id, **params)
        code: dict[str, Any] = body["access_code"]
        return code

    async def offline(
        self, device_id: str, starts_at: datetime, hours: float, **params: Any
    ) -> dict[str, Any]:
        """Create an offline code of some elapsed hours and return it."""
        return await self.create(
            device_id,
            is_offline_access_code=True,
            starts_at=starts_at.isoformat(),
            ends_at=(starts_at + timedelta(hours=hours)).isoformat(),
            **params,
        )

    async def read(self, code: dict[str, Any]) -> dict[str, Any]:
        """Return the present state of a code."""
        code_id = code["access_code_id"]
        body = await self.ok("access_codes/get", access_code_id=code_id)
        now: dict[str, Any] = body["access_code"]
        return now

    async def event_types(self, since: datetime, **params: Any) -> list[str]:
        """Return the types of the events after a moment."""
        body = await self.ok("events/list", since=since.isoformat(), **params)
        return [event["event_type"] for event in body["events"]]

    def advance(self, **delta: float) -> None:
        """Move the simulator's clock, in `timedelta` words."""
        self.sim.clock.advance(timedelta(**delta))
