"""The kinds and the statuses of codes and bookings, in words people read."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .bookings.actions import BookingStatus
from .const import DOMAIN
from .model import CodeKind, CodeStatus


class Words:
    """The words that the sensors have for their states, for other texts."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        """Keep the loaded texts of entities."""
        self._translations = translations

    def kind(self, kind: CodeKind) -> str:
        """Return how a code is limited, in a word."""
        return self._word(f"code_status.state_attributes.kind.state.{kind.value}")

    def status(self, status: CodeStatus) -> str:
        """Return the status of a code in words."""
        return self._word(f"code_status.state.{status.value}")

    def booking(self, status: BookingStatus) -> str:
        """Return how it stands with the codes of a booking, in words."""
        return self._word(f"next_arrival_code.state.{status.value}")

    def _word(self, key: str) -> str:
        return self._translations[f"component.{DOMAIN}.entity.sensor.{key}"]


async def async_get_words(hass: HomeAssistant) -> Words:
    """Load the words in the language Home Assistant is set to."""
    return Words(
        await async_get_translations(hass, hass.config.language, "entity", [DOMAIN])
    )
