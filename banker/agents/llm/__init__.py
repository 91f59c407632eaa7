"""The brain that asks a language model over any OpenAI-compatible `/v1/chat/completions`.

Imported only when a `[brain]` has `kind = "model"`: it needs the packages of requirements-llm.txt.
"""

from banker.agents.llm.agent import ModelBrain

__all__ = ["ModelBrain"]
