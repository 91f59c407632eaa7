"""gunicorn's server hooks for an application with one or more `Banker`."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from threading import Thread
from typing import Any

from gunicorn import SERVER_SOFTWARE
from gunicorn.workers.sync import SyncWorker

from banker.config.settings import Config
from banker.errors import ApiError
from banker.server import wsgi_server
from banker.server.gunicorn_reload import RELOAD
from banker.server.metrics import shared_files
from banker.server.running_services import live_services

log = logging.getLogger(__name__)


def on_reload(server: Any) -> None:
    """Keep the old workers until their successors are ready."""
    RELOAD.begin(server)


def nworkers_changed(server: Any, new_value: int, old_value: int | None) -> None:
    """Note the number of workers, which a reload raises for a while."""
    RELOAD.workers_changed(old_value)


def child_exit(server: Any, worker: Any) -> None:
    """Give a reload up whose workers cannot start, and forget what a worker had in use: it may have been killed."""
    RELOAD.give_up(server)
    shared_files.forget(worker.pid)


def pre_exec(server: Any) -> None:
    """Make SIGUSR2 repeat the command line as it was given: gunicorn would run `python -m gunicorn` as a script.

    The new master and the old one count together, and the new one goes on with what was counted.
    """
    server.START_CTX["args"] = sys.orig_argv
    shared_files.hand_on(server.cfg.env_orig)


def post_fork(server: Any, worker: Any) -> None:
    """Tell the worker how many there are: SIGTTIN adds workers beyond the setting."""
    worker.siblings = RELOAD.settled(server.num_workers)


def post_worker_init(worker: Any) -> None:
    """Log what cannot work with these settings, and start the media threads in the background."""
    check_settings(worker)
    RELOAD.start(worker, Thread(target=start_services, name="banker-warm-up", daemon=True), services_are_ready)


def worker_exit(server: Any, worker: Any) -> None:
    """Close all calls, however the worker ends."""
    for service in live_services():
        service.drain()
        service.close()


def on_exit(server: Any) -> None:
    """Remove the workers' metrics, unless the master is one of two (SIGUSR2), which count together."""
    has_successor, has_predecessor = server.reexec_pid != 0, server.master_pid == os.getppid()
    if not has_successor and not has_predecessor:
        shared_files.remove()


def check_settings(worker: Any) -> None:
    """Log in one line each what the services of a worker cannot do with gunicorn's settings.

    End the server at its start if there are reasons not to start, such as a missing tool. A worker that takes the place
    of a lost one goes on: what is wrong may pass, like a Redis that was demoted.
    """
    wsgi_server.set_worker(worker.cfg.threads, workers_of(worker))
    for service in live_services():
        service.metrics.threads_limit.set(worker.cfg.threads)
        if mistakes := service.start_mistakes():
            print(*mistakes, sep="\n", file=sys.stderr, flush=True)
            if RELOAD.is_start(worker):
                RELOAD.fail(worker)
        for problem in problems(worker, service.config):
            wsgi_server.report(problem)


def workers_of(worker: Any) -> int:
    """Return how many workers there are, this one included."""
    return int(getattr(worker, "siblings", worker.cfg.workers))


def problems(worker: Any, config: Config) -> Iterator[str]:
    """Describe what the settings of a worker do not allow a service with this configuration."""
    max_sockets = config.server.max_sockets
    if workers_of(worker) > 1:
        if config.redis_url is None:
            yield wsgi_server.SEVERAL_PROCESSES
        if config.metrics.enabled and not shared_files.are_shared():
            yield wsgi_server.SEPARATE_METRICS
    if problem := config.media.too_few_ports(workers_of(worker)):
        yield problem
    if isinstance(worker, SyncWorker):
        yield wsgi_server.one_request_at_a_time(SERVER_SOFTWARE)
    elif worker.cfg.threads <= max_sockets:
        yield wsgi_server.too_few_threads(worker.cfg.threads, max_sockets)


def services_are_ready() -> bool:
    """Return whether everything is loaded that calls need."""
    return all(service.is_loaded for service in live_services())


def start_services() -> None:
    """Load what the first call would otherwise wait for; takes seconds."""
    for service in live_services():
        try:
            service.start()
        except ApiError:
            log.debug("the worker was stopped while the engines were loading")
    # What is loaded by now stays until the process ends. The garbage collector would look through it again and again,
    # which stops the calls, and once more at the exit, which takes half a second of CPU time.
    gc.freeze()
