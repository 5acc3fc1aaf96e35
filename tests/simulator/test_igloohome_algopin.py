"""igloohome's algoPINs, strict as documented."""

import json
from typing import Any

import pytest

from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
    UNKNOWN_TYPE,
)

from .igloohome_api import Api

# NOW is 10:20 UTC, so 10:00+00:00 is the current hour.
HOURLY: dict[str, Any] = {
    "variance": 1,
    "startDate": "2026-11-20T10:00:00+00:00",
    "endDate": "2026-11-20T12:00:00+00:00",
    "accessName": "Plumber",
}
DAILY = HOURLY | {"endDate": "2026-12-19T10:00:00+00:00"}
ONETIME = {key: HOURLY[key] for key in ("variance", "startDate", "accessName")}


def path(device: str, kind: str) -> str:
    """Return the path of an algoPIN request."""
    return f"/devices/{device}/algopin/{kind}"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("hourly", HOURLY),
        ("daily", DAILY),
        ("onetime", ONETIME),
        ("permanent", ONETIME),
    ],
)
async def test_same_input_same_pin(api: Api, kind: str, body: dict[str, Any]) -> None:
    """A repeated request gives the same PIN with a new id and is no second code."""
    url = path(LOCK_UNBRIDGED, kind)
    first = (await api.post(url, body))[1]
    status, second = await api.post(url, body | {"accessName": "Another name"})
    assert (status, first.keys()) == (200, {"pin", "pinId"})
    assert len(first["pin"]) == 9
    assert first["pin"].isdigit()
    assert first["pin"] == second["pin"]
    assert first["pinId"] != second["pinId"]
    (record,) = api.sim.igloohome.issued
    assert (record.kind, record.count, record.access_name) == (kind, 2, "Another name")
    assert (record.pin_id, record.pin) == (second["pinId"], first["pin"])
    assert first["pin"] not in repr(record)

    third = (await api.post(url, body | {"variance": 2}))[1]
    other_lock = (await api.post(path(PADLOCK, kind), body))[1]
    assert len({first["pin"], third["pin"], other_lock["pin"]}) == 3
    assert api.sim.igloohome.issued_distinct() == {
        (LOCK_UNBRIDGED, first["pin"]),
        (LOCK_UNBRIDGED, third["pin"]),
        (PADLOCK, other_lock["pin"]),
    }


FORMAT = "must be in format YYYY-MM-DDTHH:00:00+hh:mm"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"startDate": "2026-11-20T10:00:00Z"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:30:00+00:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:01+00:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:00.0+00:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:00+0000"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-13-20T10:00:00+00:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:00+15:00"}, f"'startDate' {FORMAT}"),
        ({"startDate": "2026-11-20T10:00:00+00:00\n"}, f"'startDate' {FORMAT}"),
        ({"startDate": 1763632800}, f"'startDate' {FORMAT}"),
        ({"endDate": "2026-11-20T12:00:00Z"}, f"'endDate' {FORMAT}"),
        ({"startDate": None}, "'startDate' is required"),
        ({"endDate": None}, "'endDate' is required"),
        ({"variance": None}, "'variance' is required"),
        ({"variance": 0}, "'variance' must be one of 1, 2, 3"),
        ({"variance": 4}, "'variance' must be one of 1, 2, 3"),
        ({"variance": "1"}, "'variance' must be one of 1, 2, 3"),
        ({"variance": True}, "'variance' must be one of 1, 2, 3"),
        ({"variance": 1.0}, "'variance' must be one of 1, 2, 3"),
        ({"accessName": None}, "'accessName' is required"),
        ({"accessName": ""}, "'accessName' length is 1-60 characters"),
        ({"accessName": "x" * 61}, "'accessName' length is 1-60 characters"),
        ({"accessName": 5}, "'accessName' length is 1-60 characters"),
        ({"color": "red"}, "'color' is not allowed"),
        ({"endDate": HOURLY["startDate"]}, "'endDate' must be after 'startDate'"),
        (
            {"endDate": "2026-11-19T12:00:00+00:00"},
            "'endDate' must be after 'startDate'",
        ),
        ({"endDate": "2026-11-20T10:00:00-00:30"}, "The minimum duration is 1 hour"),
        ({"endDate": "2026-12-18T11:00:00+00:00"}, "Exceeded the limit of 672 hours"),
        (
            {"startDate": "2026-11-20T09:00:00+00:00"},
            "'startDate' must not be in the past",
        ),
    ],
)
async def test_hourly_refusals(api: Api, change: dict[str, Any], error: str) -> None:
    """Every broken rule of an hourly code is refused and nothing is issued."""
    answer = await api.post(path(PADLOCK, "hourly"), HOURLY | change)
    assert answer == (400, {"error": error})
    assert api.sim.igloohome.issued == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("hourly", {"endDate": "2026-11-20T11:00:00+00:00"}),
        ("hourly", {"endDate": "2026-12-18T10:00:00+00:00"}),
        ("hourly", {"accessName": "x" * 60, "variance": 3}),
        # 15:50 in India: the running hour there began at 09:30 UTC.
        (
            "hourly",
            {
                "startDate": "2026-11-20T15:00:00+05:30",
                "endDate": "2026-11-20T16:00:00+05:30",
            },
        ),
        ("daily", {"endDate": "2026-12-19T10:00:00+00:00"}),
        ("daily", {"endDate": "2027-11-22T10:00:00+00:00"}),
        # Over the spring change in Berlin, same hour on the wall.
        (
            "daily",
            {
                "startDate": "2027-03-01T12:00:00+01:00",
                "endDate": "2027-03-30T12:00:00+02:00",
            },
        ),
    ],
)
async def test_windows_at_the_limits(
    api: Api, kind: str, change: dict[str, Any]
) -> None:
    """What is just allowed is allowed."""
    assert (await api.post(path(PADLOCK, kind), HOURLY | change))[0] == 200


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("2026-12-18T10:00:00+00:00", "The minimum duration is 29 days"),
        ("2027-11-23T10:00:00+00:00", "Exceeded the limit of 367 days"),
        (
            "2026-12-20T11:00:00+00:00",
            "'startDate' and 'endDate' must have the same hour",
        ),
    ],
)
async def test_daily_refusals(api: Api, end: str, error: str) -> None:
    """Daily codes: 29 to 367 days, same hour."""
    answer = await api.post(path(PADLOCK, "daily"), DAILY | {"endDate": end})
    assert answer == (400, {"error": error})


async def test_kinds_without_end(api: Api) -> None:
    """One-time and permanent codes know no endDate and have their own variances."""
    for kind in ("onetime", "permanent"):
        answer = await api.post(path(PADLOCK, kind), HOURLY)
        assert answer == (400, {"error": "'endDate' is not allowed"})
    assert (await api.post(path(PADLOCK, "onetime"), ONETIME | {"variance": 5}))[
        0
    ] == 200
    assert (await api.post(path(PADLOCK, "onetime"), ONETIME | {"variance": 6}))[
        0
    ] == 400
    four = ONETIME | {"variance": 4}
    assert (await api.post(path(PADLOCK, "permanent"), four))[0] == 400
    api.sim.igloohome.switches.permanent_variances = 5
    assert (await api.post(path(PADLOCK, "permanent"), four))[0] == 200


async def test_wrong_targets_and_media(api: Api) -> None:
    """No keypad, no device, no JSON."""
    for device in (LOCK_RETROFIT, BRIDGE, UNKNOWN_TYPE):
        answer = await api.post(path(device, "hourly"), HOURLY)
        assert answer == (400, {"error": "Device does not support algoPIN"})
    assert (await api.post(path(KEYPAD_RETROFIT, "hourly"), HOURLY))[0] == 200
    assert (await api.post(path("none", "hourly"), HOURLY))[0] == 404
    url = api.sim.igloohome_api_url + path(PADLOCK, "hourly")
    for content_type, text, status, message in (
        ("text/plain", json.dumps(HOURLY), 415, "Unsupported Media Type"),
        ("application/json", "{", 400, "Invalid request body"),
        ("application/json", "[]", 400, "Invalid request body"),
    ):
        async with api.http.post(
            url,
            data=text,
            headers={
                "Content-Type": content_type,
                "Authorization": f"Bearer {api.token}",
            },
        ) as response:
            assert response.status == status
            assert await response.json() == {"message": message}


async def test_algopin_switches(api: Api) -> None:
    """The uncertain rules of algoPINs."""
    switches = api.sim.igloohome.switches
    url = path(PADLOCK, "hourly")
    switches.extra_properties = "ignore"
    switches.old_start = "accept"
    switches.z_suffix = "accept"
    switches.created_status = 201
    old = HOURLY | {"startDate": "2026-11-01T10:00:00Z", "color": "red"}
    assert (await api.post(url, old))[0] == 201
    switches.future_fields = True
    assert "futureField" in (await api.post(url, HOURLY))[1]
    switches.future_fields = False
    spring = HOURLY | {
        "startDate": "2027-03-01T12:00:00+01:00",
        "endDate": "2027-03-30T12:00:00+02:00",
    }
    switches.daily_hours = "utc"
    assert (await api.post(path(PADLOCK, "daily"), spring))[0] == 400

    count = len(api.sim.igloohome.issued_distinct())
    expected: dict[str, Any] = {
        "no_pin": {"pinId": str},
        "empty_pin": {"pin": str, "pinId": str},
        "number": {"pin": int, "pinId": str},
        "no_pin_id": {"pin": str},
    }
    for form, shape in expected.items():
        switches.pin_answer = form  # type: ignore[assignment]
        answer = (await api.post(url, HOURLY | {"variance": 2}))[1]
        assert {key: type(value) for key, value in answer.items()} == shape
    assert len(api.sim.igloohome.issued_distinct()) == count + 1


async def test_pin_length_switch(api: Api) -> None:
    """With "7-9" all three lengths occur, leading zeros included."""
    switches = api.sim.igloohome.switches
    pins = []
    for day in range(1, 29):
        body = ONETIME | {"startDate": f"2026-12-{day:02d}T00:00:00+00:00"}
        for variance in range(1, 6):
            request = body | {"variance": variance}
            _, answer = await api.post(path(PADLOCK, "onetime"), request)
            pins.append(answer["pin"])
    assert {len(pin) for pin in pins} == {9}
    assert any(pin.startswith("0") for pin in pins)
    switches.pin_length = "7-9"
    lengths = set()
    for variance in range(1, 6):
        for hour in range(5):
            start = f"2027-01-01T{hour:02d}:00:00+00:00"
            body = ONETIME | {"startDate": start, "variance": variance}
            _, answer = await api.post(path(PADLOCK, "onetime"), body)
            lengths.add(len(answer["pin"]))
    assert lengths == {7, 8, 9}


async def test_slot_limit_switch(api: Api) -> None:
    """Some sources say three codes per start, whatever the end."""
    api.sim.igloohome.switches.slot_limit = "start"
    url = path(PADLOCK, "hourly")
    ends = [f"2026-11-20T{hour}:00:00+00:00" for hour in (12, 13, 14, 15)]
    statuses = [(await api.post(url, HOURLY | {"endDate": end}))[0] for end in ends]
    assert statuses == [200, 200, 200, 400]
    assert (await api.post(url, HOURLY))[0] == 200
    assert (await api.post(path(PADLOCK, "permanent"), ONETIME))[0] == 200
