"""One careful HTTP GET: two seconds in all, 256 KiB at most, certificates verified, no redirects."""

import functools
import http.client
import io
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 2.0
MAXIMUM_BYTES = 256 * 1024


class FetchError(Exception):
    """The document could not be fetched; the text tells an operator why."""


def fetch(url: str, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """The body that `url` (https, or http on this host) answers with 200. Raises `FetchError`.

    A redirect is an error even to the same host: the configuration names the place of the keys, not a server's answer.
    The proxies of the environment (`https_proxy`) are used, as banks let nothing out otherwise.
    """
    deadline = time.monotonic() + timeout
    opener = urllib.request.OpenerDirector()  # without the file, ftp and data handlers of build_opener()
    opener.add_handler(urllib.request.ProxyHandler())
    opener.add_handler(_DeadlineHandler(deadline))
    headers = {"Accept": "application/jwk-set+json, application/json", "User-Agent": "virtual-banker"}
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the opener knows http and https only
        response = opener.open(request, timeout=timeout)
        if response is None:
            raise FetchError("is no http or https URL")
        with response:
            if response.status != 200:
                hint = "; redirects are not followed, name the final URL" if 300 <= response.status < 400 else ""
                raise FetchError(f"answered {response.status}{hint}")
            body: bytes = response.read(MAXIMUM_BYTES + 1)
    except urllib.error.URLError as error:
        raise FetchError(f"cannot be reached ({error.reason})") from None
    except TimeoutError:
        raise FetchError(f"took longer than {timeout:g} s") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"cannot be read ({type(error).__name__})") from None
    if len(body) > MAXIMUM_BYTES:
        raise FetchError(f"answered more than {MAXIMUM_BYTES} bytes")
    return body


class _UntilDeadline(io.RawIOBase):
    """A socket's bytes until a moment on the monotonic clock.

    A socket's own timeout is per read: a server that sends a byte a second would hold us for hours.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_UntilDeadline(self.fp.detach(), sock, deadline))


class _DeadlineHandler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens http and https connections whose responses are read until a deadline."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect(http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect(http.client.HTTPSConnection), request)

    def _connect(self, kind: Callable[..., http.client.HTTPConnection]) -> Any:
        def connect(host: str, **options: Any) -> http.client.HTTPConnection:
            connection = kind(host, **options)
            response = functools.partial(_DeadlineResponse, deadline=self._deadline)
            connection.response_class = response  # type: ignore[assignment]
            return connection

        return connect
