"""The service with the tools of the demo bank."""

from banker import create_app
from examples.bank import install

app = create_app()
install(app.extensions["banker"])
