"""What a conversation keeps about a tool call between the question and the result."""
