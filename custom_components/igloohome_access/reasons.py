"""Why something did not work, in whole sentences for people.

The sentences are the translated texts of the exceptions, as far as what they need is
known: a cloud may have said nothing.
"""

from collections.abc import Mapping
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .model import Notice

_UNKNOWN = Notice("reason_unknown")
_SAID_NOTHING = Notice("cloud_said_nothing")
_NOTHING = " -–—"
"""What stands where a cloud said nothing."""
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)\s+|[。！？]\s*|$)")


def reason_text(
    hass: HomeAssistant, key: str | None, placeholders: Mapping[str, str] | None = None
) -> str:
    """Return why no code was made, as whole sentences.

    From the first sentence on that needs something nobody knows (a cloud may have
    given no detail) the text is left out.
    """
    known = {
        name: text
        for name, value in (placeholders or {}).items()
        if (text := value.rstrip(_NOTHING))
    }
    for each in (key, _UNKNOWN.key):
        if filled := _filled(_text(hass, each), known):
            return filled
    return ""


def said_nothing(hass: HomeAssistant) -> str:
    """Return what stands in an exception for what a cloud did not say.

    The text of an exception is put together by whoever shows it, so that no sentence
    of it can be left out.
    """
    return _text(hass, _SAID_NOTHING.key)


def _text(hass: HomeAssistant, key: str | None) -> str:
    """Return the text of an exception, empty if there is none."""
    texts = async_get_cached_translations(
        hass, hass.config.language, "exceptions", DOMAIN
    )
    return texts.get(f"component.{DOMAIN}.exceptions.{key}.message", "")


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Return a text with its placeholders, as far as all of them are known."""
    filled = ""
    for sentence in _SENTENCE.findall(text):
        try:
            filled += sentence.format_map(known)
        except KeyError:
            break
    return filled.rstrip()
