"""The user's consent to be listened to, for the current version of the tenant's consent text."""

from banker.config.tenant import Tenant
from banker.conversation.transport import SessionRecords
from banker.errors import ApiError, unavailable


class ConsentState:
    """Whether one user has consented. Always given if the tenant requires no consent."""

    def __init__(self, tenant: Tenant, records: SessionRecords, *, given: bool) -> None:
        self._version = tenant.consent.version
        self._required = tenant.config.policy.require_consent
        self._records = records
        self._given = given or not self._required

    @property
    def given(self) -> bool:
        """Whether the user may be listened to."""
        return self._given

    async def grant(self, version: str) -> None:
        """Record the user's consent. Raises `ApiError`: 400 for another version, 503 if it cannot be recorded."""
        if version != self._version:
            raise ApiError(400, "consent_outdated", "This consent text is outdated; show the current one.")
        if not self._given:
            if not await self._records.grant_consent(version):
                raise unavailable("The consent cannot be recorded; try again.")
            self._given = True

    def withdraw(self) -> None:
        """Withdraw the consent with immediate effect, before it is recorded."""
        self._given = False

    async def revoke(self) -> None:
        """Withdraw the consent and record the withdrawal."""
        self.withdraw()
        await self._records.revoke_consent()
