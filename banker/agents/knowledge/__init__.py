"""Knowledge: a tenant's Markdown pages, found by meaning and by words, and answered in their own words."""

from banker.agents.knowledge.knowledge_base import KnowledgeBase
from banker.agents.knowledge.pages import knowledge_mistakes, read_pages
from banker.agents.knowledge.passage import Finding, Passage

__all__ = ["Finding", "KnowledgeBase", "Passage", "knowledge_mistakes", "read_pages"]
