"""What locks report, and the status of every access code."""

from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .codes import CodeBook
from .const import (
    DEFAULT_CODE_SENSORS,
    DEFAULT_KEEP_ENDED_DAYS,
    OPTION_CODE_SENSORS,
    OPTION_KEEP_ENDED_DAYS,
)
from .coordinator import Account, AccountConfigEntry
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)
from .lifecycle import ends_at, first_use_deadline
from .model import Code, CodeKind, CodeStatus, Device
from .names import shown_code_name
from .properties.sensor import async_add_property_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A sensor whose value is in what the cloud lists of a device."""

    value_fn: Callable[[Device], int | datetime | None]


@dataclass(frozen=True, kw_only=True)
class LockCodesSensorDescription(SensorEntityDescription):
    """A sensor about all codes of a lock."""

    value_fn: Callable[[CodeBook, str], int | datetime | None]


DEVICE_SENSORS = (
    DeviceSensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda device: device.battery_level,
    ),
    DeviceSensorDescription(
        key="last_sync",
        translation_key="last_sync",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda device: device.last_sync,
    ),
)

LOCK_CODES_SENSORS = (
    LockCodesSensorDescription(
        key="live_codes",
        translation_key="live_codes",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=CodeBook.live_count,
    ),
    LockCodesSensorDescription(
        key="next_change",
        translation_key="next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=CodeBook.next_change,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of every device and every code."""
    account = entry.runtime_data
    coordinator = account.coordinator
    account_id = coordinator.account_id
    code_sensors = entry.options.get(OPTION_CODE_SENSORS, DEFAULT_CODE_SENSORS)
    keep = timedelta(
        days=entry.options.get(OPTION_KEEP_ENDED_DAYS, DEFAULT_KEEP_ENDED_DAYS)
    )

    @callback
    def candidates() -> Candidates:
        found: dict[str, Candidate] = {}
        for device_id, device in coordinator.data.items():
            for description in DEVICE_SENSORS:
                found[unique_id(account_id, device_id, description.key)] = Candidate(
                    partial(
                        DeviceSensor,
                        coordinator,
                        device_id,
                        description.key,
                        description,
                    ),
                    cause=description.value_fn(device) is not None,
                )
            if not device.takes_codes or device.lock_id is not None:
                continue
            for lock_description in LOCK_CODES_SENSORS:
                found[unique_id(account_id, device_id, lock_description.key)] = (
                    Candidate(
                        partial(LockCodesSensor, account, device_id, lock_description)
                    )
                )
        return found

    @callback
    def of_codes(ids: AbstractSet[str] | None) -> dict[str, Candidate | None]:
        limit = dt_util.utcnow() - keep
        found: dict[str, Candidate | None] = {}
        for code_id in [c.code_id for c in account.book] if ids is None else ids:
            shown = _is_shown(account, code_id, limit)
            found[unique_id(account_id, code_id)] = (
                Candidate(partial(CodeStatusSensor, account, code_id))
                if shown
                else None
            )
        return found

    async_track_entities(
        hass,
        entry,
        Platform.SENSOR,
        async_add_entities,
        candidates,
        of_codes=of_codes if code_sensors else None,
    )
    async_add_property_sensors(account, async_add_entities)


def _is_shown(account: Account, code_id: str, limit: datetime) -> bool:
    """Return whether a code has a sensor: not one that was over before ``limit``."""
    code = account.book.get(code_id)
    if code is None or (code.record and code.record.forgotten_at is not None):
        return False
    ended_at = _ended_at(code, account.book.status(code_id))
    return account.book.device_id(code_id) in account.coordinator.data and not (
        ended_at is not None and ended_at < limit
    )


def _ended_at(code: Code, status: CodeStatus) -> datetime | None:
    """Return since when a code is over, None for one that is not, or not known."""
    end = ends_at(code)
    if not status.ended:
        return None
    if (record := code.record) is None:
        return end
    if status is CodeStatus.FAILED:
        return record.failed_at or record.vanished_at or end
    if status is CodeStatus.USED:
        return record.first_used_at
    gone = record.vanished_at if code.kind is CodeKind.ONLINE else None
    return min((moment for moment in (gone, end) if moment is not None), default=None)


class DeviceSensor(AccountEntity, SensorEntity):
    """A value the cloud lists of a device."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def native_value(self) -> int | datetime | None:
        """Return the value as the cloud listed it last."""
        return self.entity_description.value_fn(self.device)


class LockCodesSensor(AccountEntity, SensorEntity):
    """A value about all codes of a lock."""

    entity_description: LockCodesSensorDescription

    def __init__(
        self,
        account: Account,
        device_id: str,
        description: LockCodesSensorDescription,
    ) -> None:
        """Read the code book of the account."""
        super().__init__(account.coordinator, device_id, description.key, description)
        self._book = account.book

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the codes of the lock."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._book.async_listen(self._device_id, self.async_write_ha_state)
        )

    @property
    @override
    def available(self) -> bool:
        """Return True: the ledger and the clock know, whether the cloud answers."""
        return True

    @property
    @override
    def native_value(self) -> int | datetime | None:
        """Return the value at this moment."""
        return self.entity_description.value_fn(self._book, self._device_id)


class CodeStatusSensor(SensorEntity):
    """The status of one access code; never its PIN."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key = "code_status"
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = [status.value for status in CodeStatus]

    def __init__(self, account: Account, code_id: str) -> None:
        """Show a code on the lock it opens."""
        self._book = account.book
        self._coordinator = account.coordinator
        self._code_id = code_id
        self._device_id = account.book.device_id(code_id)
        self._attr_unique_id = unique_id(account.coordinator.account_id, code_id)
        self.device_entry = account.coordinator.registered_device(self._device_id)
        code = account.book.get(code_id)
        assert code is not None
        self._attr_translation_placeholders = {"name": shown_code_name(code)}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the code."""
        await super().async_added_to_hass()
        self.async_on_remove(self._book.async_listen(self._code_id, self._update))

    @callback
    def _update(self) -> None:
        # A code that was taken off is removed by the platform.
        if (code := self._book.get(self._code_id)) is not None:
            if (name := {"name": shown_code_name(code)}) != (
                self._attr_translation_placeholders
            ):
                self._attr_translation_placeholders = name
                # Home Assistant keeps the name it worked out of the old one.
                vars(self).pop("name", None)
            self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> str:
        """Return the status at this moment."""
        return self._book.status(self._code_id).value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the window and what names the code; never the PIN.

        Times are ISO text on the clock of the lock, as in the answers.
        """
        code = self._book.get(self._code_id)
        assert code is not None
        zone = self._coordinator.zone_of_code(code, self._device_id)

        def local(moment: datetime | None) -> str | None:
            return None if moment is None else moment.astimezone(zone).isoformat()

        return {
            "code_id": code.code_id,
            "kind": code.kind.value,
            "origin": code.origin.value,
            "starts_at": local(code.starts_at),
            "ends_at": local(ends_at(code)),
            "first_use_by": local(first_use_deadline(code)),
        }
