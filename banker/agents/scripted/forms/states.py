"""The states of a form, from collecting its arguments to its confirmation and execution."""

from collections.abc import Mapping
from enum import Enum


class FormState(Enum):
    """The state of a form."""

    ASKING = "asking"
    """An argument is being asked for, or is about to be."""
    ASKING_AGAIN = "asking_again"
    """The answer was not understood, and the same question is asked a second time."""
    STUCK = "stuck"
    """The second answer was not understood either: the customer is offered another way out."""
    CALLING = "calling"
    """All required arguments are known, and the tool is called."""
    CONFIRMING = "confirming"
    """The customer is asked whether the tool may run."""
    CONFIRMING_AGAIN = "confirming_again"
    """The answer was neither yes, no nor a correction, and the customer is asked a second time."""
    SUSPENDED = "suspended"
    """The customer has turned to something else."""
    CLOSED = "closed"
    """The tool has run, or the form was given up."""

    @property
    def is_confirming(self) -> bool:
        """Whether the customer is asked for a yes."""
        return self in (FormState.CONFIRMING, FormState.CONFIRMING_AGAIN)


class FormEvent(Enum):
    """What happens to a form."""

    FILLED = "filled"
    """An argument was given, and another one is missing."""
    COMPLETED = "completed"
    """No required argument is missing."""
    UNCLEAR = "unclear"
    """The answer has nothing of what was asked for."""
    QUESTIONED = "questioned"
    """The tool needs a confirmation, and the customer is asked."""
    REJECTED = "rejected"
    """The tool or its schema refuses an argument."""
    CORRECTED = "corrected"
    """An argument was changed."""
    DIGRESSED = "digressed"
    """The customer wants something else first."""
    RESUMED = "resumed"
    """The digression is over, and an argument is missing."""
    CANCELLED = "cancelled"
    """The customer gives the form up, or declines the confirmation."""
    FINISHED = "finished"
    """The tool has ended, successfully or not."""


_S, _E = FormState, FormEvent

TRANSITIONS: Mapping[tuple[FormState, FormEvent], FormState] = {
    (_S.ASKING, _E.FILLED): _S.ASKING,
    (_S.ASKING, _E.COMPLETED): _S.CALLING,
    (_S.ASKING, _E.UNCLEAR): _S.ASKING_AGAIN,
    (_S.ASKING, _E.DIGRESSED): _S.SUSPENDED,
    (_S.ASKING, _E.CANCELLED): _S.CLOSED,
    (_S.ASKING_AGAIN, _E.FILLED): _S.ASKING,
    (_S.ASKING_AGAIN, _E.COMPLETED): _S.CALLING,
    (_S.ASKING_AGAIN, _E.UNCLEAR): _S.STUCK,
    (_S.ASKING_AGAIN, _E.DIGRESSED): _S.SUSPENDED,
    (_S.ASKING_AGAIN, _E.CANCELLED): _S.CLOSED,
    (_S.STUCK, _E.FILLED): _S.ASKING,
    (_S.STUCK, _E.COMPLETED): _S.CALLING,
    (_S.STUCK, _E.UNCLEAR): _S.CLOSED,
    (_S.STUCK, _E.DIGRESSED): _S.SUSPENDED,
    (_S.STUCK, _E.CANCELLED): _S.CLOSED,
    (_S.CALLING, _E.QUESTIONED): _S.CONFIRMING,
    (_S.CALLING, _E.REJECTED): _S.ASKING,
    (_S.CALLING, _E.FINISHED): _S.CLOSED,
    (_S.CONFIRMING, _E.CORRECTED): _S.CALLING,
    (_S.CONFIRMING, _E.FILLED): _S.ASKING,
    (_S.CONFIRMING, _E.UNCLEAR): _S.CONFIRMING_AGAIN,
    (_S.CONFIRMING, _E.DIGRESSED): _S.SUSPENDED,
    (_S.CONFIRMING, _E.CANCELLED): _S.CLOSED,
    (_S.CONFIRMING, _E.FINISHED): _S.CLOSED,
    (_S.CONFIRMING_AGAIN, _E.CORRECTED): _S.CALLING,
    (_S.CONFIRMING_AGAIN, _E.FILLED): _S.ASKING,
    (_S.CONFIRMING_AGAIN, _E.UNCLEAR): _S.CLOSED,
    (_S.CONFIRMING_AGAIN, _E.DIGRESSED): _S.SUSPENDED,
    (_S.CONFIRMING_AGAIN, _E.CANCELLED): _S.CLOSED,
    (_S.CONFIRMING_AGAIN, _E.FINISHED): _S.CLOSED,
    (_S.SUSPENDED, _E.RESUMED): _S.ASKING,
    (_S.SUSPENDED, _E.COMPLETED): _S.CALLING,
    (_S.SUSPENDED, _E.CANCELLED): _S.CLOSED,
    (_S.SUSPENDED, _E.FINISHED): _S.CLOSED,
}
