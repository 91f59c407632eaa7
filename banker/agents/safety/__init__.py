"""Recognises, before any agent answers, that a customer's safety is at stake or that they ask about the talk itself."""

from banker.agents.safety.topics import SafetyTopic, SafetyTopics, load_safety_topics

__all__ = ["SafetyTopic", "SafetyTopics", "load_safety_topics"]
