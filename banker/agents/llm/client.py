"""The client of one model server: streams chat completions, within limits."""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

import httpx2

from banker.agents.llm.circuit_breaker import CircuitBreaker, ReplyDeadline
from banker.agents.llm.completion_stream import Completion, ModelServerError
from banker.agents.llm.dialect import MAX_ADAPTATIONS, Refusal, ServerDialect, retry_after_s
from banker.config.agent import AgentSettings

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 2.0
RETRY_DELAY_S = 0.2
MAX_RETRY_AFTER_S = 2.0
"""How long a user waits for a busy server. If it asks for more, the scripted agent answers."""
DRAIN_TIMEOUT_S = 1.0
"""How long to wait for the trailer of an answer (usage, `[DONE]`): only a fully read connection can be reused."""

MAX_CONNECTIONS = 100
MAX_BYTES = 1024 * 1024
"""The largest event, or unstreamed answer."""
MAX_REFUSAL_BYTES = 16 * 1024

_CLIENT_FAULTS = (400, 403, 413, 422)
"""Faults of one request: too long, malformed, or refused by the server's moderation (403)."""


class _RefusedError(ModelServerError):
    """The server answered a request with an HTTP error."""

    def __init__(self, refusal: Refusal, reason: str, **kinds: Any) -> None:
        super().__init__(reason, **kinds)
        self.refusal = refusal


class ChatCompletionsClient:
    """Streams completions from one server. Belongs to the event loop that first uses it, because its connections do.

    Proxies from the environment (`https_proxy`) are used. Redirects are not followed, so that only the configured
    server gets the API key.
    """

    def __init__(self, settings: AgentSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self.breaker = CircuitBreaker(clock)
        self._dialect = ServerDialect()
        self._starts_hidden = False
        self._tls = httpx2.create_ssl_context()  # reads the CA files here, because that would block the event loop
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def new_deadline(self) -> ReplyDeadline:
        """Return the configured time limits, started now, for one reply."""
        return ReplyDeadline(self._settings.timeout_seconds, self._settings.idle_seconds)

    async def stream(
        self, request: Mapping[str, Any], deadline: ReplyDeadline, *, retry: bool
    ) -> AsyncGenerator[str | Completion, None]:
        """Yield the words of one completion as they arrive, then the whole `Completion`.

        `request` holds the body's keys besides the configured ones. With `retry` a request that failed before its
        first word is sent once more. A request with an option that the server refuses is sent again without it.
        Raises `ModelServerError`.
        """
        refused: dict[str, str] = {}
        if self.breaker.is_paused:
            raise ModelServerError("asked to wait", retryable=False, server_fault=False)
        while True:
            has_begun = False
            deadline.begin_request()
            body = self._dialect.adapted({**self._options(), **request}, refused)
            try:
                async with aclosing(self._stream_once(body, deadline)) as items:
                    async for item in items:
                        has_begun = True
                        yield item
                self._dialect.learn(refused)
                self.breaker.record_success()
                return
            except _RefusedError as error:
                option = self._dialect.refused_option(body, error.refusal)
                if option is None or len(refused) == MAX_ADAPTATIONS:
                    await self._after_failure(error, retry)
                    retry = False
                else:
                    refused[option] = f"{error.refusal.status} {error.refusal.reason}".rstrip()
            except ModelServerError as error:
                await self._after_failure(error, retry and not has_begun)
                retry = False

    async def _after_failure(self, error: ModelServerError, retry: bool) -> None:
        """Count a failure and wait until the request can be repeated. Raises the error if it cannot."""
        if error.wait_s is not None:
            self.breaker.pause(error.wait_s)
        elif error.server_fault:
            self.breaker.record_failure()
        wait_s = RETRY_DELAY_S if error.wait_s is None else error.wait_s
        if (
            not retry
            or not error.retryable
            or wait_s > MAX_RETRY_AFTER_S
            or (self.breaker.is_open and not error.wait_s)
        ):
            raise error
        log.warning("the model server %s; the request is repeated", error)
        await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Close the connections. Must run in their event loop."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _stream_once(
        self, body: Mapping[str, Any], deadline: ReplyDeadline
    ) -> AsyncGenerator[str | Completion, None]:
        completion = Completion(starts_hidden=self._starts_hidden)
        client = self._connected()
        try:
            request = client.build_request("POST", self._settings.endpoint, content=json.dumps(body).encode())
            response = await deadline.wait(client.send(request, stream=True))
            try:
                if response.status_code != 200:
                    raise await _refused(response, deadline)
                async with aclosing(_events(response, completion, deadline)) as events:
                    async for data in events:
                        before = completion.received_characters
                        if words := completion.feed(data):
                            yield words
                        if completion.received_characters > before:
                            deadline.token_arrived()
            finally:
                await response.aclose()
        except httpx2.PoolTimeout:
            raise ModelServerError(
                "has as many connections from here as allowed", retryable=False, server_fault=False
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ModelServerError(f"failed ({type(error).__name__})") from None
        try:
            words = completion.close()
        finally:
            self._learn_reasoning(completion)
        if words:
            yield words
        yield completion

    def _learn_reasoning(self, completion: Completion) -> None:
        """Notice whether the server's prompt template opens the reasoning, so that the stream has only its end."""
        if completion.closed_unopened and not self._starts_hidden:
            log.warning("the model server sends reasoning without an opening tag; it is expected from now on")
            self._starts_hidden = True
        elif self._starts_hidden and not completion.text.strip():
            self._starts_hidden = False

    def _connected(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
            if self._settings.secret:
                headers["Authorization"] = f"Bearer {self._settings.secret}"
            self._loop = loop
            self._client = httpx2.AsyncClient(
                headers=headers,
                verify=self._tls,
                timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
                limits=httpx2.Limits(
                    max_connections=MAX_CONNECTIONS, max_keepalive_connections=10, keepalive_expiry=30
                ),
            )
        return self._client

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"model": self._settings.model, "stream": True}
        if self._settings.max_tokens:
            options["max_tokens"] = self._settings.max_tokens
        if self._settings.temperature is not None:
            options["temperature"] = self._settings.temperature
        return options


async def _refused(response: httpx2.Response, deadline: ReplyDeadline) -> _RefusedError:
    """Return the error for an HTTP error response."""
    status = response.status_code
    try:
        body = await deadline.wait(_body(response.aiter_bytes(), MAX_REFUSAL_BYTES), DRAIN_TIMEOUT_S)
    except (ModelServerError, httpx2.HTTPError):
        body = ""
    refusal = Refusal.parse(status, body)
    hint = "redirects are not followed, so configure the final URL" if 300 <= status < 400 else refusal.reason
    wait_s = retry_after_s(response.headers) if status in (429, 503) else None
    return _RefusedError(
        refusal,
        f"answered {status}" + (f" ({hint})" if hint else ""),
        retryable=status >= 500 or wait_s is not None,
        server_fault=status not in _CLIENT_FAULTS,
        wait_s=wait_s,
    )


async def _events(
    response: httpx2.Response, completion: Completion, deadline: ReplyDeadline
) -> AsyncGenerator[str, None]:
    """Yield the data of each event until the stream ends, or the whole body of a server that does not stream.

    The body decides, because servers and proxies send events as `text/plain` or without a type.
    """
    parts = response.aiter_bytes()
    head = b""
    while not head.strip() and (part := await deadline.wait(anext(parts, b""))):
        head += part
    if head.lstrip().startswith((b"{", b"[")):
        yield await deadline.wait(_body(_joined(head, parts), MAX_BYTES))
        return
    events_only = httpx2.Response(
        200, headers={"Content-Type": "text/event-stream"}, content=_joined(head, parts), request=response.request
    )
    source = httpx2.EventSource(events_only, max_event_size=MAX_BYTES)
    async with aclosing(cast(AsyncGenerator[httpx2.ServerSentEvent, None], aiter(source))) as events:
        while True:
            try:
                limit_s = DRAIN_TIMEOUT_S if completion.is_complete else math.inf
                event = await deadline.wait(anext(events, None), limit_s)
            except (ModelServerError, httpx2.HTTPError):
                if completion.is_complete:
                    return
                raise
            if event is None:
                return
            if event.data:
                yield event.data


async def _joined(head: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for part in parts:
        yield part


async def _body(parts: AsyncIterator[bytes], max_bytes: int) -> str:
    body = b""
    async for part in parts:
        body += part
        if len(body) > max_bytes:
            raise ModelServerError(f"answered more than {max_bytes} bytes", retryable=False, server_fault=False)
    return body.decode("utf-8", "replace")
