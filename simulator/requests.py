"""A record of every request the clouds received, with counters.

Tests use it to prove how many requests the integration makes (design.md §1,
promise 5). Headers are not kept, so neither tokens nor API keys are.
"""

from collections import Counter
from dataclasses import dataclass, field
import re
from typing import Any, Literal

type CloudName = Literal["igloohome", "seam"]


@dataclass(slots=True)
class RequestRecord:
    """One request to one of the clouds.

    ``path`` includes the cloud's prefix (``/igloohome/devices``) and excludes
    the query. ``template`` is the path with its variable parts as names
    (``/igloohome/devices/{device_id}``). ``status`` is 0 while there is no
    answer, and stays 0 when the connection was closed without one.
    ``fault`` is the kind of the injected fault that hit the request.
    """

    method: str
    path: str
    cloud: CloudName
    template: str
    query: dict[str, str]
    body: Any = field(repr=False)
    status: int = 0
    fault: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON data for the control interface."""
        return {
            "method": self.method,
            "path": self.path,
            "cloud": self.cloud,
            "template": self.template,
            "query": self.query,
            "body": self.body,
            "status": self.status,
            "fault": self.fault,
        }


class RequestLog:
    """The requests since the start or since the last ``clear``, in order."""

    def __init__(self) -> None:
        """Start empty."""
        self._records: list[RequestRecord] = []

    def add(self, record: RequestRecord) -> None:
        """Append a request; its status is filled in when it is answered."""
        self._records.append(record)

    def clear(self) -> None:
        """Forget all requests."""
        self._records.clear()

    @property
    def all(self) -> list[RequestRecord]:
        """Return a copy of the list of requests, oldest first."""
        return list(self._records)

    @property
    def counters(self) -> dict[str, int]:
        """Return how often each "METHOD path-template" was requested."""
        return dict(Counter(f"{r.method} {r.template}" for r in self._records))

    def select(
        self,
        cloud: CloudName | None = None,
        path: str | None = None,
        method: str | None = None,
    ) -> list[RequestRecord]:
        """Return the requests of a cloud whose path a regex finds (``re.search``)."""
        return [
            record
            for record in self._records
            if (cloud is None or record.cloud == cloud)
            and (path is None or re.search(path, record.path))
            and (method is None or record.method == method.upper())
        ]

    def count(
        self,
        cloud: CloudName | None = None,
        path: str | None = None,
        method: str | None = None,
    ) -> int:
        """Return the number of requests that ``select`` would return."""
        return len(self.select(cloud, path, method))
