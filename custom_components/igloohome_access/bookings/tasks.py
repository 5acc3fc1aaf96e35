"""Carrying out what a plan asks of a cloud: codes to make, to change and to delete.

Each task is tried once and awaited; the planner decides when to try again. What is
under way when the account is unloaded is finished by the issuer and by the online
codes, whose requests are on disk before they leave.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..clouds.base import CloudAuthError, CloudError, OutcomeUnknownError
from ..codes import CodeBook
from ..const import DOMAIN
from ..errors import failure
from ..issuing import Issued, Issuer
from ..model import CloudKind, CodeKind, CodeOrigin, CodeRecord, CodeStatus, Device
from ..names import shown_code_name
from ..occupancy import draw_for, known_pins
from ..online import OnlineCodes, OnlineRequest
from ..pins import USUAL_LENGTH, check_pin, lengths_of
from ..properties.memory import BookingMemories
from ..properties.settings import PropertyConfig
from ..rules import RuleViolation
from .actions import DeleteOnlineCode, IssueCode, Task, UpdateOnlineCode
from .model import CodeSource, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a property needs of the account it belongs to."""

    hass: HomeAssistant
    kind: CloudKind
    book: CodeBook
    issuer: Issuer
    online: OnlineCodes
    memories: BookingMemories
    devices: Callable[[], Mapping[str, Device]]
    zone: Callable[[str], ZoneInfo]
    lock_name: Callable[[str], str]
    start_reauth: Callable[[], None]
    create_task: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]

    def bridged(self) -> frozenset[str]:
        """Return the locks that a bridge reaches now."""
        devices = self.devices().values()
        return frozenset(d.device_id for d in devices if d.takes_online_codes)


class BookingTasks:
    """Makes, changes and deletes the codes of one property."""

    def __init__(self, around: Surroundings, config: PropertyConfig) -> None:
        """Know no phone number yet."""
        self._around = around
        self._config = config
        self._phones: dict[str, str] = {}
        self._spoiled: dict[str, set[tuple[str, str]]] = {}

    def take_phones(self, phones: Mapping[str, str], bookings: set[str]) -> None:
        """Take over the last digits of phone numbers, by booking; in memory only.

        Those of a booking that the last read did not show are kept while it is among
        the ``bookings`` that are remembered.
        """
        known = {**self._phones, **phones}
        self._phones = {key: known[key] for key in known.keys() & bookings}
        self._spoiled = {
            key: digits for key, digits in self._spoiled.items() if key in bookings
        }

    def spoil(self, booking: str, record: CodeRecord) -> None:
        """Use the digits of a failed code on its lock for this booking no more.

        In memory only: after a restart they are tried once more at most.
        """
        if record.pin is not None:
            spoiled = self._spoiled.setdefault(booking, set())
            spoiled.add((record.device_id, record.pin))

    async def async_try(self, task: Task) -> Reason | None:
        """Try a task; return what was in the way, if anything."""
        try:
            if isinstance(task, IssueCode):
                return await self._async_issue(task)
            if isinstance(task, UpdateOnlineCode):
                return await self._async_change(task)
            return await self._async_delete(task)
        except RuleViolation as err:
            return Reason(err.key, err.placeholders)
        except CloudError as err:
            if isinstance(err, CloudAuthError):
                self._around.start_reauth()
            offline = isinstance(task, IssueCode) and task.plan.kind.offline
            if isinstance(err, OutcomeUnknownError) and offline:
                # The ledger keeps the request, and the planner goes by that. Of an
                # online code it has to know: there is another way to help a guest.
                return None
            key, placeholders = failure(err)
            return Reason(key, placeholders)
        except HomeAssistantError as err:
            if err.translation_domain != DOMAIN or err.translation_key is None:
                return Reason("cloud_refused")
            return Reason(err.translation_key, err.translation_placeholders or {})

    async def _async_issue(self, task: IssueCode) -> Reason | None:
        device = self._around.devices().get(task.lock_id)
        name = self._config.name_of_code(task.stay)
        lock = self._around.lock_name(task.lock_id)
        if device is None:
            return Reason("lock_not_listed", {"lock": lock, "name": name})
        if task.plan.kind is CodeKind.ONLINE:
            (outcome,) = await self._around.online.async_create(
                [OnlineRequest(device=device, plan=task.plan)],
                name,
                self._digits(task, device),
                CodeOrigin.BOOKING,
                booking=task.tag.text,
            )
            if not isinstance(outcome, Issued):
                raise outcome
            return None
        if device.code_target_id is None or not device.takes_offline_codes:
            return Reason("lock_takes_no_offline_codes", {"name": lock})
        await self._around.issuer.async_issue(
            device, task.plan, name, CodeOrigin.BOOKING, booking=task.tag.text
        )
        return None

    async def _async_change(self, task: UpdateOnlineCode) -> Reason | None:
        code = self._around.book.get(task.code_id)
        device = self._around.devices().get(task.lock_id)
        name = self._config.name_of_code(task.stay)
        if device is None:
            lock = self._around.lock_name(task.lock_id)
            return Reason("lock_not_listed", {"lock": lock, "name": name})
        if code is not None:  # else it was taken off while others were being made
            await self._around.online.async_update(
                code,
                device,
                name=name,
                window=task.window,
                booking=task.tag.text,
            )
        return None

    async def _async_delete(self, task: DeleteOnlineCode) -> Reason | None:
        code = self._around.book.get(task.code_id)
        if code is None:
            return None
        gone = await self._around.online.async_delete(code, self._config.time_zone)
        if gone:
            return None
        lock = self._around.lock_name(self._around.book.device_id(task.code_id))
        told = {"name": shown_code_name(code), "lock": lock}
        return Reason("online_code_being_deleted", told)

    # Digits. Secrets: they go from here to the ledger and the cloud, nowhere else.

    def _digits(self, task: IssueCode, device: Device) -> str | None:
        """Return the digits of a new online code, None where any will do."""
        book = self._around.book
        taken = known_pins(book, device.device_id)
        # A cloud that could not make a code may have kept its digits all the same.
        taken |= {
            code.pin
            for code in book.of_device(device.device_id)
            if code.pin is not None and book.status(code.code_id) is CodeStatus.FAILED
        }
        taken |= {
            pin
            for lock_id, pin in self._spoiled.get(task.booking, ())
            if lock_id == device.device_id
        }
        for digits in self._candidates(task, device):
            with suppress(RuleViolation):
                return check_pin(digits, device, taken)
        return None

    def _candidates(self, task: IssueCode, device: Device) -> Iterator[str]:
        """Yield digits in the order of preference: a guest has one PIN if possible."""
        book, own = self._around.book, set(self._config.lock_ids)
        prefix = f"{task.tag.property_id}|{task.booking}|"
        for record in reversed(list(book.ledger.records.values())):
            if (
                record.kind is CodeKind.ONLINE
                and record.pin is not None
                and record.booking is not None
                and record.device_id in own - {device.device_id}
                and record.superseded_at is None
                and book.get(record.code_id) is not None
                and not book.status(record.code_id).ended
                and record.booking.startswith(prefix)
            ):
                yield record.pin
        if self._config.code_source is CodeSource.PHONE:
            phone = self._phones.get(task.booking, "")
            longest = min(len(phone), USUAL_LENGTH)
            fitting = [size for size in lengths_of(device) if size <= longest]
            if fitting:
                yield phone[-max(fitting) :]
        devices, others = self._around.devices(), own & self._around.bridged()
        everywhere = {device.device_id: device, **{o: devices[o] for o in others}}
        if (drawn := draw_for(book, list(everywhere.values()))) is not None:
            yield drawn
