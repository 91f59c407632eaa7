"""A key for each user, which encrypts their personal data in the trail. Deleting it makes these data unreadable.

Without the key, an entry shows only a pseudonym. Deleting a key (crypto-erasure) changes no entry, so the hash chain
stays intact. The keys are wrapped with a key that is derived from BANKER_SECRET_KEY, and stored under names that reveal
neither tenant nor user.
"""

import base64
import binascii
import hmac
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from banker.audit.chain import StoredKey, canonical_json
from banker.key_derivation import KEY_BYTES, derive_key

_WRAP_LABEL = b"virtual-banker audit user keys AES-KW v1"
_NAME_LABEL = b"virtual-banker audit user names HMAC-SHA256 v1"
_PSEUDONYM_LABEL = b"pseudonym"
_PERSONAL_LABEL = b"personal data AES-GCM v1"
NONCE_BYTES = 12
"""The nonce of AES-GCM (NIST SP 800-38D section 8.2.2): random, since several processes encrypt with one key."""
PSEUDONYM_CHARACTERS = 32


class KeyStore(Protocol):
    """Stores texts by name. Any thread of any process may use it. Methods may raise any exception."""

    def get(self, name: str) -> str | None:
        """Return the text, or None."""

    def add(self, name: str, text: str) -> str:
        """Atomically store the text unless the name has one. Return the stored text."""

    def delete(self, names: Collection[str]) -> int:
        """Delete the texts of these names, and return how many existed."""

    def all(self) -> Mapping[str, str]:
        """Return all texts by name."""


class UserKey:
    """The pseudonym and cipher of one user."""

    def __init__(self, key: bytes, stored: StoredKey) -> None:
        self.stored = stored
        self.pseudonym = f"user-{hmac.digest(key, _PSEUDONYM_LABEL, 'sha256').hex()[:PSEUDONYM_CHARACTERS]}"
        self._cipher = AESGCM(derive_key(key, _PERSONAL_LABEL))

    def encrypt(self, data: Mapping[str, Any]) -> str:
        """Encrypt JSON data for this user's entries."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, canonical_json(dict(data)).encode(), self.pseudonym.encode())
        return base64.b64encode(nonce + sealed).decode()

    def decrypt(self, text: str) -> dict[str, Any] | None:
        """Return the decrypted data; None if it was encrypted with another key."""
        try:
            sealed = base64.b64decode(text, validate=True)
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self.pseudonym.encode())
            data: dict[str, Any] = json.loads(plain)
            return data
        except (binascii.Error, InvalidTag, ValueError):
            return None


class UserKeys:
    """The keys of all users, in a store beside the trail. Without a `secret_key` (demo mode) they are not wrapped.

    `of` caches the last `remembered` keys. Use this only for a trail that detects deleted keys and refuses them.
    `clock` returns Unix seconds. Thread-safe.
    """

    def __init__(
        self,
        store: KeyStore,
        secret_key: bytes | None,
        clock: Callable[[], float] = time.time,
        remembered: int = 0,
    ) -> None:
        self._store = store
        self._remembered = remembered
        self._used: OrderedDict[tuple[str, str], UserKey] = OrderedDict()
        self._lock = threading.Lock()
        self._wrapping_key = derive_key(secret_key or b"demo", _WRAP_LABEL)
        self._name_key = derive_key(secret_key or b"demo", _NAME_LABEL)
        self._clock = clock

    def of(self, tenant_id: str, user_id: str) -> UserKey:
        """Return the user's key, or make one. If several processes make it, one wins."""
        user = tenant_id, user_id
        with self._lock:
            if (key := self._used.get(user)) is not None:
                self._used.move_to_end(user)
                return key
        key = self._find_or_make(self._name(tenant_id, user_id))
        with self._lock:
            self._used[user] = key
            while len(self._used) > self._remembered:
                self._used.popitem(last=False)
        return key

    def drop(self, tenant_id: str, user_id: str) -> None:
        """Drop a cached key, so that `of` asks the store again."""
        with self._lock:
            self._used.pop((tenant_id, user_id), None)

    def _find_or_make(self, name: str) -> UserKey:
        text = self._store.get(name)
        if text is None:
            wrapped = aes_key_wrap(self._wrapping_key, secrets.token_bytes(KEY_BYTES))
            text = self._store.add(name, f"{self._clock():.0f}:{base64.b64encode(wrapped).decode()}")
        return self._unwrap(StoredKey(name, text))

    def find(self, tenant_id: str, user_id: str) -> UserKey | None:
        """Return the user's key, if any."""
        name = self._name(tenant_id, user_id)
        text = self._store.get(name)
        return None if text is None else self._unwrap(StoredKey(name, text))

    def delete(self, tenant_id: str, user_id: str) -> bool:
        """Delete the user's key, and return whether it existed."""
        return bool(self._store.delete([self._name(tenant_id, user_id)]))

    def delete_unused(self, pseudonyms: Collection[str], created_before: float) -> int:
        """Delete the keys of users who are not among `pseudonyms`, and return their number.

        Keys that are younger than `created_before` (Unix seconds) stay, since their first entry may not be written yet.
        Keys that were wrapped with another BANKER_SECRET_KEY stay too.
        """
        unused = []
        for name, text in self._store.all().items():
            if float(text.partition(":")[0]) >= created_before:
                continue
            try:
                if self._unwrap(StoredKey(name, text)).pseudonym not in pseudonyms:
                    unused.append(name)
            except InvalidUnwrap:
                continue
        return self._store.delete(unused)

    def _name(self, tenant_id: str, user_id: str) -> str:
        return hmac.digest(self._name_key, json.dumps([tenant_id, user_id]).encode(), "sha256").hex()

    def _unwrap(self, stored: StoredKey) -> UserKey:
        return UserKey(aes_key_unwrap(self._wrapping_key, base64.b64decode(stored.text.partition(":")[2])), stored)
