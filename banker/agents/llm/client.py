"""One model server: asks it for completions, within limits, and leaves it alone when it fails."""

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

CONNECT_SECONDS = 2.0
RETRY_PAUSE_SECONDS = 0.2
LINGER_SECONDS = 1.0
"""For what may still come after the end of an answer: usage, `[DONE]`; read to its end, a connection is used again."""

MAXIMUM_CONNECTIONS = 100
MAXIMUM_BYTES = 1024 * 1024
"""Of one event, or of a body that is no stream."""

_FAULTS_OF_THE_REQUEST = (400, 413, 422)


class ChatCompletionsClient:
    """Belongs to the event loop that first asks it; its connections are made there.

    The proxies of the environment (`https_proxy`) are used, as banks let nothing out otherwise. Redirects are not
    followed: the configuration names the place that gets the key, not an answer.
    """

    def __init__(self, settings: AgentSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self.breaker = CircuitBreaker(clock)
        self._tls = httpx2.create_ssl_context()  # reads files, which the loop has no time for
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def patience(self) -> ReplyDeadline:
        """The time for one reply."""
        return ReplyDeadline(self._settings.timeout_seconds, self._settings.idle_seconds)

    async def ask(
        self, request: Mapping[str, Any], patience: ReplyDeadline, *, retry: bool
    ) -> AsyncGenerator[str | Completion, None]:
        """The words of one completion as they come, then the whole `Completion`. Raises `ModelServerError`.

        With `retry` a request that failed before its first word is sent once more.
        """
        body = json.dumps({**self._options(), **request}).encode()
        while True:
            begun = False
            patience.heard()
            try:
                async with aclosing(self._once(body, patience)) as items:
                    async for item in items:
                        begun = True
                        yield item
                self.breaker.succeeded()
                return
            except ModelServerError as trouble:
                if trouble.dead:
                    self.breaker.failed()
                if begun or not retry or not trouble.again or self.breaker.tripped:
                    raise
                log.warning("the model server %s; it is asked once more", trouble)
            retry = False
            await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def close(self) -> None:
        """Close the connections; in the loop that they belong to."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _once(self, body: bytes, patience: ReplyDeadline) -> AsyncGenerator[str | Completion, None]:
        answer = Completion()
        client = self._connected()
        try:
            request = client.build_request("POST", self._settings.endpoint, content=body)
            response = await patience.wait(client.send(request, stream=True))
            try:
                _check(response)
                async with aclosing(_events(response, answer, patience)) as events:
                    async for data in events:
                        before = answer.received
                        if words := answer.take(data):
                            yield words
                        if answer.received > before:
                            patience.heard()
            finally:
                await response.aclose()
        except httpx2.PoolTimeout:
            raise ModelServerError("has no connection left for us", again=False, dead=False) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ModelServerError(f"failed ({type(error).__name__})") from None
        if words := answer.end():
            yield words
        yield answer

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
                timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
                limits=httpx2.Limits(
                    max_connections=MAXIMUM_CONNECTIONS, max_keepalive_connections=10, keepalive_expiry=30
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


def _check(response: httpx2.Response) -> None:
    status = response.status_code
    if status != 200:
        hint = "; redirects are not followed, name the final URL" if 300 <= status < 400 else ""
        raise ModelServerError(
            f"answered {status}{hint}", again=status >= 500, dead=status not in _FAULTS_OF_THE_REQUEST
        )


async def _events(response: httpx2.Response, answer: Completion, patience: ReplyDeadline) -> AsyncGenerator[str, None]:
    """The data of each event until the stream ends; of a server that does not stream, its whole body."""
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json":
        yield await patience.wait(_body(response))
        return
    source = httpx2.EventSource(response, max_event_size=MAXIMUM_BYTES)
    async with aclosing(cast(AsyncGenerator[httpx2.ServerSentEvent, None], aiter(source))) as events:
        while True:
            try:
                event = await patience.wait(anext(events, None), LINGER_SECONDS if answer.complete else math.inf)
            except (ModelServerError, httpx2.HTTPError):
                if answer.complete:
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
        if len(body) > MAXIMUM_BYTES:
            raise ModelServerError(f"answered more than {MAXIMUM_BYTES} bytes", again=False)
    return body.decode("utf-8", "replace")
