"""The page tells where in the portal the user is: checked, recorded, and known to tools, agent and colleagues."""

from collections.abc import Mapping

import pytest

from banker.errors import ApiError
from tests.conversation.harness import Client, Harness, ScriptedAgent, run

ASKING = {"balance": [("get_account_status", {})]}


def test_a_page_that_the_user_goes_to_is_known_to_tools_agent_and_session_and_stands_in_the_trail() -> None:
    agent = ScriptedAgent(**ASKING)
    harness = Harness(agent)

    async def story(client: Client) -> None:
        await client.send(
            "context.update", context={"route": "/accounts", "account_id": "acc-790", "branch": "Riverside"}
        )
        await client.send("context.update", context={"route": "/cards", "account_id": ""})
        await client.send("context.update", context={"route": "/cards"})  # nothing new
        await client.says("balance")

    run(harness, story)
    now = {"route": "/cards", "branch": "Riverside"}
    assert agent.contexts[-1].caller.as_now().portal_context == now
    assert harness.bank.contexts == [now]
    assert harness.sessions.recall(harness.session.session_id).portal_context == now
    assert [entry.details["context"] for entry in harness.entries if entry.event == "context.changed"] == [
        {"route": "/accounts", "account_id": "****c790", "branch": "Riverside"},
        {"route": "/cards", "account_id": "****"},
    ]


def test_what_is_too_large_or_not_the_users_is_refused_and_changes_nothing() -> None:
    harness = Harness(ScriptedAgent())
    seen: list[tuple[str, str]] = []

    def is_own(caller: object, context: Mapping[str, str]) -> bool:
        seen.append((context.get("route", ""), context.get("account_id", "")))
        if context.get("route") == "/broken":
            raise RuntimeError("the bank is away")
        return context.get("account_id") in (None, "acc-789")

    harness.toolbox.check_context(is_own)

    async def refused(client: Client, error: str, **context: str) -> None:
        with pytest.raises(ApiError) as refusal:
            await client.send("context.update", context=context)
        assert (refusal.value.status, refusal.value.error) == (400, error)

    async def story(client: Client) -> None:
        await client.send("context.update", context={"route": "/a", "account_id": "acc-789"})
        await refused(client, "context_refused", account_id="acc-666")
        await refused(client, "context_refused", route="/broken")
        await refused(client, "invalid_context", route="/" + "x" * 2048)
        await refused(client, "invalid_context", **{f"key-{number}": "x" for number in range(31)})
        await refused(client, "invalid_request", route=5)  # type: ignore[arg-type]

    run(harness, story)
    assert seen == [("/a", "acc-789"), ("/a", "acc-666"), ("/broken", "acc-789")]
    context = harness.sessions.recall(harness.session.session_id).portal_context
    assert context == {"route": "/a", "account_id": "acc-789"}


def test_nothing_is_taken_before_the_consent() -> None:
    harness = Harness(ScriptedAgent(), consent=True)

    async def story(client: Client) -> None:
        with pytest.raises(ApiError, match="consent"):
            await client.send("context.update", context={"route": "/cards"})

    run(harness, story)
    assert harness.sessions.recall(harness.session.session_id).portal_context == {}
