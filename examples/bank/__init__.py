"""A small bank: an example of a Flask back end that embeds the banker. `make run` serves it as the demo.

::

    from examples.bank import create_bank

    app = create_bank(Banker(), "var/bank.sqlite3")

`embedding.py` and `tools/` are what a bank's developers write for the banker; the rest is the bank's own.
"""

from examples.bank.database import Bank
from examples.bank.pages import create_bank
from examples.bank.tools import default_path, install

__all__ = ["Bank", "create_bank", "default_path", "install"]
