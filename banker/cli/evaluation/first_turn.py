"""Plays the first turn of a conversation, and records what the banker does.

The safety topics, the agent and the bank's pages take part as in a conversation. Tool calls are recorded, not run.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.knowledge import Finding, Passage
from banker.agents.safety import SafetyTopic, load_safety_topics
from banker.agents.safety.reply import reply_with_safety
from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.forms.dialogue import Dialogue
from banker.agents.scripted.skills.decision import NextStep, Understanding, decide
from banker.agents.scripted.skills.examples import NONE
from banker.agents.scripted.skills.loading import load_understanding
from banker.agents.scripted.wish_server import CANCEL
from banker.agents.scripted.wishes import Understander
from banker.agents.tenant_agents import load_knowledge
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.text.en.assent import answer
from banker.text.redaction import redact
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox


@dataclass(frozen=True)
class FirstTurn:
    """How the banker understood an utterance, and what it did."""

    found: str
    """The skill, knowledge topic or safety topic that is served, answered or asked about; or `none`."""
    score: float
    """Its probability, 0 to 1."""
    tools: tuple[str, ...] = ()
    """The tools that are called, proposed, or asked an argument for, most urgent first."""
    offered: tuple[str, ...] = ()
    """The skills or knowledge topics that the banker asks about ("Do you mean …?")."""


class FirstTurns:
    """Plays first turns with a tenant's scripted agent.

    `skills` are the agent's, by name; `understander` is its model.
    """

    def __init__(self, config: Config, tenant: Tenant, toolbox: Toolbox) -> None:
        """Load the agent; takes seconds. Raises `SkillFileError`, and `ImportError` without the extra [speech]."""
        self._tenant = tenant
        self._specs = toolbox.specs(tenant.config.allowed_tools)
        loaded = load_understanding(config.skills_path, self._specs)
        self.skills = loaded.skills
        self.understander: Understander = loaded.model
        self._understander = _RememberingUnderstander(loaded.model)
        self._agent = ScriptedAgent(self.skills, self._understander)
        self._knowledge = load_knowledge(tenant.knowledge)
        self._safety = load_safety_topics()

    def play(self, utterance: str) -> FirstTurn:
        """Return what the banker does with an utterance. Takes as long as understanding it."""
        return asyncio.run(self._play(utterance))

    async def _play(self, utterance: str) -> FirstTurn:
        self._understander.remembered.clear()
        words = redact(utterance)
        if words.only_secrets:
            return FirstTurn(NONE, 1.0)
        is_plain = answer(words.text) is not None
        topic = None if is_plain or self._safety is None else self._safety.check(words.text)
        if topic is not None and topic.name == "withdraw_consent":  # ends the conversation
            return FirstTurn(topic.name, topic.probability)
        context = self._context(words.text)
        reply = self._agent.reply(context) if topic is None else reply_with_safety(context, self._agent, topic)
        async for _ in reply:
            pass
        return self._first_turn(context, topic, is_plain)

    def _context(self, text: str) -> "_RecordingContext":
        called: list[str] = []
        found: list[Finding] = []
        confirmed = {spec.name for spec in self._specs if spec.confirm}

        async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
            called.append(tool)
            return ToolResult("asked" if tool in confirmed else "dropped")

        async def look_up(question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
            found.append(self._knowledge.look_up(question, offered, about) if self._knowledge else Finding())
            return found[-1]

        return _RecordingContext(
            self._tenant, Caller(self._tenant.tenant_id, "evaluation"), [], text, {}, self._specs, call_tool,
            look_up=look_up, called=called, found=found,
        )  # fmt: skip

    def _first_turn(self, context: "_RecordingContext", topic: SafetyTopic | None, is_plain: bool) -> FirstTurn:
        dialogue = Dialogue.read(context.dialogue_state)
        tools = tuple(dict.fromkeys([*context.called, *(form.tool for form in reversed(dialogue.stack))]))
        if topic is not None:
            return FirstTurn(topic.name, topic.probability, tools)
        if tools:
            skill = self._skill_of(tools[0], dialogue)
            return FirstTurn(skill, self._understander.probability(skill), tools)
        topics = tuple(dialogue.offer.get("topics", "").split())
        if context.cited:
            first = context.cited[0]
            return FirstTurn(first.topic, first.score, offered=(first.topic, *topics) if topics else ())
        if topics:
            scores = {passage.topic: passage.score for finding in context.found for passage in finding.nearest}
            return FirstTurn(topics[0], scores.get(topics[0], 0.0), offered=topics)
        if dialogue.offer.get("kind") == "mean":
            skill = dialogue.offer["skill"]
            offered = (skill, *filter(None, [dialogue.offer.get("second")]))
            return FirstTurn(skill, self._understander.probability(skill), offered=offered)
        understood = self._understander.understand(context.user_text)
        if is_plain:  # a yes or no to nothing; "forget it" is one as well
            found = CANCEL if understood.ranking[0][0] == CANCEL else NONE
            return FirstTurn(found, self._understander.probability(found))
        decision = decide(understood)
        is_asked = decision.step is NextStep.ASK and self.skills[decision.skill].answer is not None
        if decision.step is NextStep.ACT or is_asked:
            return FirstTurn(decision.skill, decision.score)
        return FirstTurn(NONE, self._understander.probability(NONE))

    def _skill_of(self, tool: str, dialogue: Dialogue) -> str:
        """Return the skill that was served by a tool: the open or last form's, or the most probable one."""
        served = [form.skill for form in dialogue.stack if form.tool == tool]
        if dialogue.last and self.skills[dialogue.last["skill"]].tool == tool:
            served.append(dialogue.last["skill"])
        skills = served or [name for name, skill in self.skills.items() if skill.tool == tool]
        return max(skills, key=self._understander.probability)


@dataclass(frozen=True)
class _RecordingContext(TurnContext):
    """A turn context that records called tools, looked-up questions and cited passages."""

    called: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    cited: list[Passage] = field(default_factory=list)

    def cite(self, passage: Passage) -> None:
        """Remember a passage."""
        self.cited.append(passage)


class _RememberingUnderstander:
    """An understander that caches each text of a turn."""

    def __init__(self, understander: Understander) -> None:
        self._understander = understander
        self.remembered: dict[str, Understanding] = {}

    def understand(self, text: str) -> Understanding:
        if text not in self.remembered:
            self.remembered[text] = self._understander.understand(text)
        return self.remembered[text]

    def probability(self, label: str) -> float:
        """Return the probability of a skill, or of `none`, in the whole turn or the part where it is greatest."""
        return max((dict(one.ranking).get(label, 0.0) for one in self.remembered.values()), default=0.0)
