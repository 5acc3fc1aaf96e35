"""Webhooks, accounts and connect webviews of a Seam workspace."""

from typing import Any

from aiohttp import web
import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudNotFoundError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.clouds.seam_accounts import (
    ConnectedAccount,
    WebviewStatus,
    async_create_webview,
    async_delete_webview,
    async_get_webview,
    async_list_accounts,
)
from custom_components.igloohome_access.clouds.seam_webhooks import (
    EVENT_TYPES,
    async_create_webhook,
    async_delete_webhook,
    async_list_webhooks,
    async_update_webhook,
)
from simulator import Simulator
from simulator.seam.event_types import EVENT_TYPES as KNOWN_TYPES

from .samples import PROMPT
from .scripted import ScriptedServer

URL = "https://home.example/api/webhook/abc"


def test_event_types() -> None:
    """Seam knows every type that is asked for: one it does not know spoils all."""
    assert EVENT_TYPES <= KNOWN_TYPES


async def test_webhooks(seam: SeamCloud) -> None:
    """A webhook is made, changed, listed and taken away."""
    made = await async_create_webhook(seam.api, URL)
    assert made.url == URL
    assert made.event_types == EVENT_TYPES
    assert made.secret is not None
    assert made.secret not in repr(made)
    assert URL not in repr(made)
    assert await async_list_webhooks(seam.api) == (made,)
    await async_update_webhook(seam.api, made.webhook_id, ["lock.locked"])
    (changed,) = await async_list_webhooks(seam.api)
    assert changed.event_types == {"lock.locked"}
    await async_delete_webhook(seam.api, made.webhook_id)
    assert await async_list_webhooks(seam.api) == ()
    with pytest.raises(CloudNotFoundError):
        await async_delete_webhook(seam.api, made.webhook_id)


@pytest.fixture
def odd(scripted: ScriptedServer, session: Any) -> SeamCloud:
    """Return a client of a server that answers as it is told."""
    return SeamCloud(session, "seam_test_key", api_url=scripted.url, policy=PROMPT)


def _script(server: ScriptedServer, *answers: Any) -> None:
    """Let a server give these answers."""
    server.answers = [web.json_response(answer) for answer in answers]


async def test_odd_webhooks(scripted: ScriptedServer, odd: SeamCloud) -> None:
    """What cannot be understood is left out."""
    rows = [
        {"webhook_id": "1", "url": URL},
        {"webhook_id": "2", "url": URL, "event_types": ["*", 5], "secret": 5},
        {"webhook_id": "3"},
        {"url": URL},
        "text",
    ]
    _script(scripted, {"webhooks": rows})
    found = await async_list_webhooks(odd.api)
    assert [(w.webhook_id, w.event_types, w.secret) for w in found] == [
        ("1", frozenset(), None),
        ("2", {"*"}, None),
    ]


async def test_unusable_answers(scripted: ScriptedServer, odd: SeamCloud) -> None:
    """Half an answer is none: a list could look empty, a webhook be made unseen."""
    _script(scripted, *[{"webhooks": None}] * 3)
    with pytest.raises(CloudUnreachableError):
        await async_list_webhooks(odd.api)
    _script(scripted, {"webhook": {"url": URL}})
    with pytest.raises(OutcomeUnknownError):
        await async_create_webhook(odd.api, URL)
    _script(scripted, {"connect_webview": {"connect_webview_id": "1"}})
    with pytest.raises(OutcomeUnknownError):
        await async_create_webview(odd.api)


async def test_accounts(sim: Simulator, seam: SeamCloud) -> None:
    """The accounts of the workspace are told with what is wrong with them."""
    (account,) = await async_list_accounts(seam.api)
    assert account == ConnectedAccount(
        account_id=account.account_id,
        name=account.name,
        disconnected=False,
        needs_authorization=False,
    )
    assert account.name


@pytest.mark.parametrize(
    ("errors", "warnings", "expected"),
    [
        (["account_disconnected"], [], (True, False)),
        ([], ["account_reauthorization_requested"], (False, True)),
        (["account_reauthorization_requested"], [], (False, True)),
        (["bridge_disconnected"], ["something_new"], (False, False)),
        (None, "odd", (False, False)),
    ],
)
async def test_troubled_accounts(
    scripted: ScriptedServer,
    odd: SeamCloud,
    errors: Any,
    warnings: Any,
    expected: tuple[bool, bool],
) -> None:
    """Only what a new sign-in mends counts; other makers' accounts do not."""

    def rows(words: Any, key: str) -> Any:
        return [{key: word} for word in words] if isinstance(words, list) else words

    account = {
        "connected_account_id": "1",
        "account_type": "igloohome",
        "display_name": "Ann 471108",
        "errors": rows(errors, "error_code"),
        "warnings": rows(warnings, "warning_code"),
    }
    others = [{**account, "account_type": "august"}, {"errors": []}]
    _script(scripted, {"connected_accounts": [account, *others]})
    (found,) = await async_list_accounts(odd.api)
    assert (found.disconnected, found.needs_authorization) == expected
    assert found.name == "Ann ***"


async def test_nameless_account(scripted: ScriptedServer, odd: SeamCloud) -> None:
    """An account without a name is called by its maker."""
    _script(scripted, {"connected_accounts": [{"connected_account_id": "1"}]})
    (found,) = await async_list_accounts(odd.api)
    assert found.name == "igloohome"


async def test_webview(sim: Simulator, seam: SeamCloud) -> None:
    """A page is made for igloohome alone, and followed to its end."""
    webview = await async_create_webview(seam.api)
    assert webview.status is WebviewStatus.PENDING
    assert webview.url not in repr(webview)
    (kept,) = sim.seam.store.webviews.values()
    assert kept.options == {
        "accepted_providers": ["igloohome"],
        "wait_for_device_creation": True,
    }
    sim.seam.complete_connect_webview(webview.webview_id)
    done = await async_get_webview(seam.api, webview.webview_id)
    assert done.status is WebviewStatus.AUTHORIZED
    assert done.account_id is not None
    await async_delete_webview(seam.api, webview.webview_id)
    with pytest.raises(CloudNotFoundError):
        await async_get_webview(seam.api, webview.webview_id)


@pytest.mark.parametrize("status", [None, "thinking", 5])
async def test_unknown_status(
    scripted: ScriptedServer, odd: SeamCloud, status: Any
) -> None:
    """A status that nobody knows is waited out."""
    webview = {"connect_webview_id": "1", "url": "https://x.example", "status": status}
    _script(scripted, {"connect_webview": webview})
    found = await async_get_webview(odd.api, "1")
    assert found.status is WebviewStatus.PENDING
