"""What a person is told when a cloud or a rule says no.

One place turns the errors of the clouds and the rules into Home Assistant's
exceptions, each with a translation key of its own that says what to do.
"""

import asyncio
from collections.abc import Mapping
from traceback import format_tb
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_translations

from .clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRateLimitedError,
    CloudRefusedError,
    CloudUnreachableError,
    DuplicateCodeError,
    LockFullError,
)
from .const import DOMAIN
from .online_steps import (
    ChangeUnfinishedError,
    ChangeUnknownError,
    DeletionUnknownError,
    JobExpiredError,
    JobFailedError,
)
from .reasons import said_nothing
from .rules import RuleViolation


def failure(err: CloudError, nothing: str = "") -> tuple[str, dict[str, str]]:
    """Return the translation key and placeholders that explain ``err``.

    ``nothing`` stands for what the cloud said if it said nothing.
    """
    detail = err.detail or nothing
    match err:
        case CloudAuthError():
            return "cloud_auth_failed", {"detail": detail}
        case CloudPermissionError(permission=""):
            return "cloud_permission_unnamed", {"detail": detail}
        case CloudPermissionError():
            return "cloud_permission_missing", {
                "permission": err.permission,
                "detail": detail,
            }
        case CloudNotFoundError():
            return "cloud_not_found", {"detail": detail}
        case BridgeOfflineError():
            return "bridge_offline", {"detail": detail}
        case BridgeBusyError():
            return "bridge_busy", {"detail": detail}
        case DuplicateCodeError():
            return "duplicate_code", {"detail": detail}
        case LockFullError():
            return "no_room_on_lock", {"detail": detail}
        case JobFailedError():
            return "lock_refused", {"detail": detail}
        case JobExpiredError():
            return "lock_not_reached", {"detail": detail}
        case ChangeUnknownError():
            return "change_outcome_unknown", {"detail": detail}
        case DeletionUnknownError():
            return "deletion_outcome_unknown", {"detail": detail}
        case ChangeUnfinishedError():
            return "code_off_the_lock", {"detail": detail}
        case CloudRefusedError(reason="code_gone"):
            return "code_gone_at_seam", {"detail": detail}
        case CloudRefusedError(reason="no_bridge"):
            return "lock_lost_its_bridge", {"detail": detail}
        case CloudRefusedError():
            return "cloud_refused", {"detail": detail}
        case CloudRateLimitedError():
            seconds = 60 if err.retry_after is None else max(1, round(err.retry_after))
            return "cloud_rate_limited", {"seconds": str(seconds)}
        case CloudUnreachableError():
            return "cloud_unreachable", {"detail": detail}
    return "outcome_unknown", {"detail": detail}


def cloud_failure(hass: HomeAssistant, err: CloudError) -> HomeAssistantError:
    """Return the exception to raise for a failure outside, caused by ``err``."""
    key, placeholders = failure(err, said_nothing(hass))
    error = HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
    error.__cause__ = err
    return error


def not_loaded(hass: HomeAssistant, account_id: str) -> HomeAssistantError:
    """Return the exception to raise when an account is being unloaded."""
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, account_id)
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="account_not_loaded",
        translation_placeholders={"account": entry.title if entry else "-"},
    )


def wrong_input(
    key: str, placeholders: Mapping[str, str] | None = None
) -> ServiceValidationError:
    """Return the exception to raise for an input that cannot work."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=dict(placeholders or {}),
    )


def rule_violation(err: RuleViolation) -> ServiceValidationError:
    """Return the exception to raise for a rule that was broken, caused by ``err``."""
    error = wrong_input(err.key, err.placeholders)
    error.__cause__ = err
    return error


def unforeseen(err: BaseException) -> str:
    """Return kind and place of an error that nobody foresaw, for the log.

    Its text might repeat what was typed, stored or answered, so it is left out.
    """
    return f"{type(err).__name__}\n{''.join(format_tb(err.__traceback__))}"


def unforeseen_end(task: asyncio.Task[Any]) -> str | None:
    """Return what ``unforeseen`` does of the error a task ended with, None without one.

    Those of the clouds, the rules and Home Assistant are foreseen. Also marks the error
    as seen, so that asyncio does not log it when nobody waits for the task any more.
    """
    err = None if task.cancelled() else task.exception()
    if err is None or isinstance(err, CloudError | HomeAssistantError | RuleViolation):
        return None
    return unforeseen(err)


class Texts:
    """The translated texts of notices and failures for one answer."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        """Keep the loaded texts."""
        self._translations = translations

    def message(self, key: str, placeholders: Mapping[str, Any] | None = None) -> str:
        """Return the text for ``key`` in the language of Home Assistant."""
        text = self._translations[f"component.{DOMAIN}.exceptions.{key}.message"]
        return text.format(**(placeholders or {}))


async def async_get_texts(hass: HomeAssistant) -> Texts:
    """Load the texts in the language Home Assistant is set to."""
    return Texts(
        await async_get_translations(hass, hass.config.language, "exceptions", [DOMAIN])
    )
