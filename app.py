"""WSGI entry point: `gunicorn app:app`."""

import sys

from banker import create_app
from banker.config.loading import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

if app.extensions["banker"].config.demo:
    # The demo bank embeds the service: its pages are at /, beside the service's own paths.
    from examples.bank import create_bank, default_path

    app = create_bank(app.extensions["banker"], default_path(), url_prefix="/", tenant_id="demo")
