"""Where the simulator differs from the OpenAPI document 1.977.0, and why.

Everything else that does not fit the document is a defect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, override


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit the document.

    `path` leads to the value from the body's root; `rule` is the JSON Schema keyword,
    or "unknown" for a key that no schema has; `key` is the missing or unknown key.
    """

    path: tuple[str | int, ...]
    rule: str
    key: str | None = None
    value: Any = field(default=None, repr=False)

    @override
    def __str__(self) -> str:
        """Return the problem without the value, which may be a PIN."""
        place = "/".join(map(str, self.path)) or "body"
        return f"{place}: {self.rule}" + (f" {self.key}" if self.key else "")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A known difference; `allows` decides whether a problem is one of its kind."""

    reason: str
    allows: Callable[[str, Problem], bool]


def _unknown_key(*keys: str) -> Callable[[str, Problem], bool]:
    """Return a test for keys that the document does not have."""
    return lambda _, problem: problem.rule == "unknown" and problem.key in keys


def _missing_key(key: str, *routes: str) -> Callable[[str, Problem], bool]:
    """Return a test for a key that is missing in the answers of some routes."""
    return lambda route, problem: (
        problem.rule == "required"
        and problem.key == key
        and (not routes or (route in routes and not problem.path))
    )


def _open_code_list(_: str, problem: Problem) -> bool:
    """Allow a well-formed error or warning with a code the document does not know."""
    if problem.rule != "anyOf" or len(problem.path) < 2:
        return False
    kind = problem.path[-2]
    if kind not in ("errors", "warnings") or not isinstance(problem.value, dict):
        return False
    wanted: Sequence[str] = (f"{str(kind)[:-1]}_code", "message", "created_at")
    return all(isinstance(problem.value.get(key), str) for key in wanted)


DEVIATIONS = (
    Deviation(
        "The simulator's workspaces have readable ids; Seam's are UUIDs.",
        lambda _, p: p.rule == "format" and p.path[-1:] == ("workspace_id",),
    ),
    Deviation(
        "Newer than the document: display_status (reference/seam-api.md §1.2). Older "
        "than it: appearance (§1.4). Made up: a key of the future, behind a switch.",
        _unknown_key("display_status", "appearance", "simulated_future_key"),
    ),
    Deviation(
        "Older answers have no pending_mutations (§7.2; switch object_shape).",
        _missing_key("pending_mutations"),
    ),
    Deviation(
        "Error and warning codes change often; unknown ones are injected (§1.3).",
        _open_code_list,
    ),
    Deviation(
        "Documentation samples show location: null (§7.1; switch missing_location).",
        lambda _, p: p.rule == "type" and p.path[-1:] == ("location",),
    ),
    Deviation(
        "Documentation samples of create, update and delete show no action_attempt "
        "(§8; switches create_answers_attempt, update_answer, delete_answer).",
        _missing_key(
            "action_attempt",
            "/access_codes/create",
            "/access_codes/update",
            "/access_codes/delete",
        ),
    ),
)

UNDOCUMENTED_ROUTES = frozenset({"/health"})
"""Routes that exist (§8) although the document leaves them out."""

ERROR_STATUSES = frozenset({400, 401, 404, 405, 409, 429, 500})
"""Statuses of §4; the document names 400 and 401 only, without a body."""


def is_known(route: str, problem: Problem) -> bool:
    """Return whether a problem of a route's answer is a known deviation."""
    return any(deviation.allows(route, problem) for deviation in DEVIATIONS)
