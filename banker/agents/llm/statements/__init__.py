"""A learned classifier: what a sentence of the banker states that a bank must be able to prove.

It is learned from the sentences in this folder: one file for each kind, one sentence a line, and `slots.toml` for what
stands in braces. After a change `python -m banker.agents.llm.statements` writes `words.json` and `meaning.npz` again.
"""

from banker.agents.llm.statements.model import StatementKind, StatementModel, load_statement_model, words

__all__ = ["StatementKind", "StatementModel", "load_statement_model", "words"]
