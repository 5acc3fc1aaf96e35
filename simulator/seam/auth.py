"""Credentials of the simulated Seam API (reference/seam-api.md §3 and §4)."""

from collections.abc import Mapping

from .errors import SeamError
from .switches import SeamSwitches

API_KEYS = {
    "seam_test_simkey_0001": "ws-sim-0001",
    "seam_test_simkey_0002": "ws-sim-0002",
}
"""API key → id of its workspace."""

ACCESS_TOKENS = {"seam_at_simtoken_0001": ("ws-sim-0001", "ws-sim-0002")}
"""Personal access token → ids of the workspaces it sees."""

_OTHER_KINDS = {
    "seam_cst": (
        "client_session_token_used_for_api_key",
        "A client session token was used where an API key is needed.",
    ),
    "seam_pk": (
        "publishable_key_used_for_api_key",
        "A publishable key was used where an API key is needed.",
    ),
}


def _unauthorized(message: str, error_type: str = "unauthorized") -> SeamError:
    """Return a 401; the message never repeats the credential."""
    return SeamError(401, error_type, message)


def authenticate(
    headers: Mapping[str, str], switches: SeamSwitches, *, workspace_optional: bool
) -> tuple[str, ...]:
    """Return the ids of the workspaces a request may see, the chosen one first.

    `workspace_optional` is true for workspaces/list, where a personal access token
    needs no seam-workspace header. Raise a 400 or 401 otherwise.
    """
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("No bearer token in the Authorization header")
    for prefix, (error_type, message) in _OTHER_KINDS.items():
        if token.startswith(prefix):
            raise _unauthorized(message, error_type)
    if token in switches.revoked_tokens:
        raise _unauthorized("API Key not found")
    if token in API_KEYS:
        return (API_KEYS[token],)
    if token not in ACCESS_TOKENS:
        raise _unauthorized("API Key not found")
    visible = ACCESS_TOKENS[token]
    workspace = headers.get("seam-workspace")
    if workspace is None:
        if workspace_optional:
            return visible
        if switches.pat_without_workspace == "unauthorized":
            raise _unauthorized("A personal access token needs seam-workspace")
        raise SeamError(
            400, "missing_workspace_id", "The seam-workspace header is missing"
        )
    if workspace not in visible:
        raise _unauthorized("The access token does not have access to the workspace")
    return (workspace, *(other for other in visible if other != workspace))
