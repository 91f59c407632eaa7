"""Tenants of every kind, a manual clock, signers for valid and forged tokens, and a JWKS server."""

import base64
import contextlib
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from banker.config.settings import Config
from banker.config.tenant import IdentitySettings, Tenant
from banker.errors import ApiError
from banker.identity import EphemeralTokens, Verifier

NOW = 1_800_000_000.0
SECRET_KEY = b"k" * 32


@dataclass
class Clock:
    """Return Unix seconds; a test sets `now`."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem(private_key: Any) -> str:
    return private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(private_key: Any) -> str:
    return private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk(private_key: Any, key_id: str | None, **members: Any) -> dict[str, Any]:
    algorithms = {rsa.RSAPrivateKey: "RS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    name = next(name for kind, name in algorithms.items() if isinstance(private_key, kind))
    algorithm = jwt.get_algorithm_by_name(name)
    key = algorithm.to_jwk(private_key.public_key(), as_dict=True)
    return {**key, **({} if key_id is None else {"kid": key_id}), **members}


def tenant(tenant_id: str, *algorithms: str, **key: Any) -> Tenant:
    issuer = f"https://{tenant_id}.example"
    return Tenant(tenant_id=tenant_id, identity=IdentitySettings(issuer=issuer, algorithms=algorithms, **key))


@dataclass
class World:
    """`alpha` and `gamma` have a shared secret with the service; `beta` and the others a public key."""

    keys: SimpleNamespace
    clock: Clock = field(default_factory=Clock)
    alpha_secret: bytes = b"alpha-alpha-alpha-alpha-alpha-alpha"

    def __post_init__(self) -> None:
        keys = self.keys
        self.alpha = tenant("alpha", "HS256", secret=self.alpha_secret)
        self.gamma = tenant("gamma", "HS256", secret=b"gamma" * 7)
        self.beta = tenant("beta", "RS256", public_key=pem(keys.rsa))
        self.ps = tenant("ps", "PS256", public_key=pem(keys.rsa))
        self.es = tenant("es", "ES256", public_key=pem(keys.ec))
        self.ed = tenant("ed", "EdDSA", public_key=pem(keys.ed))
        tenants = (self.alpha, self.gamma, self.beta, self.ps, self.es, self.ed)
        self.config = Config(secret_key=SECRET_KEY, tenants={t.tenant_id: t for t in tenants})
        self.verifier = Verifier(self.config, self.clock)
        self.ephemeral = EphemeralTokens(SECRET_KEY, self.clock)

    def claims(self, tenant_id: str, without: str = "", **changed: Any) -> dict[str, Any]:
        now = int(self.clock.now)
        claims = {"iss": f"https://{tenant_id}.example", "sub": "user-1", "aud": "virtual-banker", "iat": now}
        claims = {**claims, "exp": now + 300, **changed}
        return {name: value for name, value in claims.items() if name != without}

    def alpha_token(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        return self.hs256(self.claims("alpha", **changed), self.alpha_secret, header)

    def beta_token(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        return self.sign(self.claims("beta", **changed), self.keys.rsa, "RS256", header)

    def sign(self, claims: dict[str, Any], key: Any, algorithm: str, header: dict[str, Any] | None = None) -> str:
        return jwt.encode(claims, key, algorithm=algorithm, headers=header)

    def accepts(self, kid: str | None = "one", key: str = "rsa", algorithm: str = "RS256") -> bool:
        """Return whether a token of `bank`, signed with one of the keys, is accepted now."""
        header = None if kid is None else {"kid": kid}
        token = self.sign(self.claims("bank"), getattr(self.keys, key), algorithm, header)
        try:
            return self.verifier.bearer(token).tenant is self.bank
        except ApiError:
            return False

    def hs256(self, payload: Any, secret: bytes, header: Any = None) -> str:
        """Sign without a library, as an attacker would: nothing is refused."""
        if not isinstance(header, bytes):
            header = json.dumps({"typ": "JWT", "alg": "HS256", **(header or {})}).encode()
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        signed = f"{base64url(header)}.{base64url(payload)}"
        return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


class KeyServer(ThreadingHTTPServer):
    """Serve `document` and record the requests; `answer`, if set, handles a request instead."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.document, self.requests, self.answer = {"keys": []}, [], None
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks"

    def start(self) -> "KeyServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.server.answer:
            self.server.answer(self)
        else:
            self.reply(json.dumps(self.server.document).encode())

    def reply(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

    def handle(self):
        with contextlib.suppress(OSError):  # the client has closed the connection, as it should
            super().handle()


@pytest.fixture(scope="session")
def keys() -> SimpleNamespace:
    return SimpleNamespace(
        rsa=rsa.generate_private_key(65537, 2048),
        other_rsa=rsa.generate_private_key(65537, 2048),
        small_rsa=rsa.generate_private_key(65537, 1024),  # noqa: S505 - must be refused
        ec=ec.generate_private_key(ec.SECP256R1()),
        p384=ec.generate_private_key(ec.SECP384R1()),
        ed=ed25519.Ed25519PrivateKey.generate(),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(keys: SimpleNamespace) -> World:
    return World(keys)


@pytest.fixture
def forms() -> SimpleNamespace:
    """The ways to serialize a key, and a tenant with one."""
    return SimpleNamespace(
        pem=pem, private_pem=private_pem, PEM=Encoding.PEM, jwk=jwk, base64url=base64url, tenant=tenant
    )


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start JWKS servers, and stop them after the test."""
    monkeypatch.setenv("no_proxy", "*")
    servers: list[KeyServer] = []

    def start() -> KeyServer:
        servers.append(KeyServer().start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve: Any) -> KeyServer:
    return serve()


@pytest.fixture
def bank(world: World, server: KeyServer) -> World:
    """The world with a tenant `bank` whose JWK Set is on `server`: one RSA key with the kid "one"."""
    world.bank = tenant("bank", "RS256", "ES256", "EdDSA", jwks_url=server.url)
    world.verifier = Verifier(Config(tenants={"bank": world.bank, "beta": world.beta}), world.clock)
    server.document = {"keys": [jwk(world.keys.rsa, "one", use="sig", alg="RS256")]}
    return world
