"""Bridge-proxied jobs: what a lock is told through its bridge (§4).

A bridge works on one job after another. Nothing runs in the background: every
request first settles what the clock says has happened since the last one.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from .errors import refuse, refuse_at_gateway
from .fields import (
    access_name,
    before_current_hour,
    custom_pin,
    integer,
    json_object,
    moment,
    only,
    required,
)
from .lockside import carry_out
from .state import Device, Job, iso
from .world import World

LOCK, UNLOCK, CREATE_PIN, DELETE_PIN, BATTERY, STATUS, LOGS = 1, 2, 4, 5, 9, 10, 15

_SCOPES = {
    LOCK: "lock-bridge-proxied-job",
    UNLOCK: "unlock-bridge-proxied-job",
    CREATE_PIN: "create-pin-bridge-proxied-job",
    DELETE_PIN: "delete-pin-bridge-proxied-job",
    BATTERY: "get-battery-level-bridge-proxied-job",
    STATUS: "get-device-status-bridge-proxied-job",
    LOGS: "get-activity-logs-bridge-proxied-job",
}
_DATA_FIELDS = {
    CREATE_PIN: {"accessName", "pin", "pinType", "startDate", "endDate"},
    DELETE_PIN: {"pin"},
    LOGS: {"lockTime"},
}
_DURATION_PIN = 4


class JobApi:
    """Take jobs in, let the bridges work on them, tell how they went."""

    def __init__(self, world: World) -> None:
        """Serve the bridges of ``world``."""
        self._world = world
        self.jobs: dict[str, Job] = {}
        self._queues: dict[str, list[Job]] = {}
        self._free_at: dict[str, datetime] = {}
        world.settlers.append(self.settle)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API base."""
        return [
            web.post("/devices/{device_id}/jobs/bridges/{bridge_id}", self._create),
            web.get("/jobs/{job_id}", self._status),
        ]

    def clear(self) -> None:
        """Forget all jobs."""
        self.jobs.clear()
        self._queues.clear()
        self._free_at.clear()

    async def _create(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, None)
        body = await json_object(request)
        only(body, {"jobType", "jobData"}, world.switches)
        job_type = integer(body, "jobType", _SCOPES.keys())
        if _SCOPES[job_type] not in token.scopes:
            refuse_at_gateway(403, "Forbidden")
        device = world.device_of(token, request.match_info["device_id"])
        data = body.get("jobData")
        if data is None:
            data = {}
        if not isinstance(data, dict):
            refuse(400, "'jobData' must be an object")
        only(data, _DATA_FIELDS.get(job_type, set()), world.switches)
        self._check_data(device, job_type, data)
        bridge_id = request.match_info["bridge_id"]
        self._check_bridge(device, bridge_id)
        self.settle()
        self._check_queue(device, bridge_id, data.get("pin"))

        now = world.clock.now()
        job = Job(
            job_id=str(uuid4()),
            home=device.home,
            device=device,
            bridge_id=bridge_id,
            job_type=job_type,
            data=data,
            created_at=now,
            expires_at=now + timedelta(seconds=world.switches.job_expiry_seconds),
        )
        self.jobs[job.job_id] = job
        self._queues.setdefault(bridge_id, []).append(job)
        return world.created({"jobId": job.job_id})

    def _check_data(self, device: Device, job_type: int, data: dict[str, Any]) -> None:
        """Refuse jobData that breaks a rule of §4.1."""
        world = self._world
        if job_type in (LOCK, UNLOCK) and device.type in ("Keypad", "Bridge"):
            refuse(400, "Job type is not supported by the device")
        if job_type == LOGS and data.get("lockTime") is not None:
            moment(data, "lockTime", world.switches)
        if job_type not in (CREATE_PIN, DELETE_PIN):
            return
        if not device.keypad:
            refuse(400, "Job type is not supported by the device")
        custom_pin(data)
        if job_type == DELETE_PIN:
            return
        access_name(data)
        pin_type = integer(data, "pinType", {1, 2, _DURATION_PIN})
        start = moment(data, "startDate", world.switches)
        if before_current_hour(start, world.clock.now()):
            refuse(400, "'startDate' must not be in the past")
        if pin_type == _DURATION_PIN:
            required(data, "endDate")
        if data.get("endDate") is not None:
            end = moment(data, "endDate", world.switches)
            if end.at <= start.at:
                refuse(400, "'endDate' must be after 'startDate'")

    def _check_bridge(self, device: Device, bridge_id: str) -> None:
        """Refuse when the bridge cannot be asked at all (§4.3, §9: always 406)."""
        bridge = self._world.devices.get(bridge_id)
        if (
            bridge is None
            or bridge.home != device.home
            or not bridge.online
            or device.device_id not in bridge.linked
        ):
            refuse(406, f"Unable to contact bridge. {bridge_id} appears to be offline")

    def _check_queue(self, device: Device, bridge_id: str, pin: str | None) -> None:
        """Refuse a full queue and a second pending job with the same PIN."""
        queue = self._queues.get(bridge_id, [])
        if pin is not None and any(
            job.device is device and job.data.get("pin") == pin for job in queue
        ):
            refuse(406, "Existing job with the same PIN")
        if len(queue) >= self._world.switches.queue_limit:
            refuse(406, "Too many pending jobs for the bridge")

    async def _status(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, "get-job-status")
        job = self.jobs.get(request.match_info["job_id"])
        if job is None or job.home != token.client.home:
            refuse(404, "Job not found")
        self.settle()
        return web.json_response(self._as_json(job))

    def settle(self) -> None:
        """Bring every bridge's queue up to the present."""
        now = self._world.clock.now()
        for bridge_id, queue in self._queues.items():
            while queue:
                job = self._current(bridge_id, queue)
                if job.started_at is None:
                    free_at = self._free_at.get(bridge_id, job.created_at)
                    job.started_at = max(job.created_at, free_at)
                done_at = job.started_at + self._duration(job)
                reached = self._reaches(job) and done_at <= job.expires_at
                ended_at = done_at if reached else job.expires_at
                if ended_at > now:
                    break
                queue.remove(job)
                job.settled_at = ended_at
                self._free_at[bridge_id] = max(ended_at, job.started_at)
                job.outcome = reached and carry_out(job, ended_at, self._world)

    def _current(self, bridge_id: str, queue: list[Job]) -> Job:
        """Return the job a bridge is at, or takes next from its waiting ones."""
        for job in queue:
            if job.started_at is not None:
                return job
        if self._world.switches.job_order == "oldest_first":
            return queue[0]
        begin = max(
            self._free_at.get(bridge_id, queue[0].created_at), queue[0].created_at
        )
        return [job for job in queue if job.created_at <= begin][-1]

    def restart_running(self, changed_id: str) -> None:
        """Begin a bridge's first job anew, after its or its lock's reach changed.

        Without it a job that waited out of reach would seem to have been done
        at once, in the past.
        """
        now = self._world.clock.now()
        for bridge_id, queue in self._queues.items():
            if not queue:
                continue
            job = self._current(bridge_id, queue)
            if changed_id in (bridge_id, job.device.device_id):
                job.started_at = now

    def _duration(self, job: Job) -> timedelta:
        """Return how long the bridge needs for a job."""
        switches = self._world.switches
        if job.device.job_seconds is not None:
            return timedelta(seconds=job.device.job_seconds)
        if job.job_type in (LOCK, UNLOCK):
            return timedelta(seconds=switches.lock_job_seconds)
        if job.job_type in (CREATE_PIN, DELETE_PIN):
            return timedelta(seconds=switches.pin_job_seconds)
        if job.job_type == LOGS:
            return timedelta(seconds=switches.logs_job_seconds)
        return timedelta(seconds=switches.query_job_seconds)

    def _reaches(self, job: Job) -> bool:
        """Return whether the bridge is online and the lock in its reach."""
        devices = self._world.devices
        bridge = devices.get(job.bridge_id)
        return (
            bridge is not None
            and bridge.online
            and job.device.device_id in bridge.linked
            and devices.get(job.device.device_id) is job.device
            and job.device.in_reach
        )

    def _as_json(self, job: Job) -> dict[str, Any]:
        """Return the answer of §4.2 in the form the switches ask for."""
        switches = self._world.switches
        as_text = switches.job_type_form == "string"
        answer: dict[str, Any] = {
            "jobId": job.job_id,
            "expiryDate": iso(job.expires_at),
            "completed": True,
            "jobType": str(job.job_type) if as_text else job.job_type,
        }
        expired = job.outcome is False and not job.op_result
        if job.outcome is None or (expired and switches.expired_job == "silent"):
            answer["completed"] = False
            if switches.pending_response == "null":
                answer["jobResponse"] = None
            elif switches.pending_response == "empty":
                answer["jobResponse"] = {}
            elif switches.pending_response == "status":
                answer["jobResponse"] = {"jobStatus": 1}
        elif expired:
            answer["completed"] = switches.expired_job == "completed"
            answer["jobResponse"] = {"jobStatus": 2}
        else:
            answer["jobResponse"] = {
                "jobStatus": 0 if job.outcome else 2,
                "opResult": job.op_result,
            }
        return answer
