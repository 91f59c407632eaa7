"""WSGI entry point: `gunicorn app:app`."""

import sys

from banker import Colleague, create_app
from banker.config.loading import ConfigError, is_demo


def staff() -> Colleague | None:
    """Return the member of the demo bank's staff who is signed in."""
    from examples.bank.staff import colleague_at_desk

    return colleague_at_desk()


try:
    app = create_app(desk_access=staff if is_demo() else None)
except ConfigError as error:
    sys.exit(str(error))

if app.extensions["banker"].config.demo:
    # The demo bank embeds the service: its pages are at /, beside the service's own paths.
    from examples.bank import create_bank, default_path

    app = create_bank(app.extensions["banker"], default_path(), url_prefix="/", tenant_id="demo")
