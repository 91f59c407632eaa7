"""Shows on stderr how far a long measurement is."""

import sys


def progress(text: str) -> None:
    """One line that replaces the one before, where somebody looks on."""
    if sys.stderr.isatty():
        print(f"\r  {text:70}", end="\r", file=sys.stderr, flush=True)
    else:
        print(f"  {text}", file=sys.stderr, flush=True)
