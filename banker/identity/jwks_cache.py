"""Caches the JWK Set of one tenant: refreshes it in the background, never twice at once, and survives outages."""

import logging
import threading
from collections.abc import Callable, Sequence

import jwt

from banker.identity.jwks_client import FETCH_TIMEOUT_S, JwksClient

REFRESH_AFTER_S = 300
"""A key that the bank withdraws is refused after this time."""
RETRY_AFTER_S = 10
"""The pause after a failed fetch, and between fetches for unknown `kid`s, which anybody can invent."""
STALE_AFTER_S = 24 * 3600
"""How long the last keys are used while the bank's server fails: enough for a repair after a night or a holiday."""

log = logging.getLogger(__name__)


class JwksCache:
    """The keys that one tenant's server last published. Thread-safe.

    The set is fetched again after 5 minutes, and at once for an unknown `kid`, but at most once in 10 s. When the
    server fails, the last keys stay valid for a day, and the next attempt follows after 10 s. A fetch runs in its own
    thread, because name resolution may hang for longer than any of our timeouts. Only requests that need its result
    wait for it, and for `timeout_s` at most. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        tenant_id: str,
        url: str,
        algorithms: Sequence[str],
        clock: Callable[[], float],
        timeout_s: float = FETCH_TIMEOUT_S,
    ) -> None:
        self._tenant_id = tenant_id
        self._client = JwksClient(url, algorithms, timeout_s)
        self._clock = clock
        self._timeout_s = timeout_s
        self._lock = threading.Lock()  # guards all of the following
        self._keys: Sequence[jwt.PyJWK] = ()
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._unknown_kid_at: float | None = None
        self._fetching: threading.Event | None = None

    def keys(self, key_id: object) -> Sequence[jwt.PyJWK]:
        """Return the keys with this `kid`, or all keys for None. Blocks for the timeout at most."""
        with self._lock:
            known = bool(self._matching(key_id))
            started = self._fetching is None and self._is_due(known)
            if started:
                self._start_fetch(known)
            fetching = self._fetching
        if fetching is not None and (started or not known):
            fetching.wait(self._timeout_s)
        with self._lock:
            return self._matching(key_id)

    def _matching(self, key_id: object) -> Sequence[jwt.PyJWK]:
        if self._fetched_at is None or self._clock() - self._fetched_at >= STALE_AFTER_S:
            return ()
        return [key for key in self._keys if key_id is None or key.key_id == key_id]

    def _is_due(self, known: bool) -> bool:
        if self._within(RETRY_AFTER_S, self._failed_at):
            return False
        if not self._within(REFRESH_AFTER_S, self._fetched_at):
            return True
        return not known and not self._within(RETRY_AFTER_S, self._unknown_kid_at)

    def _within(self, seconds: float, since: float | None) -> bool:
        """Return whether `since` is less than `seconds` ago. A time in the future (a clock set back) is not."""
        return since is not None and 0 <= self._clock() - since < seconds

    def _start_fetch(self, known: bool) -> None:
        now = self._clock()
        if not known and self._within(REFRESH_AFTER_S, self._fetched_at):
            self._unknown_kid_at = now
        self._fetching = done = threading.Event()
        threading.Thread(target=self._fetch, args=(now, done), name=f"jwks-{self._tenant_id}", daemon=True).start()

    def _fetch(self, started_at: float, done: threading.Event) -> None:
        keys: Sequence[jwt.PyJWK] | None = None
        try:
            keys = [key for key in self._client.get_jwk_set().keys if key.Algorithm.check_key_length(key.key) is None]
        except jwt.PyJWKSetError:  # PyJWT supports none of the keys
            keys = ()
            log.warning("JWKS of tenant %s holds no key for the tenant's algorithms", self._tenant_id)
        except jwt.PyJWKClientError as error:
            log.warning("JWKS of tenant %s: %s; the keys of the last fetch are used", self._tenant_id, error)
        finally:
            with self._lock:
                if keys is None:
                    self._failed_at = self._clock()
                else:
                    self._keys, self._fetched_at, self._failed_at = keys, started_at, None
                self._fetching = None
            done.set()
