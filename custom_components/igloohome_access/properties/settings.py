"""The settings of a property, as its config subentry keeps them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from string import Formatter
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from ..bookings.model import (
    ChangePolicy,
    CodeSource,
    PropertyLock,
    PropertySettings,
    Stay,
)
from ..model import CloudKind
from ..rules import MAX_NAME_LENGTH, RuleViolation, check_name

SUBENTRY_PROPERTY: Final = "property"

CONF_BACKUP_CODE: Final = "backup_code"
CONF_CALENDAR: Final = "calendar"
CONF_CHECK_IN: Final = "check_in"
CONF_CHECK_OUT: Final = "check_out"
CONF_CODE_NAME: Final = "code_name"
CONF_CODE_SOURCE: Final = "code_source"
CONF_IGNORE: Final = "ignore"
CONF_LEAD_DAYS: Final = "lead_days"
CONF_LOCKS: Final = "locks"
CONF_MARGIN_AFTER: Final = "margin_after"
CONF_MARGIN_BEFORE: Final = "margin_before"
CONF_NAME: Final = "name"
CONF_ON_CHANGE: Final = "on_change"
CONF_TIME_ZONE: Final = "time_zone"

DEFAULT_CODE_NAME: Final = "{property} {check_in}"
NAME_FIELDS: Final = ("property", "check_in", "check_out")
"""What a name may be put together from: nothing of a guest."""

_DAY = "0000-00-00"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyConfig:
    """A property: its calendar (an entity id), its locks (device ids), its rules."""

    property_id: str
    name: str
    calendar: str
    lock_ids: tuple[str, ...]
    time_zone: str
    code_name: str
    code_source: CodeSource
    options: Mapping[str, Any]

    @classmethod
    def of_data(cls, property_id: str, name: str, data: Mapping[str, Any]) -> Self:
        """Return the property that a subentry describes."""
        return cls(
            property_id=property_id,
            name=name,
            calendar=data[CONF_CALENDAR],
            lock_ids=tuple(data[CONF_LOCKS]),
            time_zone=data[CONF_TIME_ZONE],
            code_name=data[CONF_CODE_NAME],
            # Later than the other settings.
            code_source=CodeSource(data.get(CONF_CODE_SOURCE, CodeSource.ALGOPIN)),
            options={
                "lead_days": data[CONF_LEAD_DAYS],
                "margin_before": data[CONF_MARGIN_BEFORE],
                "margin_after": data[CONF_MARGIN_AFTER],
                "check_in": time.fromisoformat(data[CONF_CHECK_IN]),
                "check_out": time.fromisoformat(data[CONF_CHECK_OUT]),
                "ignore": tuple(data[CONF_IGNORE]),
                "on_change": ChangePolicy(data[CONF_ON_CHANGE]),
                "backup_code": data[CONF_BACKUP_CODE],
            },
        )

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone; read a file unless it was loaded before."""
        return ZoneInfo(self.time_zone)

    def settings(
        self,
        cloud: CloudKind,
        zone_of_lock: Callable[[str], ZoneInfo],
        bridged: frozenset[str],
    ) -> PropertySettings:
        """Return what the planner needs to know; of locks it may change with time."""
        return PropertySettings(
            property_id=self.property_id,
            cloud=cloud,
            locks=tuple(
                PropertyLock(lock_id, zone_of_lock(lock_id))
                for lock_id in self.lock_ids
            ),
            zone=self.zone,
            code_source=self.code_source,
            bridged=bridged,
            **self.options,
        )

    def name_of_code(self, stay: Stay) -> str:
        """Return what a code of a stay is called at the cloud and in lists.

        Cut to what fits: a property can be renamed without its form.
        """
        zone = self.zone
        name = self.code_name.format(
            property=self.name,
            check_in=stay.check_in.astimezone(zone).date().isoformat(),
            check_out=stay.check_out.astimezone(zone).date().isoformat(),
        )
        return name.strip()[:MAX_NAME_LENGTH].strip()


def is_name_template(template: str, name: str) -> bool:
    """Return whether codes can be named after a template, for a property's name."""
    try:
        for _, field, spec, conversion in Formatter().parse(template):
            if field is not None and (field not in NAME_FIELDS or spec or conversion):
                return False
        check_name(template.format(property=name, check_in=_DAY, check_out=_DAY))
    except ValueError, RuleViolation:
        return False
    return True
