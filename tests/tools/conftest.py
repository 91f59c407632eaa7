import pytest

from banker.tools.toolbox import Toolbox
from tests.tools.payments import pay


@pytest.fixture
def toolbox() -> Toolbox:
    """Two threads and the tool `pay`."""
    toolbox = Toolbox(threads=2)
    toolbox.add(pay, confirm=True, summary="pay {amount} to “{to}” {kind}")
    return toolbox
