"""The checker itself: it accepts what fits the document and finds what does not."""

from typing import Any

import pytest

from . import SeamContract, SeamContractUnavailableError
from .document import json_schema

ID = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0001"


@pytest.fixture(scope="module")
def contract() -> SeamContract:
    """Return the contract, or skip where it cannot be had."""
    try:
        return SeamContract.load()
    except SeamContractUnavailableError as err:
        pytest.skip(str(err))


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/health", None, None),
        ("POST", "/webhooks/list", None, {}),
        ("POST", "/devices/list", None, {"limit": 5, "page_cursor": None}),
        ("GET", "/devices/list", {"limit": "5", "device_ids": [ID, ID]}, None),
        ("GET", "/devices/list", {"page_cursor": "", "_strict": "true"}, None),
        ("DELETE", "/access_codes/delete", {"access_code_id": ID}, None),
        ("PATCH", "/access_codes/update", None, {"access_code_id": ID, "name": "A"}),
        ("POST", "/access_codes/create", None, {"device_id": ID, "code": "4829"}),
    ],
)
def test_good_requests(
    contract: SeamContract, method: str, path: str, query: Any, body: Any
) -> None:
    """Documented requests have no problem."""
    assert contract.check_request(method, path, query, body) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "problem"),
    [
        ("POST", "/devices/nonsense", None, {}, "the document has no such route"),
        ("GET", "/access_codes/create", None, None, "GET is not allowed"),
        ("POST", "/devices/get", None, {"device_id": "door"}, "device_id: format"),
        ("POST", "/locks/lock_door", None, {}, "body: required device_id"),
        ("POST", "/locks/lock_door", None, None, "body: required device_id"),
        ("POST", "/locks/lock_door", None, [], "body: type"),
        ("POST", "/devices/list", None, {"limits": 5}, "body: unknown limits"),
        ("POST", "/devices/list", {"limit": "5"}, {}, "query: body: unknown limit"),
        ("GET", "/devices/list", {"limit": "many"}, None, "query: limit: type"),
        (
            "POST",
            "/access_codes/create",
            None,
            {"device_id": ID, "code": "12ab"},
            "code: pattern",
        ),
        ("POST", "/connected_accounts/list", None, {"limit": 0}, "limit: exclusive"),
        ("POST", "/webhooks/list", None, {"limit": 1}, "body: unknown limit"),
        (
            "POST",
            "/devices/list",
            None,
            {"created_before": "2026-11-20T10:20:00"},
            "created_before: format",
        ),
    ],
)
def test_bad_requests(
    contract: SeamContract, method: str, path: str, query: Any, body: Any, problem: str
) -> None:
    """Each kind of mistake is found and named."""
    (found,) = contract.check_request(method, path, query, body)
    assert found.startswith(problem)


def _attempt(**changes: Any) -> dict[str, Any]:
    """Return an answer with an action attempt."""
    attempt = {
        "action_attempt_id": ID,
        "action_type": "LOCK_DOOR",
        "status": "success",
        "result": {"was_confirmed_by_device": True},
        "error": None,
    }
    return {"action_attempt": attempt | changes, "ok": True}


def test_good_answers(contract: SeamContract) -> None:
    """Answers and errors of the documented shape have no problem."""
    path = "/action_attempts/get"
    assert contract.check_response(path, 200, _attempt()) == []
    failed = {"type": "uncategorized_error", "message": "No."}
    body = _attempt(status="error", result=None, error=failed)
    assert contract.check_response(path, 200, body) == []
    error = {"error": {"type": "not_found", "message": "No."}, "ok": False}
    assert contract.check_response(path, 404, error) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": "dreaming"}, "action_attempt: anyOf"),
        (
            {"result": {"was_confirmed_by_device": "yes"}},
            "action_attempt/result/was_confirmed_by_device: type",
        ),
        ({"surprise": 1}, "action_attempt: unknown surprise"),
        ({"result": {"certain": True}}, "action_attempt/result: unknown certain"),
    ],
)
def test_bad_answers(
    contract: SeamContract, changes: dict[str, Any], problem: str
) -> None:
    """Wrong values and unknown keys are found, deep inside as well."""
    found = contract.check_response("/action_attempts/get", 200, _attempt(**changes))
    assert [text for text in found if text.startswith(problem)]


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (404, {"ok": False}, "body: required error"),
        (418, {"error": {"type": "a", "message": "b"}, "ok": False}, "body: status"),
        (401, {"error": {"type": "a", "message": 1}, "ok": False}, "error/message"),
        (
            409,
            {
                "error": {"type": "a", "message": "b", "validation_errors": {}},
                "ok": False,
            },
            "error/",
        ),
        (302, None, "status 302"),
        (200, {"ok": True}, "body: required devices"),
    ],
)
def test_bad_error_answers(
    contract: SeamContract, status: int, body: Any, problem: str
) -> None:
    """Errors have a shape too."""
    found = contract.check_response("/devices/list", status, body)
    assert [text for text in found if text.startswith(problem)]


def test_problems_never_show_values(contract: SeamContract) -> None:
    """A PIN in a wrong place stays out of the text."""
    body = {"device_id": ID, "code": "73a91", "name": 73591}
    problems = contract.check_request("POST", "/access_codes/create", None, body)
    assert len(problems) == 2
    assert "73" not in str(problems)


def test_conversion_of_openapi_words() -> None:
    """nullable, exclusiveMinimum and oneOf mean the same in JSON Schema."""
    assert json_schema({"type": "string", "nullable": True}) == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }
    number = {"type": "integer", "minimum": 0, "exclusiveMinimum": True}
    assert json_schema(number) == {"type": "integer", "exclusiveMinimum": 0}
    union = {"oneOf": [{"type": "string"}, {"$ref": "#/a"}], "discriminator": {}}
    assert json_schema(union) == {"anyOf": [{"type": "string"}, {"$ref": "#/a"}]}
    assert json_schema({"nullable": True}) == {}
