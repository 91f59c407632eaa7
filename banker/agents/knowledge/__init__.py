"""Knowledge: a tenant's Markdown pages, searched by meaning and by words, and quoted in answers."""

from banker.agents.knowledge.knowledge_base import KnowledgeBase
from banker.agents.knowledge.pages import knowledge_mistakes, read_pages
from banker.agents.knowledge.passage import Finding, Passage

__all__ = ["Finding", "KnowledgeBase", "Passage", "knowledge_mistakes", "read_pages"]
