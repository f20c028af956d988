"""How gunicorn runs the portal: processes with many threads each, as each slow upload holds one."""

from __future__ import annotations

from portal import env

bind = [f"{env.LISTEN_HOST}:{env.PORT}"]
worker_class = "gthread"
workers = env.WEB_PROCESSES
threads = env.WEB_THREADS
timeout = 120
graceful_timeout = 20
loglevel = "warning"
control_socket_disable = True
