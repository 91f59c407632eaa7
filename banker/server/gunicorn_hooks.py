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
    """Note the number of workers, which a reload raises temporarily."""
    RELOAD.workers_changed(old_value)


def child_exit(server: Any, worker: Any) -> None:
    """Give up a reload whose workers cannot start, and drop the resources of a worker that may have been killed."""
    RELOAD.give_up(server)
    shared_files.forget(worker.pid)


def pre_exec(server: Any) -> None:
    """Make SIGUSR2 repeat the command line as it was given: gunicorn would run `python -m gunicorn` as a script.

    The new master and the old one share their metrics, and the new one keeps them.
    """
    server.START_CTX["args"] = sys.orig_argv
    shared_files.hand_on(server.cfg.env_orig)


def post_fork(server: Any, worker: Any) -> None:
    """Tell the worker how many there are: SIGTTIN adds workers beyond the setting."""
    worker.siblings = RELOAD.settled(server.num_workers)


def post_worker_init(worker: Any) -> None:
    """Log what these settings make impossible, and start the media threads in the background."""
    check_settings(worker)
    RELOAD.start(worker, Thread(target=start_services, name="banker-warm-up", daemon=True), services_are_ready)


def worker_exit(server: Any, worker: Any) -> None:
    """Close all calls, however the worker ends."""
    for service in live_services():
        service.drain()
        service.close()


def on_exit(server: Any) -> None:
    """Remove the workers' metrics, unless two masters (SIGUSR2) share them."""
    has_successor, has_predecessor = server.reexec_pid != 0, server.master_pid == os.getppid()
    if not has_successor and not has_predecessor:
        shared_files.remove()


def check_settings(worker: Any) -> None:
    """Log a line for each thing that gunicorn's settings make impossible for the services of a worker.

    At its start, end the server if there are reasons not to start, such as a missing tool. A worker that replaces a
    lost one goes on, since the problem may pass, like a demoted Redis.
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
    """Describe what a worker's settings make impossible for a service with this configuration."""
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
    """Return whether everything that calls need is loaded."""
    return all(service.is_loaded for service in live_services())


def start_services() -> None:
    """Load what the first call would otherwise wait for. Takes seconds."""
    for service in live_services():
        try:
            service.start()
        except ApiError:
            log.debug("the worker was stopped while the engines were loading")
    # What is loaded by now stays until the process ends. The garbage collector would look through it again and again,
    # which stops the calls, and once more at the exit, which takes half a second of CPU time.
    gc.freeze()
