"""Follows the user through the bank's portal: what the page reports during a conversation."""

import asyncio
from collections.abc import Mapping

from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords
from banker.errors import ApiError, unavailable
from banker.sessions.portal_context import PortalContext, changed_context, context_mistake
from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox


class PortalUpdates:
    """Changes the `portal_context` of one session. Belongs to the media loop.

    What a page reports is a hint and no proof. The bank may refuse it (`Toolbox.check_context`).
    """

    def __init__(
        self, caller: Caller, context: PortalContext, toolbox: Toolbox, records: SessionRecords, transcript: Transcript
    ) -> None:
        """`context` is the one of `caller`."""
        self._caller = caller
        self._context = context
        self._toolbox = toolbox
        self._records = records
        self._transcript = transcript
        self._in_order = asyncio.Lock()

    async def take(self, changes: Mapping[str, str]) -> None:
        """Take new values for some keys; an empty one removes its key.

        Raises `ApiError`: 400 for a context that is too large or refused, 503 if it cannot be recorded.
        """
        async with self._in_order:
            context = changed_context(self._context, changes)
            if context == dict(self._context):
                return
            if mistake := context_mistake(context):
                raise ApiError(400, "invalid_context", f"The portal's context {mistake}.")
            if not await self._toolbox.takes_context(self._caller, context):
                raise ApiError(400, "context_refused", "The bank does not take this context for this user.")
            if not await self._records.audit("context.changed", context=dict(changes)):
                raise unavailable("The context cannot be recorded; try again.")
            await self._records.set_portal_context(context)
            self._context.replace(context)
            self._transcript.learn(dict(changes))
