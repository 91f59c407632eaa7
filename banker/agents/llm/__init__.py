"""The agent that asks a language model, on any server with an OpenAI-compatible `/v1/chat/completions`.

Imported only if an `[agent]` section has `kind = "llm"`, because it needs the packages of requirements-llm.txt.
"""

from banker.agents.llm.agent import LlmAgent

__all__ = ["LlmAgent"]
