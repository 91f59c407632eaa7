"""WSGI entry point: `gunicorn app:app`."""

import sys

from banker import create_app
from banker.config.loading import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

if app.extensions["banker"].config.demo:
    # The demo: a bank whose pages are at / and that has the service, at the paths it always has, beside them.
    from examples.bank import create_bank, default_path

    app = create_bank(app.extensions["banker"], default_path(), url_prefix="/", tenant_id="demo")
