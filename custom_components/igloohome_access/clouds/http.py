"""One place for everything HTTP: time-outs, retries, errors, redaction.

A **read** may be repeated and is, when the network or the cloud falters. A **write**
is sent once; when its answer is lost the outcome is unknown, and only the caller can
find out what happened. Bodies and headers are never logged, at no level.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
import logging
import random
import re
from typing import Any, cast

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
    NonHttpUrlClientError,
)
import orjson
from yarl import URL

from .answers import (
    Refusal,
    UnusableAnswerError,
    error_for,
    http_date,
    is_page,
    retry_after,
    said,
)
from .base import (
    CloudError,
    CloudRateLimitedError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from .redaction import redact, safe_word

_LOGGER = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[\w-]{1,64}")
# Bytes of an error that are read: enough for every documented one.
_MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPolicy:
    """How patient the client is. Times are in seconds.

    ``pause`` is the wait before the second try of a read; it doubles each time and
    is spread by half so that accounts do not retry in step. ``max_wait`` is the
    longest ``Retry-After`` that is waited for inside a call.
    """

    read_timeout: float = 20.0
    write_timeout: float = 30.0
    connect_timeout: float = 10.0
    tries: int = 3
    pause: float = 0.5
    max_wait: float = 10.0
    max_bytes: int = 32 * 1024 * 1024


DEFAULT_POLICY = HttpPolicy()


def utc_now() -> datetime:
    """Return the present moment by the computer's clock."""
    return datetime.now(UTC)


def _unexplained(_: Refusal) -> None:
    """Leave a refusal to the general rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. ``template`` is its path without ids, for the log.

    ``explain`` turns a refusal into the error that fits this call; where it returns
    None the general one is used. ``secrets`` are hidden in everything the cloud says.
    """

    method: str
    url: str = field(repr=False)
    template: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    explain: Callable[[Refusal], CloudError | None] = _unexplained


@dataclass(frozen=True, slots=True)
class Memo:
    """The name of what is read, to know an answer again that has not changed.

    With ``whole`` the last answer is kept, and a new one is compared with it while it
    comes in, which is quickest. Else its length and hash are kept: for answers that
    take more memory than what is made of them, or that have PINs.
    """

    name: Hashable
    whole: bool = True

    def page(self, number: int) -> Memo:
        """Return the name of one page of it."""
        return Memo((self.name, number), self.whole)


class _FailedAttemptError(Exception):
    """An attempt without a usable answer.

    ``may_have_acted`` is False only where certainly nothing was done.
    """

    def __init__(
        self,
        detail: str,
        *,
        may_have_acted: bool = True,
        retryable: bool = True,
        limited: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Keep what decides about a further try and about the error."""
        super().__init__(detail)
        self.detail = detail
        self.may_have_acted = may_have_acted
        self.retryable = retryable
        self.limited = limited
        self.retry_after = retry_after

    def as_error(self, *, write: bool) -> CloudError:
        """Return the error for the caller."""
        if self.limited:
            return CloudRateLimitedError(self.detail, self.retry_after)
        if write and self.may_have_acted:
            return OutcomeUnknownError(self.detail)
        return CloudUnreachableError(self.detail)


def _describe(err: Exception) -> str:
    """Return what went wrong on the way, without addresses or data."""
    if isinstance(err, ClientConnectorError) and err.os_error.strerror:
        return f"{type(err).__name__}: {err.os_error.strerror}"
    if isinstance(err, TimeoutError):
        return "No answer in time"
    return type(err).__name__


class HttpClient:
    """Sends requests of one cloud and turns what happens into its few errors."""

    def __init__(
        self, session: ClientSession, name: str, policy: HttpPolicy | None = None
    ) -> None:
        """Use a session that belongs to somebody else; ``name`` is for the log."""
        self._session = session
        self._name = name
        self._policy = policy or DEFAULT_POLICY
        self._known: dict[Memo, tuple[bytes | tuple[int, int], object]] = {}

    async def async_read[T](
        self,
        call: Call,
        parse: Callable[[Any], T],
        *,
        memo: Memo | None = None,
    ) -> T:
        """Send a read, again after a pause where that may help.

        ``parse`` is a pure function of the answer's data. With a ``memo`` an answer
        that has not changed since the last time is not even decoded: the same objects
        are returned.
        """
        attempt = 1
        while True:
            try:
                return await self._async_attempt(call, parse, write=False, memo=memo)
            except _FailedAttemptError as failure:
                pause = self._pause(failure, attempt)
                if pause is None:
                    raise failure.as_error(write=False) from None
            await asyncio.sleep(pause)
            attempt += 1

    async def async_write[T](self, call: Call, parse: Callable[[Any], T]) -> T:
        """Send a write, once.

        Raises ``OutcomeUnknownError`` unless the answer is usable, the cloud refused,
        or the request certainly never left.
        """
        try:
            return await self._async_attempt(call, parse, write=True)
        except _FailedAttemptError as failure:
            raise failure.as_error(write=True) from None

    def _pause(self, failure: _FailedAttemptError, attempt: int) -> float | None:
        """Return how long to wait before the next try, None if there is none."""
        policy = self._policy
        if not failure.retryable or attempt >= policy.tries:
            return None
        if failure.retry_after is not None:
            return (
                failure.retry_after if failure.retry_after <= policy.max_wait else None
            )
        return policy.pause * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)

    async def _async_attempt[T](
        self,
        call: Call,
        parse: Callable[[Any], T],
        *,
        write: bool,
        memo: Memo | None = None,
    ) -> T:
        """Send a request once and return the parsed answer."""
        policy = self._policy
        if self._session.closed:
            raise _FailedAttemptError(
                "The connection pool is closed", may_have_acted=False, retryable=False
            )
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcome, request_id = "cancelled", ""
        try:
            async with self._session.request(
                call.method,
                URL(call.url, encoded=True),
                data=call.body,
                headers=call.headers,
                timeout=ClientTimeout(
                    total=policy.write_timeout if write else policy.read_timeout,
                    connect=policy.connect_timeout,
                ),
                allow_redirects=False,
            ) as response:
                outcome = str(response.status)
                found = _REQUEST_ID.fullmatch(
                    response.headers.get("seam-request-id", "")
                )
                request_id = f", request {found.group()}" if found else ""
                body = await self._async_body(response, self._last_body(memo))
        except (
            ClientConnectorError,
            ConnectionTimeoutError,
            InvalidURL,
            NonHttpUrlClientError,
        ) as err:
            outcome = _describe(err)
            retryable = isinstance(err, ClientConnectorError | ConnectionTimeoutError)
            raise _FailedAttemptError(
                outcome, may_have_acted=False, retryable=retryable
            ) from None
        except (ClientError, TimeoutError, OSError) as err:
            outcome = _describe(err)
            raise _FailedAttemptError(outcome) from None
        finally:
            _LOGGER.debug(
                "%s: %s %s: %s in %.0f ms%s",
                self._name,
                call.method,
                call.template,
                outcome,
                (loop.time() - started) * 1000,
                request_id,
            )
        if not 200 <= response.status < 300:
            raise self._failure(call, response, body)
        return self._parsed(parse, body, memo)

    async def _async_body(self, response: ClientResponse, last: bytes) -> bytes:
        """Return the body of an answer, as long as it is not absurdly large.

        ``last`` itself is returned for a body that equals it. The body of an error
        only explains it: its status alone decides, so a part of the body will do.
        """
        if response.status >= 400:
            body = bytearray()
            with contextlib.suppress(ClientError, TimeoutError, OSError):
                async for chunk in response.content.iter_chunked(_MAX_ERROR_BYTES):
                    body += chunk
                    if len(body) >= _MAX_ERROR_BYTES:
                        break
            return bytes(body)
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            if not chunks:
                if last.startswith(chunk, size):
                    # Nothing is kept twice as long as nothing is new.
                    size += len(chunk)
                    continue
                chunks.append(last[:size])
            chunks.append(chunk)
            size += len(chunk)
            if size > self._policy.max_bytes:
                raise _FailedAttemptError("The answer is too large", retryable=False)
        return b"".join(chunks) if chunks else last[:size]

    def _failure(self, call: Call, response: ClientResponse, body: bytes) -> Exception:
        """Return what an answer without success means for this attempt."""
        status = response.status
        word, text = said(body)
        reason = safe_word(word, call.secrets)
        detail = redact(text, call.secrets) or reason or f"HTTP {status}"
        page = is_page(body, response.content_type)
        if page:
            detail = f"HTTP {status}, a web page"
        # A date is meant on the cloud's clock, which need not be ours.
        now = http_date(response.headers.get("Date", "")) or utc_now()
        wait = retry_after(response.headers, now)
        if status == 429:
            return _FailedAttemptError(
                detail, may_have_acted=False, limited=True, retry_after=wait
            )
        if status >= 500 or status == 408:
            return _FailedAttemptError(detail, retry_after=wait)
        if status < 400:
            return _FailedAttemptError(f"HTTP {status}", retryable=False)
        if page and status != 401:
            # A wrong address, a firewall, a portal: the cloud itself speaks JSON.
            return _FailedAttemptError(detail, may_have_acted=False, retryable=False)
        refusal = Refusal(status, reason, detail)
        return call.explain(refusal) or error_for(refusal)

    def _last_body(self, memo: Memo | None) -> bytes:
        """Return the last answer of this name where it is kept, else nothing."""
        known = None if memo is None else self._known.get(memo)
        return known[0] if known is not None and isinstance(known[0], bytes) else b""

    def _parsed[T](
        self,
        parse: Callable[[Any], T],
        body: bytes,
        memo: Memo | None,
    ) -> T:
        """Decode and parse the body of a success, or return what is known of it."""
        if memo is not None:
            # Python's keyed 64 bits are several times as fast as a cryptographic
            # digest, which would take as long as decoding the answer.
            mark = body if memo.whole else (len(body), hash(body))
            known = self._known.get(memo)
            if known is not None and known[0] == mark:
                return cast(T, known[1])
        try:
            value = parse(orjson.loads(body))
        except orjson.JSONDecodeError:
            raise _FailedAttemptError("The answer is not JSON") from None
        except UnusableAnswerError as err:
            raise _FailedAttemptError(str(err)) from None
        if memo is not None:
            self._known[memo] = (mark, value)
        return value
