"""Tool calls in a conversation: asked about, authenticated, run and reported."""
