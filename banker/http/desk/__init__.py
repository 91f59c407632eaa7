"""The desk of the bank's colleagues: its page, its access and its API."""

from banker.http.desk.access import DeskAccess
from banker.http.desk.routes import desk_blueprint

__all__ = ["DeskAccess", "desk_blueprint"]
