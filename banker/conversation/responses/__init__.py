"""What the banker says in answer to the user, to the outcome of a tool call, and to a hand-over."""
