"""Virtual Banker: an AI banker that talks with a bank's customers, as a minimal Flask service."""

from banker.errors import ApiError
from banker.extension import Banker, create_app
from banker.handover import Colleague
from banker.handover.hooks import HandOverTarget
from banker.sessions.step_ups import StepUpProof, StepUpRequest
from banker.tools.base import Caller
from banker.tools.calling import ToolError
from banker.tools.parameters import Choices

__all__ = [
    "ApiError",
    "Banker",
    "Caller",
    "Choices",
    "Colleague",
    "HandOverTarget",
    "StepUpProof",
    "StepUpRequest",
    "ToolError",
    "create_app",
]
