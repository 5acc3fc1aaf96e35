"""Errors of the simulated Seam API in Seam's documented shape.

Shape, statuses and types: reference/seam-api.md §4. Types that no public source
names come from `SeamSwitches`, so that a client is tested against more than one.
"""

from typing import Any

type ValidationErrors = dict[str, Any]


class SeamError(Exception):
    """An answer with a 4xx or 5xx status."""

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        validation_errors: ValidationErrors | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Keep what the answer needs; `validation_errors` only for invalid_input."""
        super().__init__(f"{status} {error_type}")
        self.status = status
        self.error_type = error_type
        self.message = message
        self.validation_errors = validation_errors
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        error: dict[str, Any] = {"type": self.error_type, "message": self.message}
        if self.validation_errors is not None:
            error["validation_errors"] = self.validation_errors
        return {"error": error, "ok": False}


def invalid_input(message: str, **parameters: str) -> SeamError:
    """Return a 400 invalid_input; each keyword names a parameter and its problem."""
    errors: ValidationErrors = {"_errors": [] if parameters else [message]}
    for name, problem in parameters.items():
        errors[name] = {"_errors": [problem]}
    return SeamError(400, "invalid_input", message, validation_errors=errors)


def not_found(error_type: str, message: str) -> SeamError:
    """Return a 404 of the given type, for example device_not_found."""
    return SeamError(404, error_type, message)
