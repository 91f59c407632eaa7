"""A colleague of the bank in the conversation: in line, joining, joined, and gone again."""
