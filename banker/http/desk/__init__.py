"""The desk, where colleagues of the bank take over talks: its page, its access control and its API."""

from banker.http.desk.access import DeskAccess
from banker.http.desk.routes import desk_blueprint

__all__ = ["DeskAccess", "desk_blueprint"]
