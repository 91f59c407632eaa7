"""The scripted agent: understands wishes with a learned model, and fills in a form for the tool of each."""
