"""gunicorn's hooks for the standalone service: refuse a start that cannot work, and print the address."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from banker.config.loading import ConfigError, load
from banker.config.settings import Config
from banker.server import gunicorn_hooks
from banker.server.gunicorn_reload import RELOAD

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def load_or_exit(folder: Path | None = None) -> Config:
    """Load the configuration, or end the process with its mistakes, one per line."""
    try:
        return load(folder)
    except ConfigError as error:
        sys.exit(str(error))


class StandaloneHooks:
    """Each method is the gunicorn hook of the same name."""

    def __init__(self, config: Config, mistakes: Callable[[Config], list[str]]) -> None:
        """`mistakes` returns a line for each reason why a service with this configuration cannot start."""
        self._config = config
        self._mistakes = mistakes

    def on_starting(self, server: Any) -> None:
        """End the process with one line if the settings cannot work, wherever they come from."""
        config = self._config
        if server.cfg.workers > 1 and config.redis_url is None:
            sys.exit(
                f"{server.cfg.workers} workers need BANKER_REDIS_URL: "
                "without it each has sessions and rate limits of its own"
            )
        if problem := config.media.too_few_ports(server.cfg.workers):
            sys.exit(problem)
        for host, port in (address for address in server.cfg.address if isinstance(address, tuple)):
            if config.demo and host not in LOOPBACK:
                sys.exit(f"The demo listens on 127.0.0.1 only, not on {host}: its secret is public. Change BANKER_BIND")
            if not {"GUNICORN_FD", "LISTEN_FDS"} & set(os.environ):
                check_port(host, port)
        if mistakes := self._mistakes(config):
            sys.exit("\n".join(mistakes))
        reload = server.handle_hup

        def reload_if_valid() -> None:
            try:
                load()
            except ConfigError as error:
                server.log.error("The configuration was not reloaded and stays as it was:\n%s", error)
            else:
                reload()

        server.handle_hup = reload_if_valid

    def nworkers_changed(self, server: Any, new_value: int, old_value: int | None) -> None:
        """Undo SIGTTIN, which adds a worker, where workers cannot share sessions."""
        gunicorn_hooks.nworkers_changed(server, new_value, old_value)
        if old_value and RELOAD.settled(new_value) > max(old_value, 1) and self._config.redis_url is None:
            server.log.error("The number of workers stays %d: more need BANKER_REDIS_URL", old_value)
            server.num_workers = old_value

    def post_worker_init(self, worker: Any) -> None:
        """Start the media threads in the background; the first worker then prints the address."""
        gunicorn_hooks.check_settings(worker)
        loading = Thread(target=self._start, args=(worker,), name="banker-warm-up", daemon=True)
        RELOAD.start(worker, loading, gunicorn_hooks.services_are_ready)

    def _start(self, worker: Any) -> None:
        first = worker.age == 1
        if first:
            print("Loading the speech engines and the agent (takes some seconds) ...", flush=True)
        gunicorn_hooks.start_services()
        address = worker.sockets[0].getsockname()
        if first and not isinstance(address, str):
            host = "localhost" if address[0] in LOOPBACK + EVERY_ADDRESS else address[0]
            text = "Open this page in a browser:" if self._config.demo else "The service answers on"
            print(f"\n{text} http://{host}:{address[1]}  (Ctrl-C ends the service)\n", flush=True)


def check_port(host: str, port: int) -> None:
    """End the process if the port is unusable. gunicorn would retry for 5 seconds and print ten lines."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            sys.exit(f"Port {port} of {host} {reason}. End what uses it, or choose another one: PORT=9000 make run")
