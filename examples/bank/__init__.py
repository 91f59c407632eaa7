"""A small bank: an example of a Flask back end that embeds the banker, and what `make run` shows.

::

    from examples.bank import create_bank

    app = create_bank(Banker(), "var/bank.sqlite3")

`embedding.py` is what a bank's developers write; `tools.py` what the banker may do.
"""

from examples.bank.database import Bank
from examples.bank.pages import create_bank
from examples.bank.tools import default_path, install

__all__ = ["Bank", "create_bank", "default_path", "install"]
