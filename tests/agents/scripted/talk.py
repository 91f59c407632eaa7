"""A conversation with the form agent: a small bank with real tools, and a recogniser of keywords."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from banker.agents.base import TurnContext
from banker.agents.knowledge import Finding, Passage
from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.skills.skill_files import Skill
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.text.en.assent import answer
from banker.tools.base import Caller, ProposedCall, ToolResult
from banker.tools.calling import ToolError
from banker.tools.parameters import Choices
from banker.tools.toolbox import Toolbox

NOW = datetime(2026, 11, 25, 9, 30)  # a Wednesday
ACCOUNTS = {"acc-789": ["Everyday Checking", "checking"], "acc-790": ["Rainy Day Savings", "savings"]}
BALANCES = {"acc-789": "1234.56", "acc-790": "8200.00"}
CARDS = {"card-1": ["Visa ending 4711", "visa", "credit card"], "card-2": ["Debit ending 2210", "debit card"]}


def accounts_of(caller: Caller) -> Mapping[str, Sequence[str]]:
    return ACCOUNTS


def cards_of(caller: Caller) -> Mapping[str, Sequence[str]]:
    return CARDS


def bank() -> Toolbox:
    toolbox = Toolbox()

    @toolbox.tool
    def get_account_status(caller, account_id: Annotated[str, Choices(accounts_of)] | None = None) -> dict:
        """Balance of an account."""
        if account_id is None:
            return {"accounts": [shown(account) for account in ACCOUNTS]}
        return shown(account_id)

    def shown(account: str) -> dict:
        name = ACCOUNTS[account][0]
        return {"name": name, "balance": Decimal(BALANCES[account]), "currency": "USD", "status": "active"}

    @toolbox.tool(
        confirm=True,
        summary="transfer {amount} USD from {from_account} to {to_account}",
        ask={"to_account": "Which account should it go to?"},
        says="Done. Your transfer has the number {transfer_id}.",
    )
    def transfer_money(
        caller,
        from_account: Annotated[str, Choices(accounts_of)],
        to_account: Annotated[str, Choices(accounts_of)],
        amount: Decimal,
        when: date | None = None,
    ) -> dict:
        """Transfer money."""
        if amount > 9000:
            raise ToolError("You don't have that much.")
        return {"transfer_id": 17}

    @toolbox.tool(confirm=True, summary="freeze the card {card}")
    def freeze_card(caller, card: Annotated[str, Choices(cards_of)]) -> dict:
        """Freeze a card."""
        return {"status": "frozen"}

    @toolbox.tool
    def list_transactions(caller, since: date | None = None, until: date | None = None, shop: str = "") -> dict:
        """Payments."""
        row = {"date": date(2026, 11, 20), "shop": "Grocer", "amount": Decimal("-12.50"), "currency": "USD"}
        return {"transactions": [] if shop == "nobody" else [row]}

    @toolbox.tool(confirm=True, summary="open a ticket with the subject “{subject}”")
    def create_ticket(caller, subject: str, details: str = "") -> dict:
        """Open a ticket.

        Args:
            subject: What it is about.
        """
        return {"ticket_id": "T-1042"}

    @toolbox.tool(confirm=True, summary="book {topic} on {when}")
    def book_appointment(caller, topic: Literal["loan", "mortgage"], when: datetime) -> dict:
        """Book an appointment."""
        return {"booked": True}

    @toolbox.tool
    def rate(caller, stars: int, again: bool) -> dict:
        """Rate the bank.

        Args:
            stars: How many stars from 1 to 5?
            again: Would you come again?
        """
        return {"thanks": "noted"}

    return toolbox


SKILLS = {
    skill.name: skill
    for skill in (
        Skill("get_account_status", "get_account_status", "check your balance"),
        Skill("transfer_money", "transfer_money", "transfer money", ask={"amount": "How much?"}),
        Skill("freeze_card", "freeze_card", "freeze your card", says="Your card is frozen.", urgent=True),
        Skill(
            "list_transactions",
            "list_transactions",
            "list your transactions",
            says="Here they are.",
            says_none="There are none.",
            each="{date}: {shop}, {amount}",
        ),
        Skill("create_ticket", "create_ticket", "open a ticket"),
        Skill("book_appointment", "book_appointment", "book an appointment"),
        Skill("rate", "rate", "rate us"),
        Skill("pay_bill", "pay_bill", "pay a bill", not_here="I can't pay bills here."),
        Skill("opening_hours", None, "tell you our opening hours", answer="We are open from nine to five."),
        Skill("cancel", None, "stop"),
        Skill("repeat", None, "repeat that"),
    )
}
PAGES = {
    "abroad": Passage(
        "abroad", "Paying abroad", "A withdrawal abroad costs two dollars.", "https://bank.example/#abroad"
    ),
    "how long": Passage("delay", "How long a transfer takes", "A transfer takes one day."),
}
KEYWORDS = {
    "balance": "get_account_status",
    "how much is in": "get_account_status",
    "transfer": "transfer_money",
    "move": "transfer_money",
    "freeze": "freeze_card",
    "lost my card": "freeze_card",
    "transactions": "list_transactions",
    "ticket": "create_ticket",
    "appointment": "book_appointment",
    "rate you": "rate",
    "pay a bill": "pay_bill",
    "opening hours": "opening_hours",
    "stop everything": "cancel",
    "say that again": "repeat",
}


@dataclass(frozen=True)
class ByKeyword:
    ranking: tuple[tuple[str, float], ...]
    act: str
    p_wish: float
    similar: tuple[tuple[str, float], ...] = ()


class KeywordModel:
    """Understands an utterance by the first of `KEYWORDS` in it."""

    def understand(self, text: str) -> ByKeyword:
        lowered = text.lower()
        hits = sorted((lowered.index(word), skill) for word, skill in KEYWORDS.items() if word in lowered)
        score = 0.4 if "perhaps" in lowered else 0.9
        act = "denied" if "don't" in lowered else "supposed" if lowered.startswith("if ") else "wish"
        rest = 1 - score if hits else 0.95
        ranking = [(skill, score / (place + 1)) for place, (_, skill) in enumerate(hits)] + [("none", rest)]
        return ByKeyword(tuple(sorted(ranking, key=lambda pair: -pair[1])), act, 0.9 if act == "wish" else 0.1)


@dataclass
class Conversation:
    """Asks for a confirmation as the service does, and keeps the state as JSON between the turns."""

    toolbox: Toolbox = field(default_factory=bank)
    allowed: tuple[str, ...] = ()
    calls: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    state: str = "{}"
    question: ProposedCall | None = None
    is_asked_last: bool = False
    is_new: bool = False
    times_asked: int = 0
    links: list[dict[str, str]] = field(default_factory=list)
    finding: Finding | None = None
    """What the pages say to every question, if not what `PAGES` have."""

    def __post_init__(self) -> None:
        self.agent = ScriptedAgent(SKILLS, KeywordModel(), now=lambda: NOW)
        self.caller = Caller("bank", "ann")
        self.tenant = parse(Tenant, {"tenant_id": "bank", "identity": {"issuer": "x", "algorithms": ["HS256"]}})
        self.allowed = self.allowed or tuple(self.toolbox._tools)

    @property
    def asks(self) -> str:
        return self.question.tool if self.question else ""

    @property
    def forms(self) -> list[dict[str, Any]]:
        stack: list[dict[str, Any]] = json.loads(self.state).get("forms", {}).get("stack", [])
        return stack

    def say(self, text: str) -> str:
        return asyncio.run(self._say(text))

    async def _say(self, text: str) -> str:
        question = self.question if self.is_asked_last else None
        plain = answer(text, question.summary) if question else None
        self.is_new = False
        if question is not None and plain is not None:
            self.question = None
            result = ToolResult("declined")
            if plain == "yes":
                result = await self.toolbox.run(self.caller, question.tool, question.arguments, self.allowed)
                self.calls.append((question.tool, dict(question.arguments), result.status))
            context = self.context("")
            shown = await self._collect(self.agent.report(context, question.tool, question.arguments, result))
        else:
            context = self.context(text)
            shown = await self._collect(self.agent.reply(context))
        self.state = json.dumps(context.dialogue_state)
        self.turns += [{"role": "user", "text": text}, {"role": "banker", "text": shown}]
        return shown

    async def _collect(self, words: Any) -> str:
        """Return what is said, with the open question at the end if nothing else is asked, twice at most."""
        said = "".join([piece async for piece in words])
        self.times_asked = 1 if self.is_new else self.times_asked + 1
        self.is_asked_last = self.question is not None and (self.is_new or not said.endswith("?"))
        if self.is_asked_last and self.question is not None and self.times_asked <= 2:
            said += f" Shall I {self.question.summary}?"
        return said.strip()

    def context(self, text: str) -> TurnContext:
        async def call(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
            checked = self.toolbox.check(tool, arguments, self.allowed)
            if isinstance(checked, ToolResult):
                return checked
            if self.toolbox.needs_confirmation(tool):
                proposed = await self.toolbox.propose(self.caller, tool, checked, self.allowed)
                if isinstance(proposed, ToolResult):
                    return proposed
                self.question, self.is_new = proposed, True
                return ToolResult("asked")
            result = await self.toolbox.run(self.caller, tool, checked, self.allowed)
            self.calls.append((tool, dict(checked), result.status))
            return result

        async def choices(tool: str, argument: str) -> Any:
            return await self.toolbox.choices(self.caller, tool, argument, self.allowed)

        async def drop() -> None:
            self.question = None

        return TurnContext(
            self.tenant,
            self.caller,
            [*self.turns, {"role": "user", "text": text}],
            text,
            json.loads(self.state),
            self.toolbox.specs(self.allowed),
            call,
            choices,
            self.question,
            drop,
            self.look_up,
            self.links,
        )

    async def look_up(self, question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
        self.links.clear()
        if self.finding is not None:
            return self.finding
        return Finding(next((page for words, page in PAGES.items() if words in question), None))
