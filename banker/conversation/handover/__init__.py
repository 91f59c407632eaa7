"""A colleague of the bank in the conversation: waited for, joining, joined, and leaving."""
