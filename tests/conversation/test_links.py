"""Answers from the bank's pages: their links reach the client and the history, and their figures may be said."""

from collections.abc import AsyncIterator
from dataclasses import replace

from banker.agents.base import TurnContext
from banker.agents.knowledge import KnowledgeBase, Passage
from tests.conversation.harness import Client, FastTransport, Harness, run, until

FEES = Passage("fees", "What a transfer costs", "A transfer abroad costs $12.", "/help/transfers#fees", ("fees",))
LINK = {"text": "What a transfer costs", "url": "/help/transfers#fees"}


class PagesAgent:
    """Says what the pages answer, and else a figure that is in none."""

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        passage = (await context.look_up(context.user_text)).answer
        if passage is not None:
            context.cite(passage)
            context.cite(passage)
        yield "It costs $77." if passage is None else passage.text


class OnePage(KnowledgeBase):
    def rank(self, text: str) -> list[Passage]:
        return [replace(FEES, score=99.0)] if "fees" in text else []


class BrokenPages(KnowledgeBase):
    def rank(self, text: str) -> list[Passage]:
        raise RuntimeError


def harness(knowledge: KnowledgeBase) -> Harness:
    made = Harness(PagesAgent())
    made._tenant_agent = replace(made._tenant_agent, knowledge=knowledge)
    return made


def test_a_link_is_in_the_final_transcript_and_in_the_history_of_a_reload() -> None:
    world = harness(OnePage([FEES]))

    async def story(user: Client) -> None:
        assert await user.says("fees?") == "A transfer abroad costs $12."
        (final,) = user.transport.of_type("transcript", final=True, text="A transfer abroad costs $12.")
        assert final["links"] == [LINK]
        again = await world.connect(FastTransport(False))
        await until(lambda: bool(again.transport.of_type("session.ready")))
        history = again.transport.of_type("session.ready")[0]["history"]
        assert [turn.get("links") for turn in history] == [None, None, [LINK]]

    run(world, story)


def test_only_the_figures_of_the_pages_that_were_found_may_be_said() -> None:
    async def story(user: Client) -> None:
        assert "$77" not in await user.says("and the rest?")

    run(harness(OnePage([FEES])), story)


def test_pages_that_cannot_be_searched_find_nothing() -> None:
    async def story(user: Client) -> None:
        assert "haven't checked" in await user.says("fees?")
        assert "links" not in user.transport.of_type("transcript", final=True)[-1]

    run(harness(BrokenPages([FEES])), story)
