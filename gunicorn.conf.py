"""gunicorn settings of the service on its own. `gunicorn app:app` in this folder reads this file by itself; the command
line and `GUNICORN_CMD_ARGS` override it. A back end that embeds the banker uses `-c python:banker.server.gunicorn`.
"""

import os

from banker.server.gunicorn import *  # noqa: F403
from banker.server.gunicorn_logger import BankerLogger, JsonAccessLogger
from banker.server.standalone import StandaloneHooks, load_or_exit
from banker.sessions.backends import storage_mistakes

config_of_service = load_or_exit()

# Behind nginx, and on a developer's machine; BANKER_BIND=0.0.0.0:8081 or unix:/run/banker.sock listens elsewhere.
bind = os.environ.get("BANKER_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8081}"
threads = config_of_service.server.threads

# One process uses one core for calls. More processes need Redis to share sessions and limits.
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)

# Each worker loads the app itself: media threads do not survive a fork.
preload_app = False

# The addresses whose X-Forwarded-Proto is trusted. (server.trusted_proxies is about X-Forwarded-For.)
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

# gunicorn would open a control socket in the home directory.
control_socket_disable = True

# Access log on standard output, everything else on standard error. %(U)s is the path without the query string.
logger_class = BankerLogger if config_of_service.server.log_format == "text" else JsonAccessLogger
loglevel = config_of_service.server.log_level.lower()
accesslog = "-"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms %({x-request-id}o)s'

hooks = StandaloneHooks(config_of_service, storage_mistakes)
on_starting = hooks.on_starting
nworkers_changed = hooks.nworkers_changed
post_worker_init = hooks.post_worker_init
