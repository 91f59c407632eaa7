"""A tenant's keys behind a JWKS URL (RFC 7517 §5): fetched when needed, cached, never fetched twice at once."""

import json
import logging
import threading
from collections.abc import Callable, Sequence

from banker.identity.https_fetch import TIMEOUT_SECONDS, FetchError, fetch
from banker.identity.keys import VerificationKey, key_from_jwk

FRESH_SECONDS = 300
PAUSE_SECONDS = 10
STALE_SECONDS = 24 * 3600

log = logging.getLogger(__name__)


class JwksKeys:
    """The keys of one tenant, as its server last published them.

    They are fetched again after 5 minutes, and at once for an unknown `kid`, but for unknown ones at most once in 10 s:
    anybody can invent a `kid`. When the server fails, the last keys stay good for a day and the next attempt is 10 s
    away. A fetch runs in a thread of its own, one at a time: whoever needs its answer waits 2 s at most, even where
    a name server hangs; whoever finds the `kid` among the last keys meanwhile does not wait.
    """

    def __init__(
        self,
        tenant_id: str,
        url: str,
        algorithms: Sequence[str],
        clock: Callable[[], float],
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._tenant_id = tenant_id
        self._url = url
        self._algorithms = algorithms
        self._clock = clock
        self._timeout = timeout
        self._lock = threading.Lock()  # guards all of the following
        self._keys: tuple[VerificationKey, ...] = ()
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._asked_for_unknown_at: float | None = None
        self._fetching: threading.Event | None = None

    def candidates(self, key_id: str | None) -> Sequence[VerificationKey]:
        """The keys with this `kid`; all of them for None. Blocks for the timeout at most."""
        with self._lock:
            known = bool(self._select(key_id))
            mine = self._fetching is None and self._is_due(known)
            if mine:
                self._start_fetch(known)
            fetching = self._fetching
        if fetching is not None and (mine or not known):
            fetching.wait(self._timeout)
        with self._lock:
            return self._select(key_id)

    def _select(self, key_id: str | None) -> Sequence[VerificationKey]:
        if self._fetched_at is None or self._clock() - self._fetched_at >= STALE_SECONDS:
            return ()
        return [key for key in self._keys if key_id is None or key.key_id == key_id]

    def _is_due(self, known: bool) -> bool:
        if self._within(PAUSE_SECONDS, self._failed_at):
            return False
        if not self._within(FRESH_SECONDS, self._fetched_at):
            return True
        return not known and not self._within(PAUSE_SECONDS, self._asked_for_unknown_at)

    def _within(self, seconds: float, since: float | None) -> bool:
        """Whether `since` is less than `seconds` ago. A clock that was set back counts as long ago."""
        return since is not None and 0 <= self._clock() - since < seconds

    def _start_fetch(self, known: bool) -> None:
        now = self._clock()
        if not known and self._within(FRESH_SECONDS, self._fetched_at):
            self._asked_for_unknown_at = now
        done = threading.Event()
        threading.Thread(target=self._fetch, args=(now, done), name=f"jwks-{self._tenant_id}", daemon=True).start()
        self._fetching = done

    def _fetch(self, started_at: float, done: threading.Event) -> None:
        keys = None
        try:
            keys = read_key_set(fetch(self._url, self._timeout), self._algorithms)
            if not keys:
                log.warning("JWKS of tenant %s holds no key for its algorithms", self._tenant_id)
        except FetchError as error:
            log.warning("JWKS of tenant %s %s; going on with the keys of the last fetch", self._tenant_id, error)
        finally:
            with self._lock:
                if keys is None:
                    self._failed_at = self._clock()
                else:
                    self._keys, self._fetched_at, self._failed_at = keys, started_at, None
                self._fetching = None
            done.set()


def read_key_set(body: bytes, algorithms: Sequence[str]) -> tuple[VerificationKey, ...]:
    """The keys of a JWK Set that verify some of `algorithms`; others are ignored, as RFC 7517 §5 wants it.

    Raises `FetchError` if the body is no JWK Set.
    """
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise FetchError("answered no JSON") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise FetchError('answered no JWK Set ({"keys": [...]})')
    return tuple(key for member in members if (key := key_from_jwk(member, algorithms)))
