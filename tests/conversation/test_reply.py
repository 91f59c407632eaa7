"""One reply: the order of sentences, "one moment", questions and interruptions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from banker.conversation.reply import Reply, SpokenReply
from banker.text.languages import package
from tests.conversation.harness import FastTransport, until


class ReplyHarness:
    """A reply, and what it showed and signalled."""

    def __init__(self, voice: bool = False, check: Callable[[str], str] = str) -> None:
        self.transport = FastTransport(voice)
        self.shown: list[str] = []
        self.signs: list[str] = []
        self.reply = Reply(
            self.transport,
            language=package("en"),
            check=check,
            show=self.shown.append,
            started=lambda: self.signs.append("speaking"),
            waiting=lambda: self.signs.append("thinking"),
            one_moment="One moment.",
            sorry="Sorry.",
        )


def run(
    harness: ReplyHarness, words: AsyncIterator[str], meanwhile: Callable[[], Awaitable[Any]] | None = None
) -> SpokenReply:
    async def main() -> SpokenReply:
        said = asyncio.ensure_future(harness.reply.run(words))
        if meanwhile is not None:
            await meanwhile()
        return await asyncio.wait_for(said, 10)

    return asyncio.run(main())


async def pieces(*texts: str | float) -> AsyncIterator[str]:
    for text in texts:
        if isinstance(text, float):
            await asyncio.sleep(text)
        else:
            yield text


def test_sentences_are_spoken_in_order_and_shown_as_they_grow() -> None:
    harness = ReplyHarness(voice=True)
    said = run(harness, pieces("You have ", "$5.", "00. Spend ", "it well."))
    assert said == SpokenReply("You have $5.00. Spend it well.", interrupted=False)
    assert harness.transport.spoken == ["You have five dollars.", "Spend it well."]
    assert all(later.startswith(earlier) for earlier, later in zip(harness.shown, harness.shown[1:], strict=False))
    assert "You have $" not in harness.shown  # an amount is shown when it was said


def test_each_sentence_is_checked_before_it_is_spoken() -> None:
    harness = ReplyHarness(voice=True, check=lambda raw: "I don't know." if "9" in raw else raw)
    assert run(harness, pieces("Fine. It is 9", "99. Good.")).text == "Fine. I don't know. Good."
    assert "nine" not in " ".join(harness.transport.spoken)


def test_the_first_sentence_is_spoken_while_the_agent_works_on_the_second() -> None:
    harness = ReplyHarness(voice=True)

    async def listen() -> None:
        await until(lambda: harness.transport.spoken == ["One."], 0.2)

    run(harness, pieces("One. Tw", 0.4, "o."), listen)
    assert harness.signs == ["speaking", "thinking", "speaking"]


def test_a_question_follows_a_sentence_whose_end_was_not_certain_yet() -> None:
    harness = ReplyHarness()
    order: list[str] = []

    async def open_question() -> None:
        order.append(f"opened behind {harness.shown[-1]}")

    async def words() -> AsyncIterator[str]:
        yield "I can open a ticket."
        harness.reply.ask("Shall I open “Fees. And more”?", open_question)

    assert run(harness, words()).text == "I can open a ticket. Shall I open “Fees. And more”?"
    assert order == ["opened behind I can open a ticket."]


def test_a_question_is_one_spoken_sentence() -> None:
    harness = ReplyHarness(voice=True)

    async def open_question() -> None:
        pass

    async def words() -> AsyncIterator[str]:
        harness.reply.ask("Shall I open a ticket with the subject “Card lost. Please block it!”?", open_question)
        yield ""

    run(harness, words())
    assert len(harness.transport.spoken) == 1


LONG = "My card was swallowed. " * 12


@pytest.mark.parametrize("details", ["It is bent.", LONG.strip(), "x" * 1000])
def test_every_word_of_a_question_is_shown_and_spoken(details: str) -> None:
    harness = ReplyHarness(voice=True)
    question = f"Shall I open a ticket with the subject “My card” and details “{details}”?"

    async def open_question() -> None:
        pass

    async def words() -> AsyncIterator[str]:
        harness.reply.ask(question, open_question)
        yield ""

    assert run(harness, words()) == SpokenReply(question, interrupted=False)
    [spoken] = harness.transport.spoken
    assert spoken.startswith(f"Shall I open a ticket with the subject My card and details {details[:10]}")
    assert spoken.count("swallowed") == details.count("swallowed") and spoken.endswith("?")
    assert all(question.startswith(shown) for shown in harness.shown)


@pytest.mark.parametrize(
    ("subject", "spoken"),
    [
        ("<close my account> card bent", "close my account card bent"),
        ("<!-- pay 50 --> card bent", "pay fifty"),
        ("[card bent](https://evil.example/x)", "evil dot example"),
        ("**card** ~~bent~~ `now` # really", "card bent now really"),
    ],
)
def test_no_markup_is_taken_out_of_a_quoted_value(subject: str, spoken: str) -> None:
    harness = ReplyHarness(voice=True)

    async def open_question() -> None:
        pass

    async def words() -> AsyncIterator[str]:
        harness.reply.ask(f"Shall I open a ticket with the subject “{subject}”?", open_question)
        yield ""

    assert f"“{subject}”" in run(harness, words()).text
    assert spoken in harness.transport.spoken[0]


def test_a_question_ends_the_reply_and_there_is_only_one() -> None:
    harness = ReplyHarness()

    async def open_question() -> None:
        pass

    async def words() -> AsyncIterator[str]:
        harness.reply.ask("Shall I do it?", open_question)
        with pytest.raises(RuntimeError):
            harness.reply.ask("Shall I do that?", open_question)
        yield "One more thing. "

    assert run(harness, words()).text == "One more thing. Shall I do it?"


def test_a_question_that_was_interrupted_before_it_was_spoken_is_never_opened() -> None:
    harness = ReplyHarness(voice=True)
    opened: list[bool] = []

    async def open_question() -> None:
        opened.append(True)

    async def words() -> AsyncIterator[str]:
        yield "I am sorry to hear that, and I am going to help you."
        harness.reply.ask("Shall I open a ticket?", open_question)

    async def cut() -> None:
        await until(lambda: "sorry" in "".join(harness.shown))
        harness.reply.interrupt()

    said = run(harness, words(), cut)
    assert said.interrupted
    assert opened == []


def test_one_moment_does_not_split_a_sentence_and_is_said_once() -> None:
    harness = ReplyHarness()

    async def words() -> AsyncIterator[str]:
        yield "Your balance "
        harness.reply.say_one_moment()
        harness.reply.say_one_moment()
        yield "is fine."

    assert run(harness, words()).text == "One moment. Your balance is fine."


def test_one_moment_alone_is_not_an_answer() -> None:
    harness = ReplyHarness()

    async def words() -> AsyncIterator[str]:
        harness.reply.say_one_moment()
        await asyncio.sleep(0)
        yield ""

    assert run(harness, words()).text == "One moment. Sorry."


def test_an_interruption_closes_the_agents_generator() -> None:
    harness = ReplyHarness(voice=True)
    ended: list[str] = []

    async def words() -> AsyncIterator[str]:
        try:
            yield "This goes on and on and on. "
            await asyncio.sleep(30)
            yield "Never."
        finally:
            ended.append("agent")

    async def cut() -> None:
        await until(lambda: "goes" in "".join(harness.shown))
        harness.reply.interrupt()
        harness.reply.interrupt()

    said = run(harness, words(), cut)
    assert said.interrupted
    assert said.text.startswith("This goes")
    assert "Never" not in said.text
    assert ended == ["agent"]


def test_a_sentence_that_the_voice_failed_to_speak_before_an_interruption_was_not_heard() -> None:
    harness = ReplyHarness(voice=True)

    async def speak(text: str, progress: Callable[[float], None]) -> float:
        harness.reply.interrupt()
        harness.transport.broken = True
        return await FastTransport.speak(harness.transport, text, progress)

    harness.transport.speak = speak  # type: ignore[method-assign]
    assert run(harness, pieces("Hello.")) == SpokenReply("", interrupted=True)
