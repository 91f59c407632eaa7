"""The agent protocol: given the conversation so far, an agent words a reply and may call tools."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from banker.agents.knowledge.passage import Finding, Passage
from banker.config.tenant import Tenant
from banker.tools.base import Caller, Choice, ProposedCall, ToolResult, ToolSpec

TICKET_TOOL = "create_ticket"
"""The standard name of the tool that informs the bank's staff."""


async def no_choices(tool: str, parameter: str) -> Sequence[Choice] | None:
    """Offer no choices."""
    return ()


def no_voice(wish: str) -> bool:
    """Change nothing."""
    return False


async def nothing_to_drop() -> None:
    """Close no question."""


def nothing_noted() -> None:
    """Note nothing."""


def nothing_learnt(value: Any) -> None:
    """Learn nothing."""


@dataclass(frozen=True)
class PersonAnswer:
    """What to say to the wish for a person, and whether it ends by offering a call-back ticket."""

    text: str
    offers_ticket: bool = False
    is_waiting: bool = False
    """Whether the customer is now in the queue."""
    link: str = ""


async def no_person(reason: str, urgency: Literal["normal", "urgent"] = "normal") -> PersonAnswer | None:
    """Return None: nobody can be called."""
    return None


class HandOverCall(Protocol):
    """Calls a colleague of the bank."""

    async def __call__(self, reason: str, urgency: Literal["normal", "urgent"] = "normal") -> PersonAnswer | None:
        """Put the customer into the queue, and return what to say; None if nobody can be called. Never raises."""
        ...


class LookUp(Protocol):
    """Searches the tenant's pages."""

    async def __call__(self, question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
        """Return what the pages say about `question`. `offered`: topics from which it may choose ("the second one").

        `about`: what was spoken of last, if the question goes on with that ("and what does it cost?"). From then on,
        the numbers in the result may be said. Never raises.
        """
        ...


async def no_pages(question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
    """Find nothing."""
    return Finding()


@dataclass(frozen=True)
class TurnContext:
    """What an agent gets for answering one turn."""

    tenant: Tenant
    caller: Caller
    turns: Sequence[Mapping[str, Any]]
    """The finished turns, oldest first, with the keys `turn`, `role` ("user" or "banker"), `text` and, if the turn was
    cut off, `interrupted`. The last one is the user's turn to answer."""
    user_text: str
    """What the user said in this turn."""
    dialogue_state: dict[str, Any]
    """The agent's own state as JSON data. It is stored with the session, so the next turn gets it in any process."""
    tools: Sequence[ToolSpec]
    """The tools that the tenant allows."""
    call_tool: Callable[[str, Mapping[str, Any]], Awaitable[ToolResult]]
    """Call a tool with arguments. Permissions, arguments and confirmation are checked here. Never raises."""
    choices: Callable[[str, str], Awaitable[Sequence[Choice] | None]] = no_choices
    """Return the values that an argument of a tool may have for this caller. Takes the tool's name and the argument's
    key. Empty if the argument takes other values too, None if the bank did not answer. Never raises."""
    open_question: ProposedCall | None = None
    """The call that the user was asked to confirm and has neither confirmed nor declined. It stays open and is repeated
    after the reply. A call of the same tool replaces it: call it again with the user's corrections."""
    drop_question: Callable[[], Awaitable[None]] = nothing_to_drop
    """Close the open question and those behind it, because the user has withdrawn the wish."""
    look_up: LookUp = no_pages
    """Search the tenant's pages for a question."""
    links: list[dict[str, str]] = field(default_factory=list)
    """Links `{text, url}` that the client shows below the reply."""
    safety_text: str = ""
    """What the bank has just said about the user's safety. The agent answers only an ordinary wish in the same words,
    and otherwise yields nothing."""
    goes_on: bool = False
    """Whether the topic of `safety_text` was spoken of before, so that the agent also answers thanks and the like."""
    not_understood: Callable[[], None] = nothing_noted
    """Note, for the operator's metrics, that the turn was not understood."""
    may_say: Callable[[Any], None] = nothing_learnt
    """Allow figures that follow from the user's words to be said, such as the date that "tomorrow" is."""
    person_offered: Callable[[], None] = nothing_noted
    """Note, for the operator's metrics, that the reply offers or names a person to turn to."""
    hand_over: HandOverCall = no_person
    """Call a colleague into this conversation."""
    has_person: bool = False
    """Whether the bank has a desk, so that a colleague can join now or at another time."""
    adjust_voice: Callable[[str], bool] = no_voice
    """Speak from now on "slower", "faster", "louder" or "softer". Returns whether the voice goes that far."""

    def cite(self, passage: Passage) -> None:
        """Show a link to a passage below the reply, if the tenant's pages have addresses."""
        link = {"text": passage.title, "url": passage.url or ""}
        if passage.url is not None and link not in self.links:
            self.links.append(link)


class Agent(Protocol):
    """Words replies.

    All methods yield written text in pieces of any size. The conversation splits it into sentences, checks them, shows
    them and speaks them. An exception ends the reply with an apology.
    """

    def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer `context.user_text`."""
        ...

    def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Report the result of a tool call that had waited for confirmation (`ok`, `failed`, `declined`, …).

        With `step_up` the call is approved and waits. The conversation says so; the result is reported later.
        """
        ...

    async def anticipate(self, context: TurnContext) -> bool:
        """Prepare to answer `context.user_text`, which may be only the beginning of a turn. Nothing is done or said.

        Returns whether the words are clear and an answer to them would change nothing.
        """
        ...

    def resume(self, context: TurnContext) -> AsyncIterator[str]:
        """Resume what was open before a colleague talked with the customer. Yield nothing if nothing was open."""
        ...
