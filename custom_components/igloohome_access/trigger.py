"""Triggers for automations: what becomes of codes, and who was refused at a door.

They are made of the event entities (event.py), so each event triggers once, and a
restart triggers nothing.
"""

from typing import Any, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .milestones import Milestone
from .model import ActivityKind, CodeKind, CodeStatus

CONF_CODE_NAME = "code_name"
CONF_FIRST_USE_ONLY = "first_use_only"
CONF_KIND = "kind"

_NAME = {vol.Optional(CONF_CODE_NAME): cv.string}
_KIND = {
    vol.Optional(CONF_KIND): vol.All(
        cv.ensure_list, vol.Length(min=1), [vol.In([kind.value for kind in CodeKind])]
    )
}


def _schema(*options: dict[Any, Any]) -> vol.Schema:
    """Return the schema of a trigger with a target and these options."""
    together: dict[Any, Any] = {}
    for each in options:
        together |= each
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {vol.Required(CONF_OPTIONS, default={}): together}
    )


class EventTrigger(StatelessEntityTriggerBase):
    """Triggers on some types of the events of this integration's entities."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _event_types: tuple[str, ...]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep what a code has to be like."""
        super().__init__(hass, config)
        self._name: str | None = self._options.get(CONF_CODE_NAME)
        self._kinds: list[str] | None = self._options.get(CONF_KIND)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what others have in the same area or device."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) and entry.platform == DOMAIN
        }

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether it is an event that was asked for."""
        told = state.attributes
        return (
            told.get("event_type") in self._event_types
            and self._name in (None, told.get("code_name"))
            and (self._kinds is None or told.get("kind") in self._kinds)
        )


class CodeReadyTrigger(EventTrigger):
    """Triggers when the PIN of a code is known and can be handed out."""

    _schema = _schema(_NAME, _KIND)
    _event_types = (Milestone.PIN_READY,)


class CodeUsedTrigger(EventTrigger):
    """Triggers when a door was unlocked with a code that is known."""

    _schema = _schema(
        _NAME, {vol.Optional(CONF_FIRST_USE_ONLY, default=False): cv.boolean}
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Listen to the codes for the first use, else to the door."""
        super().__init__(hass, config)
        first = self._options.get(CONF_FIRST_USE_ONLY, False)
        self._event_types = (Milestone.FIRST_USE if first else ActivityKind.UNLOCKED,)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether it is an event that was asked for, with a code."""
        return state.attributes.get("code_id") is not None and super().is_valid_state(
            state, report_not_triggered
        )


class CodeFailedTrigger(EventTrigger):
    """Triggers when a code will not work."""

    _schema = _schema(_NAME, _KIND)
    _event_types = (Milestone.FAILED,)


class CodeEndedTrigger(EventTrigger):
    """Triggers when a code opens its door no longer: over, taken off or used up."""

    _schema = _schema(_NAME, _KIND)
    _event_types = (Milestone.EXPIRED, Milestone.REMOVED, Milestone.FIRST_USE)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether it is an event that was asked for; a first use ends a few."""
        told = state.attributes
        return super().is_valid_state(state, report_not_triggered) and (
            told["event_type"] != Milestone.FIRST_USE
            or (told.get("status") == CodeStatus.USED and not _was_over(state))
        )


def _was_over(state: State) -> bool:
    """Return whether the time of a code was over before its event was told.

    Logs of locks arrive late: that it ended was told at its end.
    """
    told_at = dt_util.parse_datetime(state.state)
    ends_at = dt_util.parse_datetime(state.attributes.get("ends_at") or "")
    return told_at is not None and ends_at is not None and told_at >= ends_at


class DoorAccessDeniedTrigger(EventTrigger):
    """Triggers when somebody was refused at a door."""

    _schema = _schema(_NAME)
    _event_types = (ActivityKind.ACCESS_DENIED,)


TRIGGERS: dict[str, type[Trigger]] = {
    "code_ready": CodeReadyTrigger,
    "code_used": CodeUsedTrigger,
    "code_failed": CodeFailedTrigger,
    "code_ended": CodeEndedTrigger,
    "door_access_denied": DoorAccessDeniedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by key."""
    return TRIGGERS
