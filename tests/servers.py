"""Real servers for the tests: each is a small class that starts one on a free port and leaves nothing behind."""

import contextlib
import datetime
import ipaddress
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = "a-secret-key-for-tests-of-32-bytes-or-more"
TENANT_SECRET = "a-tenant-secret-for-tests-of-32-bytes-or-more"
TURN_SECRET = "a-turn-secret-for-tests"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that is free on every address of this machine, and so is most likely the one after it.

    It lies below the ports that the system gives to those who ask for any, and so stays free until it is used.
    """
    ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.SystemRandom().sample(range(10_000, ephemeral), 100):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, kind) as probe:
            probe.bind(("::", port))
            return port
    raise AssertionError("no port is free")


def free_udp_port() -> int:
    return free_port(socket.SOCK_DGRAM)


def wait_until(condition: Callable[[], object], limit: float = 5.0, what: str = "the condition") -> None:
    """Wait until `condition()` is true, looking every few milliseconds; fail the test after `limit` seconds.

    A condition that takes long is looked at less often, so that waiting leaves the cores to what is waited for.
    """
    deadline = time.monotonic() + limit
    while True:
        began = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"{what} was not met within {limit} s")
        time.sleep(min(max(0.005, 4 * (now - began)), 1.0))


def answers(port: int) -> bool:
    """Whether something accepts TCP connections on the port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def own_address() -> str:
    """The address that this machine would be reached at; the loopback one where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("198.51.100.1", 9))  # sends nothing
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def self_signed_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and 127.0.0.1 and its key, as PEM files in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


Certificate = tuple[Path, Path]
"""A certificate and its key, as `self_signed_certificate` makes them: what uses it speaks TLS."""


def redis_tls_options(certificate: Certificate, port: int) -> dict[str, str]:
    """The settings of a redis-server or Sentinel that speaks TLS, also with the others."""
    files = {"tls-cert-file": certificate[0], "tls-key-file": certificate[1], "tls-ca-cert-file": certificate[0]}
    flags = {"port": "0", "tls-port": str(port), "tls-auth-clients": "no", "tls-replication": "yes"}
    return {name: str(file) for name, file in files.items()} | flags


def redis_tls_query(certificate: Certificate | None) -> str:
    """The query of a URL whose client checks the certificate."""
    return "" if certificate is None else f"?ssl_cert_reqs=required&ssl_ca_certs={certificate[0]}"


def redis_cli(port: int, certificate: Certificate | None, *arguments: str) -> str:
    """Run a command in redis-cli and return its output."""
    tls = [] if certificate is None else ["--tls", "--cacert", str(certificate[0])]
    command = ["redis-cli", "-p", str(port), *tls, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class RedisServer:
    """A redis-server of the test's own at `url`. Without persistence: a restart forgets everything.

    With `cluster` it is a node that has no slots yet; see `RedisClusterServers`.
    """

    def __init__(self, *options: str, cluster: bool = False, certificate: Certificate | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="banker-redis-")
        folder = Path(self._folder.name)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._options += ["--repl-diskless-sync-delay", "0", *options]
        self._certificate = certificate
        if certificate is not None:
            self.url = f"rediss://localhost:{self.port}/0{redis_tls_query(certificate)}"
            for name, value in redis_tls_options(certificate, self.port).items():
                self._options += [f"--{name}", value]
        else:
            self._options += ["--port", str(self.port)]
        if cluster:
            # The bus would be at port + 10000, which need not exist.
            self.url = f"redis+cluster://127.0.0.1:{self.port}"
            self.bus_port = free_port()
            self._options += ["--cluster-enabled", "yes", "--cluster-port", str(self.bus_port)]
            self._options += ["--tls-cluster", "yes"] if certificate is not None else []
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, the first time or again on the same port; returns when it answers."""
        self._process = subprocess.Popen(
            ["redis-server", *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        wait_until(lambda: answers(self.port), what="redis-server accepting connections")

    def stop(self) -> None:
        """Kill it as an outage would; its port then refuses connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block it accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()

    def cli(self, *arguments: str) -> str:
        """Run a command in redis-cli and return its output."""
        return redis_cli(self.port, self._certificate, *arguments)


class LossyProxy:
    """Forwards TCP connections to `target_port`. After `lose_answer` it drops the next answer and its connection.

    With `forged`, a text of the answers and another one of the same length, it exchanges them.
    """

    def __init__(self, target_port: int, forged: tuple[bytes, bytes] = (b"", b"")) -> None:
        self._target_port = target_port
        self._forged = forged
        self._is_losing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answer(self) -> None:
        self._is_losing.set()

    @property
    def has_lost_it(self) -> bool:
        """Whether an answer was dropped since `lose_answer`."""
        return not self._is_losing.is_set()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target_port)) as server:
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if source is server and self._is_losing.is_set():
                        self._is_losing.clear()
                        return
                    if not data:
                        return
                    if source is server and self._forged[0]:
                        data = data.replace(*self._forged)
                    (server if source is client else client).sendall(data)


class RedisClusterServers:
    """A Redis Cluster of `masters` nodes, the first of which has `replicas`; `url` leads to all of them."""

    def __init__(self, masters: int = 1, replicas: int = 0, certificate: Certificate | None = None) -> None:
        options = ["--cluster-node-timeout", "1000"]
        self.nodes = [RedisServer(*options, cluster=True, certificate=certificate) for _ in range(masters + replicas)]
        self.port = self.nodes[0].port
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        self.url = f"{'rediss' if certificate else 'redis'}+cluster://{hosts}{redis_tls_query(certificate)}"
        first = self.nodes[0]
        for node in self.nodes[1:]:
            node.cli("cluster", "meet", "127.0.0.1", str(first.port), str(first.bus_port))
        for number, node in enumerate(self.nodes[:masters]):
            slots = 16384 * number // masters, 16384 * (number + 1) // masters - 1
            node.cli("cluster", "addslotsrange", *map(str, slots))
        for node in self.nodes:
            wait_until(lambda n=node: self._is_known(n), limit=20, what="the cluster knowing all nodes")
        for node in self.nodes[masters:]:
            node.cli("cluster", "replicate", first.cli("cluster", "myid"))
        for node in self.nodes:
            wait_until(lambda n=node: "cluster_state:ok" in n.cli("cluster", "info"), 20, "the cluster being ready")
            replicas_seen = lambda n=node: n.cli("cluster", "nodes").count("slave") == replicas  # noqa: E731
            wait_until(replicas_seen, 20, "the replicas being known")
        for node in self.nodes[masters:]:
            wait_until(lambda n=node: "master_link_status:up" in n.cli("info", "replication"), 20, "replication")

    def close(self) -> None:
        for node in self.nodes:
            node.close()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block the nodes accept connections and answer nothing."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node.frozen())
            yield

    def _is_known(self, node: RedisServer) -> bool:
        """Whether the node has heard from all others."""
        lines = node.cli("cluster", "nodes").splitlines()
        return len(lines) == len(self.nodes) and not any("handshake" in line for line in lines)


class RedisSentinel:
    """A Redis Sentinel that watches `master` under the name `bank`, and declares it down after 2 s of silence."""

    def __init__(self, master: RedisServer, certificate: Certificate | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="banker-sentinel-")
        self._certificate = certificate
        config = Path(self._folder.name) / "sentinel.conf"
        self.port = free_port()
        scheme = "rediss" if certificate else "redis"
        self.url = f"{scheme}+sentinel://127.0.0.1:{self.port}/bank{redis_tls_query(certificate)}"
        settings = {"port": str(self.port)} if certificate is None else redis_tls_options(certificate, self.port)
        settings |= {"bind": "127.0.0.1", "dir": self._folder.name}
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._process = subprocess.Popen(
            ["redis-server", str(config), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        wait_until(lambda: answers(self.port), what="Sentinel accepting connections")
        self.watch(master)

    def watch(self, master: RedisServer) -> None:
        """Watch this master instead of the one before it."""
        if self.cli("sentinel", "masters"):
            self.cli("sentinel", "remove", "bank")
        self.cli("sentinel", "monitor", "bank", "127.0.0.1", str(master.port), "1")
        self.cli("sentinel", "set", "bank", "down-after-milliseconds", "2000", "failover-timeout", "3000")

    def replicas(self) -> int:
        """How many replicas Sentinel can promote."""
        return self.cli("sentinel", "replicas", "bank").count("master-link-status\nok")

    def cli(self, *arguments: str) -> str:
        """Run a command in redis-cli and return its output."""
        return redis_cli(self.port, self._certificate, *arguments)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def write_config(
    folder: Path, service: Mapping[str, Mapping[str, Any]] | None = None, **tenants: Mapping[str, Any]
) -> Path:
    """A configuration folder: `service` holds the sections of banker.toml, and each keyword is a tenant's file.

    A tenant's file starts from a plain one (HS256 with `TENANT_SECRET`, consent required, no avatar); the keyword's
    value is merged into it. Without any there is one tenant, `bank`. The voice is off unless `service` turns it on.
    """
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    settings = _merged(
        {
            "speech": {"synthesiser": "none", "recogniser": "none"},
            "server": {"log_format": "text"},
            "limits": {"calls_per_user": 1000},
        },
        service or {},
    )
    (folder / "banker.toml").write_text(_toml(settings), encoding="utf-8")
    for tenant_id, changes in (tenants or {"bank": {}}).items():
        plain = {
            "tenant_id": tenant_id,
            "allowed_origins": ["https://portal.bank.example"],
            "identity": {
                "issuer": f"https://{tenant_id}.example",
                "algorithms": ["HS256"],
                "secret_env": "TEST_TENANT_SECRET",
            },
            "config": {
                "avatar_enabled": False,
                "greeting": "Welcome to the bank of the tests.",
                "policy": {"rate_limit_per_minute": 10_000, "require_consent": True},
            },
            "consent": {"version": "v1", "text": "Do you agree?"},
        }
        path = folder / "tenants" / f"{tenant_id}.toml"
        path.write_text(_toml(_merged(plain, changes)), encoding="utf-8")
    return folder


def config_environment() -> dict[str, str]:
    """The environment that belongs to `write_config`: no setting of the machine's own, and the secrets."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BANKER_", "GUNICORN_")) and name not in ("PORT", "WEB_CONCURRENCY")
    }
    return inherited | {
        "BANKER_SECRET_KEY": SECRET_KEY,
        "TEST_TENANT_SECRET": TENANT_SECRET,
        "TURN_SECRET": TURN_SECRET,
        "BANKER_LIMITS__TENANT_PER_MINUTE": "100000",
        "BANKER_LIMITS__FAILED_IDENTIFICATION_PER_MINUTE": "100000",
    }


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged


def _toml(values: Mapping[str, Any], prefix: str = "") -> str:
    """Tables of scalars and lists, which JSON writes as TOML does."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, Mapping)]
    tables = [
        f"\n[{prefix}{name}]\n{_toml(value, f'{prefix}{name}.')}"
        for name, value in values.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join(plain + tables) + "\n"


class Gunicorn:
    """The service as it is operated: gunicorn with the project's own gunicorn.conf.py, on a free port of 127.0.0.1.

    `config` is a folder of `write_config`; `app` another entry point (`tests.apps:…`); `environ` goes over
    `config_environment`; `settings` is another file or module of gunicorn settings, and `options` are gunicorn's;
    `python` is that of another environment. Returns when it answers, with `ready` when the engines are warm too; `log`
    is what it wrote so far, both streams.
    """

    def __init__(
        self,
        config: Path,
        *,
        workers: int = 1,
        environ: Mapping[str, str] | None = None,
        app: str = "app:app",
        port: int | None = None,
        ready: bool = False,
        settings: str = "gunicorn.conf.py",
        options: Sequence[str] = (),
        python: Path | str = sys.executable,
    ) -> None:
        self._ready = ready
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = tempfile.NamedTemporaryFile(prefix="banker-gunicorn-", suffix=".log")  # noqa: SIM115
        variables = {"BANKER_LIMITS__CALLS_PER_USER": "1000"}
        variables |= {"BANKER_CONFIG": str(config), "PORT": str(self.port), "WEB_CONCURRENCY": str(workers)}
        self.process = subprocess.Popen(
            [python, "-m", "gunicorn", "-c", settings, *options, app],
            cwd=ROOT,
            env=config_environment() | variables | {"PYTHONPATH": str(ROOT)} | dict(environ or {}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: self._is_up(workers), limit=120, what="gunicorn being up")
        except AssertionError:
            print(self.log)  # pytest shows it with the failure
            self.close()
            raise

    def _is_up(self, workers: int) -> bool:
        assert self.process.poll() is None, f"gunicorn ended:\n{self.log}"
        mark = "ready for calls" if self._ready else "Booting worker"
        return self.log.count(mark) >= workers and answers(self.port)

    @property
    def log(self) -> str:
        """What the service has written so far."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def threads(self) -> int:
        """How many threads the workers have, together."""
        return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in self.workers)

    def descriptors(self) -> int:
        """How many files and sockets the workers hold open, together."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.workers)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block it accepts connections and answers nothing."""
        workers = self.workers
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end, as a deployment does (SIGTERM); returns at once."""
        self.process.terminate()

    def stop(self, limit: float = 30) -> int:
        """End it and wait; returns the exit status. Fails the test when it does not end in `limit` seconds."""
        self.process.terminate()
        return self.process.wait(limit)

    def close(self) -> None:
        """End it however it is; may be called after `stop`."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                for pid in self.workers:
                    os.kill(pid, signal.SIGKILL)
                self.process.kill()
                self.process.wait()
        self._log.close()


class Turn:
    """A coturn that takes time-limited credentials (`use-auth-secret`) under `TURN_SECRET`; `url` is its `turn:` URL.

    `sessions` counts the allocations that it has granted, from its log.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="banker-turn-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        address = own_address()
        self.port = free_port()
        self.url = f"turn:{address}:{self.port}"
        options = ["-n", "-v", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint", "--simple-log", "--no-stdout-log"]
        options += ["--listening-ip", address, "--relay-ip", address, "--listening-port", str(self.port)]
        options += ["--use-auth-secret", "--static-auth-secret", TURN_SECRET, "--realm", "bank.example"]
        options += ["--allow-loopback-peers", "--userdb", str(folder / "db"), "--pidfile", str(folder / "pid")]
        self._process = subprocess.Popen(
            ["turnserver", *options, "--log-file", str(self._log)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

        def is_up() -> bool:
            with contextlib.suppress(OSError), socket.create_connection((address, self.port), timeout=0.5):
                return True
            return False

        wait_until(is_up, limit=10, what="coturn accepting connections")

    @property
    def sessions(self) -> int:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return text.count("ALLOCATE processed, success")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


class Nginx:
    """nginx with the project's own config/nginx.conf in front of gunicorns, on a free port of 127.0.0.1.

    With `tls` the lines of the file are in force that an operator has to uncomment; `certificate` is the file of it.
    `changes` replace text of the file.
    """

    def __init__(self, *gunicorn_ports: int, tls: bool = False, changes: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="banker-nginx-")
        folder = Path(self._folder.name)
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        text = (ROOT / "config" / "nginx.conf").read_text(encoding="utf-8")
        if tls:
            self.certificate, key = self_signed_certificate(folder)
            text = text.replace("listen 80;", "")
            for line in ("listen 443", "ssl_certificate ", "ssl_certificate_key", "ssl_protocols", "add_header Strict"):
                assert f"# {line}" in text
                text = text.replace(f"# {line}", line)
            text = text.replace("/etc/letsencrypt/live/banker.bank.example/fullchain.pem", str(self.certificate))
            text = text.replace("/etc/letsencrypt/live/banker.bank.example/privkey.pem", str(key))
        for shipped, here in (
            ("listen 443 " if tls else "listen 80;", f"listen 127.0.0.1:{self.port}{' ' if tls else ';'}"),
            ("/run/nginx.pid", str(folder / "pid")),
            ("/var/log/nginx", str(folder)),
            *(changes or {}).items(),
        ):
            assert shipped in text
            text = text.replace(shipped, here)
        host = next(line for line in text.splitlines() if "server 127.0.0.1:8081" in line)
        text = text.replace(host, "\n".join(host.replace("8081", str(port)) for port in gunicorn_ports))
        config = folder / "nginx.conf"
        config.write_text(text, encoding="utf-8")
        path = os.environ["PATH"] + ":/usr/sbin"
        command = ["nginx", "-p", str(folder), "-c", str(config), "-g", "daemon off;"]
        self._process = subprocess.Popen(command, env={**os.environ, "PATH": path}, stderr=subprocess.DEVNULL)
        self.access_log = folder / "access.log"
        wait_until(lambda: answers(self.port), limit=10, what="nginx accepting connections")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()
