"""Tools for Assist and every other language model that Home Assistant serves (MCP).

Home Assistant asks for them through ``async_get_tools`` (reference/home-assistant.md
§7.3). A model learns which locks there are and which codes with what status, never a
PIN. Where the account allows it, an administrator lets it make a one-time or hourly
code; that answer, and nothing else, has the PIN.

Only those locks are spoken of that are exposed to the assistant (``assist_locks``).
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
import voluptuous as vol

from .answers import code_answer, message
from .assist_locks import OfferedLock, async_offered_locks, matching_locks, named_locks
from .const import DEFAULT_ASSIST_CREATE, DOMAIN, OPTION_ASSIST_CREATE
from .errors import async_get_texts, wrong_input
from .model import CodeKind, CodeStatus
from .rules import MAX_HOURLY_HOURS
from .words import Words, async_get_words

MOST_CODES: Final = 50
"""Codes in one answer: a model reads all of them before it says a word."""

PROMPT: Final = (
    "Locks have access codes. Never guess a PIN: only the tool that makes a code tells "
    "one. Read it out digit by digit, with the window and all warnings."
)

_READ_ONLY = ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)

_WHICH_LOCKS: Mapping[Any, Any] = {
    vol.Optional("lock", description="Name of the lock"): str,
    vol.Optional("area", description="Name of the area the lock is in"): str,
}


@dataclass(repr=False, slots=True)
class SecretResult(ToolResult):
    """A result that Home Assistant may log without telling what is in it."""

    @override
    def __repr__(self) -> str:
        return "SecretResult(...)"


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools when a lock is exposed to the assistant."""
    if api_id != LLM_API_ASSIST:
        return None
    locks = async_offered_locks(hass, llm_context.assistant)
    if not locks:
        return None
    tools: list[Tool] = [ListLocksTool(), ListCodesTool()]
    if any(_may_create(lock) for lock in locks):
        tools.append(CreateCodeTool())
    return LLMTools(tools=tools, prompt=PROMPT)


def _may_create(lock: OfferedLock) -> bool:
    return bool(lock.entry.options.get(OPTION_ASSIST_CREATE, DEFAULT_ASSIST_CREATE))


def _locks(
    hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
) -> list[OfferedLock]:
    """Return the locks that are meant. Raises ServiceValidationError."""
    return matching_locks(
        async_offered_locks(hass, llm_context.assistant),
        data.get("lock"),
        data.get("area"),
    )


class AccessTool(Tool):
    """A tool whose errors are told in words."""

    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Return the answer, or why there is none."""
        texts = await async_get_texts(hass)
        try:
            data = self.parameters(tool_input.tool_args)
            answer = await self._async_answer(hass, data, llm_context)
        except vol.Invalid as err:
            told = texts.message("assist_wrong_arguments", {"detail": str(err)})
        except HomeAssistantError as err:
            told = message(err, texts)
        else:
            return SecretResult(data=answer)
        return ToolResult(data={"error": told}, error=True)

    @abstractmethod
    async def _async_answer(
        self, hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
    ) -> dict[str, Any]:
        """Return the answer to checked parameters. Raises HomeAssistantError."""


class ListLocksTool(AccessTool):
    """Tells which locks there are."""

    name = f"{DOMAIN}__list_locks"
    title = "List locks with access codes"
    description = "List the locks that take access codes, with their area."
    parameters = vol.Schema({**_WHICH_LOCKS})
    annotations = _READ_ONLY

    @override
    async def _async_answer(
        self, hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
    ) -> dict[str, Any]:
        locks = _locks(hass, data, llm_context)
        return {"locks": [self._lock_answer(lock) for lock in locks]}

    def _lock_answer(self, lock: OfferedLock) -> dict[str, Any]:
        account = lock.entry.runtime_data
        device = account.coordinator.data[lock.device_id]
        return {
            "name": lock.name,
            "area": lock.area,
            "live_codes": account.book.live_count(lock.device_id),
            "battery_percent": device.battery_level,
            "can_be_locked_and_unlocked_from_afar": device.can_lock
            or device.can_unlock,
        }


class ListCodesTool(AccessTool):
    """Tells which codes there are and how it stands with them; never a PIN."""

    name = f"{DOMAIN}__list_codes"
    title = "List access codes"
    description = (
        "List the access codes of locks with their kind, window and status. "
        "PINs are not told."
    )
    parameters = vol.Schema(
        {
            **_WHICH_LOCKS,
            vol.Optional(
                "include_ended",
                default=False,
                description="Also codes that no longer open a lock",
            ): bool,
        }
    )
    annotations = _READ_ONLY

    @override
    async def _async_answer(
        self, hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
    ) -> dict[str, Any]:
        locks = _locks(hass, data, llm_context)
        words = await async_get_words(hass)
        codes: list[dict[str, Any]] = []
        for lock in locks:
            account = lock.entry.runtime_data
            for code in account.book.of_device(lock.device_id):
                if code.record is not None and code.record.forgotten_at is not None:
                    continue
                if (
                    account.book.status(code.code_id).ended
                    and not data["include_ended"]
                ):
                    continue
                answer = code_answer(hass, account, code, pin=False)
                codes.append(_told_code(answer, words))
        return {"codes": codes[:MOST_CODES], "not_shown": len(codes[MOST_CODES:])}


class CreateCodeTool(AccessTool):
    """Makes a code for an administrator, and tells its PIN."""

    name = f"{DOMAIN}__create_code"
    title = "Make an access code"
    description = (
        "Make an access code for one lock and tell its PIN. A one-time code works once, "
        "within 24 hours of its start. An hourly code needs hours or ends_at. It cannot "
        "be taken back from afar: ask when the lock, the kind or the end is not clear."
    )
    parameters = vol.Schema(
        {
            **_WHICH_LOCKS,
            vol.Required("kind"): vol.In(
                [CodeKind.ONE_TIME.value, CodeKind.HOURLY.value]
            ),
            vol.Required("name", description="Whom or what the code is for"): str,
            vol.Optional(
                "starts_at",
                description="ISO 8601 on the clock of the lock, by default now",
            ): str,
            vol.Optional("ends_at", description="ISO 8601 on the clock of the lock"): (
                str
            ),
            vol.Optional("hours", description="How long an hourly code works"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=MAX_HOURLY_HOURS)
            ),
        }
    )
    annotations = ToolAnnotations(
        read_only=False, destructive=False, idempotent=False, open_world=True
    )

    @override
    async def _async_answer(
        self, hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
    ) -> dict[str, Any]:
        context = llm_context.context
        # The action lets those pass who are nobody: automations. Here that would be
        # whoever stands before a loudspeaker.
        if context is None or context.user_id is None:
            raise wrong_input("assist_admin_only")
        lock = self._lock(hass, data, llm_context)
        kind = CodeKind(data["kind"])
        fields = {
            key: data[key] for key in ("name", "starts_at", "ends_at") if key in data
        }
        if "hours" in data:
            fields["duration"] = {"hours": data["hours"]}
        if kind is CodeKind.ONE_TIME and not fields.keys().isdisjoint(
            ("ends_at", "duration")
        ):
            raise wrong_input("assist_one_time_has_no_end")
        try:
            response = await hass.services.async_call(
                DOMAIN,
                f"create_{kind}_code",
                {"device_id": lock.registry_id, **fields},
                blocking=True,
                context=context,
                return_response=True,
            )
        except Unauthorized as err:
            raise wrong_input("assist_admin_only") from err
        (answer,) = cast(Any, response)["codes"]
        words = await async_get_words(hass)
        return _told_code(answer, words) | {
            "pin": answer["pin"],
            "warnings": [warning["message"] for warning in answer["warnings"]],
        }

    def _lock(
        self, hass: HomeAssistant, data: Mapping[str, Any], llm_context: LLMContext
    ) -> OfferedLock:
        """Return the one lock that is meant. Raises ServiceValidationError."""
        found = _locks(hass, data, llm_context)
        if len(found) > 1 and llm_context.device_id is not None:
            # Rather the one in the room that was spoken in.
            here = dr.async_get(hass).async_get(llm_context.device_id)
            area_id = here and dr.async_get_effective_area_id(hass, here)
            if area_id is not None:
                near = [lock for lock in found if lock.area_id == area_id]
                found = near if len(near) == 1 else found
        if len(found) > 1:
            raise wrong_input("assist_which_lock", {"locks": named_locks(found)})
        (lock,) = found
        if not _may_create(lock):
            raise wrong_input(
                "assist_create_off", {"lock": lock.name, "account": lock.entry.title}
            )
        return lock


def _told_code(answer: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Return what a model needs to know of a code, from what an action answers."""
    told = {
        key: answer[key]
        for key in ("name", "lock", "starts_at", "ends_at", "first_use_by")
    }
    return told | {
        "kind": words.kind(CodeKind(answer["kind"])),
        "status": words.status(CodeStatus(answer["status"])),
    }
