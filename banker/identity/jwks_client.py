"""Fetches a JWK Set within 2 s: 256 KiB at most, certificates verified, no redirects (RFC 7517 section 5)."""

import functools
import http.client
import io
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import jwt

FETCH_TIMEOUT_S = 2.0
"""A customer's request waits at most this long for the bank's keys."""
MAX_JWKS_BYTES = 256 * 1024
"""Room for some hundred keys with certificate chains. Real sets have 1 to 10 KiB."""

_HEADERS = {"Accept": "application/jwk-set+json, application/json", "User-Agent": "virtual-banker"}


class JwksClient(jwt.PyJWKClient):
    """PyJWT's client with a bounded fetch, for the algorithms of one tenant.

    `JwksCache` caches, and serves requests during a fetch. Raises `jwt.PyJWKClientError`
    for a URL that is not https or http. The configuration allows http for this host only.
    """

    def __init__(self, url: str, algorithms: Sequence[str], timeout_s: float = FETCH_TIMEOUT_S) -> None:
        super().__init__(url, cache_jwk_set=False, headers=_HEADERS, timeout=timeout_s)
        self._algorithms = algorithms

    def fetch_data(self) -> Any:
        """Fetch the JWK Set and return its keys for verifying signatures, each bound to one algorithm by `alg`.

        A key without `alg` is returned once for each of the tenant's algorithms; PyJWT skips those that do not match
        its type. Raises `jwt.PyJWKClientError`, whose text is for the operator.
        """
        try:
            document = json.loads(self._get())
        except (ValueError, RecursionError):
            raise jwt.PyJWKClientError("the answer is not JSON") from None
        members = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(members, list):
            raise jwt.PyJWKClientError('the answer is not a JWK Set ({"keys": [...]})')
        return {
            "keys": [
                {**jwk, "alg": name}
                for jwk in members
                if _verifies_signatures(jwk)
                for name in self._algorithms
                if jwk.get("alg") in (None, name)
            ]
        }

    def _get(self) -> bytes:
        """Return the body of a 200 answer.

        A redirect is an error even to the same host: the configuration decides where the keys are, not a server. The
        proxies of the environment (`https_proxy`) apply, since many banks allow no other outgoing traffic.
        """
        opener = urllib.request.OpenerDirector()  # without the file, ftp and data handlers of build_opener()
        opener.add_handler(urllib.request.ProxyHandler())
        opener.add_handler(_DeadlineHandler(time.monotonic() + self.timeout))
        try:
            request = urllib.request.Request(self.uri, headers=self.headers)  # noqa: S310 - http and https only
            with opener.open(request, timeout=self.timeout) as response:
                if response.status != 200:
                    hint = "; redirects are not followed, give the final URL" if 300 <= response.status < 400 else ""
                    raise jwt.PyJWKClientError(f"the server answered {response.status}{hint}")
                body: bytes = response.read(MAX_JWKS_BYTES + 1)
        except urllib.error.URLError as error:
            raise jwt.PyJWKClientConnectionError(f"the server cannot be reached ({error.reason})") from None
        except TimeoutError:
            raise jwt.PyJWKClientConnectionError(f"the answer took longer than {self.timeout:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise jwt.PyJWKClientConnectionError(f"the answer cannot be read ({type(error).__name__})") from None
        if len(body) > MAX_JWKS_BYTES:
            raise jwt.PyJWKClientError(f"the answer has more than {MAX_JWKS_BYTES} bytes")
        return body


def _verifies_signatures(jwk: object) -> bool:
    """Return whether a member of a JWK Set is a public key that may verify signatures (RFC 7517 section 4)."""
    if not isinstance(jwk, dict) or jwk.get("use") not in (None, "sig"):
        return False
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return False
    if "d" in jwk:  # a published private key no longer authenticates anyone
        return False
    return jwk.get("crv") in (None, "P-256", "Ed25519")  # the curves of ES256, and of EdDSA as we support it


class _DeadlineReader(io.RawIOBase):
    """Read a socket until a time on the monotonic clock.

    A socket's timeout restarts with every read: a server that sends a byte per second would block us for hours.
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
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, deadline))


class _DeadlineHandler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Open http and https connections whose responses are read until a deadline."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect(http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect(http.client.HTTPSConnection), request)

    def _connect(self, connection_class: Callable[..., http.client.HTTPConnection]) -> Any:
        def connect(host: str, **options: Any) -> http.client.HTTPConnection:
            connection = connection_class(host, **options)
            response = functools.partial(_DeadlineResponse, deadline=self._deadline)
            connection.response_class = response  # type: ignore[assignment]
            return connection

        return connect
