"""Conversation tests: talks in TOML files, played with a tenant's agent and tools."""
