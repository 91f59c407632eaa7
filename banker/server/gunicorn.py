"""gunicorn settings for a back end that embeds the banker: `gunicorn -c python:banker.server.gunicorn wsgi:app`.

The command line and `GUNICORN_CMD_ARGS` override them. `threads` comes from `server.threads` of the configuration, or
is its default where the back end configures its `Banker` in code. https://gunicorn.org/reference/settings/
"""

import os

from banker.config.loading import ConfigError, load
from banker.config.settings import ServerSettings
from banker.server.gunicorn_hooks import (
    child_exit,
    nworkers_changed,
    on_exit,
    on_reload,
    post_fork,
    post_worker_init,
    pre_exec,
    worker_exit,
)
from banker.server.gunicorn_logger import BankerLogger
from banker.server.gunicorn_worker import BankerWorker
from banker.server.metrics import shared_files

__all__ = [
    "child_exit",
    "graceful_timeout",
    "keepalive",
    "logger_class",
    "nworkers_changed",
    "on_exit",
    "on_reload",
    "post_fork",
    "post_worker_init",
    "pre_exec",
    "threads",
    "timeout",
    "worker_class",
    "worker_exit",
]

# The agent's matrices are small: with one BLAS thread they take a third of the CPU time that several need.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    _config = load()
    _server = _config.server
    if _config.metrics.enabled:
        shared_files.share()
except ConfigError:
    _server = ServerSettings()  # if the application needs the configuration, it reports the errors when it loads

worker_class = BankerWorker
logger_class = BankerLogger

# Each open WebSocket holds one of the threads that answer requests; see server.max_sockets.
threads = _server.threads

# Seconds without a heartbeat of the worker's loop (not of a request) after which the master replaces the worker.
timeout = 30

# Seconds that open requests, WebSockets and calls have to end after SIGTERM.
graceful_timeout = 20

# Seconds that an idle connection is kept, without a thread. Longer than nginx keeps it (60), so that nginx never sends
# a request on a connection that is being closed.
keepalive = 75
