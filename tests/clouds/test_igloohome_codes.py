"""igloohome's client against the simulator: algoPINs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudNotFoundError,
    CloudRefusedError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.model import CodeKind
from custom_components.igloohome_access.wall_clock import wire_time
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED

from .samples import PIN, START, code_request

OFFLINE_KINDS = [kind for kind in CodeKind if kind.offline]


# --- algoPIN ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OFFLINE_KINDS)
@pytest.mark.parametrize("status", [200, 201])
async def test_create(
    igloohome: IgloohomeCloud, sim: Simulator, kind: CodeKind, status: Any
) -> None:
    """Every kind is sent as the strict cloud wants it; the PIN stays a text."""
    sim.igloohome.switches.created_status = status
    created = await igloohome.async_create_offline_code(
        code_request(LOCK_BRIDGED, kind, variance=2)
    )
    (issued,) = sim.igloohome.issued
    assert created.pin == issued.pin
    assert created.cloud_id
    assert created.pin not in repr(created)
    (sent,) = sim.requests.select(path="/algopin/")
    assert sent.path.endswith(f"/algopin/{str(kind).replace('_', '')}")
    expected = {
        "variance": 2,
        "startDate": "2026-11-20T11:00:00+01:00",
        "accessName": "Plumber",
    }
    if kind is CodeKind.HOURLY:
        expected["endDate"] = "2026-11-20T16:00:00+01:00"
    if kind is CodeKind.DAILY:
        expected["endDate"] = "2026-12-20T11:00:00+01:00"
    assert sent.body == expected


async def test_same_request_same_pin(igloohome: IgloohomeCloud) -> None:
    """A repeated create gives the same PIN, another variance another one."""
    request = code_request(LOCK_BRIDGED)
    first, second, other = [
        await igloohome.async_create_offline_code(r)
        for r in (request, request, replace(request, variance=2))
    ]
    assert first.pin == second.pin != other.pin
    assert igloohome.repeatable_creates


@pytest.mark.parametrize(
    ("name", "sent"),
    [("x" * 70, "x" * 60), ("a" * 59 + " b", "a" * 59), ("  ", "Home Assistant")],
)
async def test_name_is_made_to_fit(
    igloohome: IgloohomeCloud, sim: Simulator, name: str, sent: str
) -> None:
    """A name has 1 to 60 characters."""
    await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED, name=name))
    assert sim.requests.all[-1].body["accessName"] == sent


async def test_answer_without_id(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Without a pinId the code gets an id that is stable and tells nothing."""
    sim.igloohome.switches.pin_answer = "no_pin_id"
    requests = (
        code_request(LOCK_BRIDGED),
        code_request(LOCK_BRIDGED),
        code_request(LOCK_BRIDGED, variance=2),
        code_request(LOCK_BRIDGED, CodeKind.PERMANENT),
    )
    created = [await igloohome.async_create_offline_code(r) for r in requests]
    ids = [code.cloud_id for code in created]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert all(code.pin and code.pin not in code.cloud_id for code in created)


@pytest.mark.parametrize("form", ["no_pin", "empty_pin", "number"])
async def test_answer_without_pin(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """A success without a usable PIN is of unknown outcome: the code may exist."""
    sim.igloohome.switches.pin_answer = form
    with pytest.raises(OutcomeUnknownError, match="no PIN"):
        await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert sim.requests.count(path="/algopin/") == 1


async def test_enveloped_answer(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The sister product wraps answers in a payload; leading zeros are kept."""
    sim.faults.add("/algopin/", "json", body={"payload": {"pin": PIN, "pinId": 7}})
    created = await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert (created.pin, created.cloud_id) == (PIN, "7")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (code_request(LOCK_BRIDGED, CodeKind.ONLINE), "kind_not_supported"),
        (
            code_request(LOCK_BRIDGED, starts_at=START + timedelta(minutes=20)),
            "not_on_the_hour",
        ),
        (
            # Half past on the clock of the lock.
            code_request(LOCK_BRIDGED, time_zone="Asia/Kolkata"),
            "not_on_the_hour",
        ),
        (
            replace(
                code_request(LOCK_BRIDGED),
                window=replace(code_request("").window, ends_at=None),
            ),
            "end_missing",
        ),
    ],
)
async def test_refused_before_a_request(
    igloohome: IgloohomeCloud, sim: Simulator, request_: Any, reason: str
) -> None:
    """What the cloud could only misunderstand is not sent."""
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_create_offline_code(request_)
    assert caught.value.reason == reason
    assert caught.value.detail
    assert sim.requests.all == []


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "Europe/Berlin", "12:00:00+02:00"),
        (datetime(2026, 12, 1, 10, tzinfo=UTC), "Europe/Berlin", "11:00:00+01:00"),
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "UTC", "10:00:00+00:00"),
        (datetime(2026, 7, 1, 10, 30, tzinfo=UTC), "Asia/Kolkata", "16:00:00+05:30"),
        (datetime(2026, 7, 1, 10, 15, tzinfo=UTC), "Asia/Kathmandu", "16:00:00+05:45"),
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "America/New_York", "06:00:00-04:00"),
        # The hour that exists twice, in both its forms.
        (datetime(2026, 10, 25, 0, tzinfo=UTC), "Europe/Berlin", "02:00:00+02:00"),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "Europe/Berlin", "02:00:00+01:00"),
    ],
)
def test_wire_time(moment: datetime, zone: str, expected: str) -> None:
    """The offset is numeric and that of the very moment."""
    assert wire_time(moment, ZoneInfo(zone)).partition("T")[2] == expected


async def test_refusals_of_a_create(igloohome: IgloohomeCloud) -> None:
    """What the cloud refuses is told with its own words."""
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_create_offline_code(
            code_request(LOCK_BRIDGED, length=timedelta(hours=700))
        )
    assert caught.value.reason == "http_400"
    assert "672" in caught.value.detail
    with pytest.raises(CloudNotFoundError, match="not found"):
        await igloohome.async_create_offline_code(code_request("no/such device"))


# --- what the cloud cannot do -------------------------------------------------------


async def test_codes_cannot_be_read_back(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """An empty answer would look as if every code had gone."""
    assert not igloohome.lists_codes
    for read in (
        igloohome.async_get_codes(["a"]),
        igloohome.async_list_codes(LOCK_BRIDGED, managed=True),
    ):
        with pytest.raises(CloudRefusedError) as caught:
            await read
        assert caught.value.reason == "listing_not_supported"
    assert sim.requests.all == []


async def test_concurrent_calls_share_one_token(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Twenty calls at once need one token."""
    sim.faults.add("/oauth2/token", "delay", delay=0.05)
    await asyncio.gather(
        *(
            igloohome.async_create_offline_code(code_request(LOCK_BRIDGED, variance=v))
            for v in [1, 2, 3, 1] * 5
        )
    )
    assert sim.requests.count(path="/oauth2/token") == 1
    assert sim.requests.count(path="/algopin/") == 20
