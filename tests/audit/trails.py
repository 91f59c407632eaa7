"""What the tests of the audit trail share: a key, events, and ways to change a file."""

from banker.audit.chain import Fields

KEY = b"k" * 32


def event(name="session.created", time=1_800_000_000.0, **details):
    return Fields(time, name, "bank", "user-1", "sess-1", details)
