"""Handing a conversation over to a colleague of the bank: the record, the queue, the desk's store, hooks, webhook."""

from banker.handover.handovers import HandOvers
from banker.handover.record import Colleague, HandOver, HandOverAnswer, HandOverView

__all__ = ["Colleague", "HandOver", "HandOverAnswer", "HandOverView", "HandOvers"]
