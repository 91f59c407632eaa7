"""The scripted agent: understands wishes by a learned model, and fills a form for the tool of each."""

from banker.agents.forms.agent import FormAgent

__all__ = ["FormAgent"]
