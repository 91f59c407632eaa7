"""The agent that asks a language model over any OpenAI-compatible `/v1/chat/completions`.

Imported only when a `[agent]` has `kind = "llm"`: it needs the packages of requirements-llm.txt.
"""

from banker.agents.llm.agent import LlmAgent

__all__ = ["LlmAgent"]
