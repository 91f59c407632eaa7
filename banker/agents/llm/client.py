"""Client of one model server: streams chat completions, within limits."""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

import httpx2

from banker.agents.llm.circuit_breaker import CircuitBreaker, ReplyDeadline
from banker.agents.llm.completion_stream import Completion, ModelServerError
from banker.config.agent import AgentSettings

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 2.0
RETRY_DELAY_S = 0.2
DRAIN_TIMEOUT_S = 1.0
"""Wait for what may follow the end of an answer (usage, `[DONE]`): only a fully read connection can be reused."""

MAX_CONNECTIONS = 100
MAX_BYTES = 1024 * 1024
"""Size of one event, or of an answer that is not streamed."""

_CLIENT_FAULTS = (400, 413, 422)


class ChatCompletionsClient:
    """Belongs to the event loop that first uses it, because its connections do.

    Proxies from the environment (`https_proxy`) are used. Redirects are not followed, so that only the configured
    server gets the API key.
    """

    def __init__(self, settings: AgentSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self.breaker = CircuitBreaker(clock)
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
        first word is sent once more. Raises `ModelServerError`.
        """
        body = json.dumps({**self._options(), **request}).encode()
        while True:
            has_begun = False
            deadline.restart_idle()
            try:
                async with aclosing(self._stream_once(body, deadline)) as items:
                    async for item in items:
                        has_begun = True
                        yield item
                self.breaker.record_success()
                return
            except ModelServerError as error:
                if error.server_fault:
                    self.breaker.record_failure()
                if has_begun or not retry or not error.retryable or self.breaker.is_open:
                    raise
                log.warning("the model server %s; the request is repeated", error)
            retry = False
            await asyncio.sleep(RETRY_DELAY_S)

    async def close(self) -> None:
        """Close the connections. Must run in their event loop."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _stream_once(self, body: bytes, deadline: ReplyDeadline) -> AsyncGenerator[str | Completion, None]:
        completion = Completion()
        client = self._connected()
        try:
            request = client.build_request("POST", self._settings.endpoint, content=body)
            response = await deadline.wait(client.send(request, stream=True))
            try:
                _check_status(response)
                async with aclosing(_events(response, completion, deadline)) as events:
                    async for data in events:
                        before = completion.received_characters
                        if words := completion.feed(data):
                            yield words
                        if completion.received_characters > before:
                            deadline.restart_idle()
            finally:
                await response.aclose()
        except httpx2.PoolTimeout:
            raise ModelServerError(
                "has as many connections from here as allowed", retryable=False, server_fault=False
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ModelServerError(f"failed ({type(error).__name__})") from None
        if words := completion.close():
            yield words
        yield completion

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


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status != 200:
        hint = "; redirects are not followed, so configure the final URL" if 300 <= status < 400 else ""
        raise ModelServerError(
            f"answered {status}{hint}", retryable=status >= 500, server_fault=status not in _CLIENT_FAULTS
        )


async def _events(
    response: httpx2.Response, completion: Completion, deadline: ReplyDeadline
) -> AsyncGenerator[str, None]:
    """Yield the data of each event until the stream ends, or the whole body of a server that does not stream."""
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json":
        yield await deadline.wait(_body(response))
        return
    source = httpx2.EventSource(response, max_event_size=MAX_BYTES)
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


async def _body(response: httpx2.Response) -> str:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_BYTES:
            raise ModelServerError(f"answered more than {MAX_BYTES} bytes", retryable=False)
    return body.decode("utf-8", "replace")
