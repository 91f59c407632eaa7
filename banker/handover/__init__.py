"""Handing a conversation over to a colleague of the bank: the record, the queue, the desk's store, hooks, webhook."""

from banker.handover.changes import HandOverChanges
from banker.handover.customer_handovers import HandOvers
from banker.handover.desk_talks import DeskTalks
from banker.handover.record import Colleague, HandOver, HandOverAnswer, HandOverView

__all__ = ["Colleague", "DeskTalks", "HandOver", "HandOverAnswer", "HandOverChanges", "HandOverView", "HandOvers"]
