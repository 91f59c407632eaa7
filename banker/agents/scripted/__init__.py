"""The scripted agent: understands wishes by a learned model, and fills a form for the tool of each."""
