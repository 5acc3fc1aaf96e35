"""Repair issues about an account as a whole, which go away by themselves.

A Seam account asks once an hour, and after news, whether Seam still gets into the
igloohome accounts behind it. An igloohome account looks at what its token permits.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from yarl import URL

from .clouds.base import CloudError
from .clouds.igloohome import IgloohomeCloud
from .clouds.seam import SeamCloud
from .clouds.seam_accounts import async_list_accounts
from .const import DOMAIN
from .coordinator import Account, AccountConfigEntry
from .errors import failure
from .model import DeviceType

_LOGGER = logging.getLogger(__name__)

INTERVAL = timedelta(hours=1)
NEWS_PAUSE = 3.0
"""Seconds in which news about accounts are collected."""

DISCONNECTED = "account_disconnected"
REAUTHORIZE = "account_needs_authorization"
WEBHOOK_REFUSED = "webhook_refused"
WEBHOOK_UNREACHABLE = "webhook_unreachable"

_PORTAL_URL = "https://access.igloocompany.co/api-access"

_ALGOPIN: Final = "permission_missing_offline_codes"
_ONLINE: Final = "permission_missing_online_codes"
_LOCKING: Final = "permission_missing_locking"
_READING: Final = "permission_missing_reading"
_LOGS: Final = "permission_missing_logs"
_JOBS: Final = "permission_missing_jobs"

_NEEDED: Mapping[str, tuple[str, ...]] = {
    # reference/igloohome-api.md §1.2
    _ALGOPIN: (
        "algopin-hourly",
        "algopin-daily",
        "algopin-onetime",
        "algopin-permanent",
    ),
    _ONLINE: ("create-pin-bridge-proxied-job", "delete-pin-bridge-proxied-job"),
    _LOCKING: ("lock-bridge-proxied-job", "unlock-bridge-proxied-job"),
    _READING: (
        "get-battery-level-bridge-proxied-job",
        "get-device-status-bridge-proxied-job",
    ),
    _LOGS: ("get-activity-logs-bridge-proxied-job", "get-device-activity"),
    _JOBS: ("get-job-status",),
}

PERMISSIONS = frozenset(_NEEDED)
"""The issues about permissions."""


class AccountWatch:
    """Looks after the account behind an entry."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, account: Account
    ) -> None:
        """Remember whom to look after."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._cancel_soon: CALLBACK_TYPE | None = None
        self._check_job = HassJob(
            self._async_check_now, "igloohome_access account", cancel_on_shutdown=True
        )

    @callback
    def async_start(self) -> None:
        """Begin now, and go on until the entry is unloaded."""
        entry = self._entry
        entry.async_on_unload(
            async_track_time_interval(
                self._hass, self._async_check, INTERVAL, cancel_on_shutdown=True
            )
        )
        entry.async_on_unload(self._async_cancel_soon)
        self._async_check()

    @callback
    def async_check_soon(self) -> None:
        """Check once more: something happened to the account."""
        if self._cancel_soon is None:
            self._cancel_soon = async_call_later(
                self._hass, NEWS_PAUSE, self._check_job
            )

    @callback
    def _async_cancel_soon(self) -> None:
        if self._cancel_soon is not None:
            self._cancel_soon()
            self._cancel_soon = None

    @callback
    def _async_check_now(self, _now: datetime) -> None:
        self._cancel_soon = None
        self._async_check()

    @callback
    def _async_check(self, _now: datetime | None = None) -> None:
        """Check, unless the account is unloaded before the cloud has answered."""
        self._entry.async_create_background_task(
            self._hass,
            async_check_account(self._hass, self._entry, self._account),
            "igloohome_access account",
        )


async def async_check_account(
    hass: HomeAssistant, entry: AccountConfigEntry, account: Account
) -> None:
    """Find out what is wrong with an account, and raise or take back its issues.

    When the cloud does not answer, all stays as it is.
    """
    cloud = account.cloud
    try:
        if isinstance(cloud, SeamCloud):
            await _async_check_seam(hass, entry, cloud)
        else:
            assert isinstance(cloud, IgloohomeCloud)
            granted = await cloud.async_permissions()
            _update_permissions(hass, entry, account, granted)
    except CloudError as err:
        _LOGGER.debug("The account could not be checked: %s", failure(err)[0])


async def _async_check_seam(
    hass: HomeAssistant, entry: AccountConfigEntry, cloud: SeamCloud
) -> None:
    wanted: dict[str, tuple[str, str]] = {}
    prefix = _prefix(entry, "connected")
    for account in await async_list_accounts(cloud.api):
        issue_id = f"{prefix}{account.account_id}"
        if account.disconnected:
            wanted[issue_id] = DISCONNECTED, account.name
        elif account.needs_authorization:
            wanted[issue_id] = REAUTHORIZE, account.name
    _clear(hass, prefix, keep=frozenset(wanted))
    for issue_id, (key, name) in wanted.items():
        told = {"name": name, "account": entry.title}
        _raise_issue(hass, entry, issue_id, key, told, serious=key == DISCONNECTED)


def missing_for_offline_codes(granted: frozenset[str] | None) -> list[str]:
    """Return the permissions (scopes) that are missing for some kind of algoPIN."""
    return _missing(_ALGOPIN, granted)


def _missing(topic: str, granted: frozenset[str] | None) -> list[str]:
    """Return what is not granted; nothing where the token does not tell."""
    return [
        scope
        for scope in _NEEDED[topic]
        if granted is not None and scope not in granted
    ]


@callback
def _update_permissions(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    account: Account,
    granted: frozenset[str] | None,
) -> None:
    """Raise an issue for each thing that does not work for want of a permission.

    What goes through a bridge is only missed where there is one.
    """
    with_bridge = any(
        device.type is DeviceType.BRIDGE for device in account.coordinator.data.values()
    )
    wanted: dict[str, tuple[str, str]] = {}
    prefix = _prefix(entry, "permission")
    for topic in (_ALGOPIN, _ONLINE, _LOCKING, _READING, _LOGS, _JOBS):
        missing = _missing(topic, granted)
        if missing and (with_bridge or topic == _ALGOPIN):
            wanted[f"{prefix}{topic}"] = topic, ", ".join(missing)
    _clear(hass, prefix, keep=frozenset(wanted))
    for issue_id, (key, missing_scopes) in wanted.items():
        told = {"permissions": missing_scopes, "account": entry.title}
        _raise_issue(hass, entry, issue_id, key, told, learn_more_url=_PORTAL_URL)


@callback
def async_update_push_issue(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    *,
    url: str,
    refused: str | None,
    unreachable: bool,
) -> None:
    """Tell what keeps news from arriving, or that nothing does any more.

    ``refused`` is what Seam said. Of the address only the host is shown: whoever
    knows the rest may knock.
    """
    wanted: dict[str, str] = {}
    prefix = _prefix(entry, "webhook")
    if refused is not None:
        wanted[f"{prefix}refused"] = WEBHOOK_REFUSED
    elif unreachable:
        wanted[f"{prefix}unreachable"] = WEBHOOK_UNREACHABLE
    _clear(hass, prefix, keep=frozenset(wanted))
    for issue_id, key in wanted.items():
        told = {
            "host": URL(url).host or "-",
            "detail": refused or "-",
            "account": entry.title,
        }
        _raise_issue(hass, entry, issue_id, key, told)


@callback
def _raise_issue(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    issue_id: str,
    key: str,
    told: dict[str, str],
    *,
    serious: bool = False,
    learn_more_url: str | None = None,
) -> None:
    """Raise an issue about an account; its button leads to repairs.py."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        learn_more_url=learn_more_url,
        severity=ir.IssueSeverity.ERROR if serious else ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=told,
    )


@callback
def async_clear_account_issues(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Take back all issues about an account that is removed."""
    for kind in ("connected", "permission", "webhook"):
        _clear(hass, _prefix(entry, kind))


def _prefix(entry: AccountConfigEntry, kind: str) -> str:
    """Return how the issues of a kind begin; the id of an account has no colon."""
    return f"account_{entry.unique_id}:{kind}:"


@callback
def _clear(
    hass: HomeAssistant, prefix: str, keep: frozenset[str] = frozenset()
) -> None:
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in keep:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
