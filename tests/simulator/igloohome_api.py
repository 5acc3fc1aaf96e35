"""The smallest possible client of igloohome's API, for tests of the simulator."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession

from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED


def basic(client_id: str, secret: str) -> str:
    """Return the value of a Basic Authorization header."""
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


class Api:
    """Fetch a token and make requests; every method returns (status, JSON)."""

    def __init__(self, sim: Simulator, http: ClientSession) -> None:
        """Use the full account of the scenarios."""
        self.sim = sim
        self.http = http
        self.token = ""

    async def login(
        self,
        client: str = "sim",
        secret: str | None = None,
        scope: str | None = None,
    ) -> tuple[int, Any]:
        """Request a token as "<client>-client-id"; keep it when there is one."""
        secret = secret or f"{client}-client-secret"
        form = {"grant_type": "client_credentials"}
        if scope is not None:
            form["scope"] = scope
        async with self.http.post(
            self.sim.igloohome_auth_url,
            headers={"Authorization": basic(f"{client}-client-id", secret)},
            data=form,
        ) as response:
            body = await response.json()
            self.token = body.get("access_token", self.token)
            return response.status, body

    async def request(
        self, method: str, path: str, body: Any = None, **params: str
    ) -> tuple[int, Any]:
        """Make a request with the kept token."""
        async with self.http.request(
            method,
            self.sim.igloohome_api_url + path,
            json=body,
            params=params,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **params: str) -> tuple[int, Any]:
        """GET a path of the API."""
        return await self.request("GET", path, None, **params)

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """POST JSON to a path of the API."""
        return await self.request("POST", path, body)

    async def job(
        self, device: str, bridge: str, job_type: int, data: Any = None
    ) -> tuple[int, Any]:
        """Create a bridge job."""
        return await self.post(
            f"/devices/{device}/jobs/bridges/{bridge}",
            {"jobType": job_type, "jobData": data},
        )


async def start_job(api: Api, job_type: int, data: Any = None, **where: str) -> str:
    """Create a job that must be accepted; return its id."""
    device = where.get("device", LOCK_BRIDGED)
    status, body = await api.job(device, where.get("bridge", BRIDGE), job_type, data)
    assert (status, body.keys()) == (200, {"jobId"}), body
    return str(body["jobId"])


async def job_result(api: Api, job_id: str, after: float = 0) -> dict[str, Any]:
    """Return the job's answer some seconds later."""
    api.sim.clock.advance(timedelta(seconds=after))
    status, body = await api.get(f"/jobs/{job_id}")
    assert status == 200
    assert body["jobId"] == job_id
    return dict(body)
