"""What comes in and what goes out over HTTP, as marshmallow schemas; /openapi.json is made from these."""

from marshmallow import RAISE, Schema, ValidationError, fields, validates
from marshmallow.validate import Equal, Length

MAX_ID = 128
MAX_CONTEXT_KEYS = 32
MAX_CONTEXT_BYTES = 2048
MAX_TOKEN = 8192


class CreateSessionSchema(Schema):
    """The create request."""

    class Meta:
        unknown = RAISE

    tenant_id = fields.String(required=True, validate=Length(1, MAX_ID))
    user_id = fields.String(required=True, validate=Length(1, MAX_ID))
    auth_assertion = fields.String(required=True, validate=Length(1, MAX_TOKEN))
    portal_context = fields.Dict(keys=fields.String(validate=Length(1, MAX_ID)), values=fields.String())

    @validates("portal_context")
    def _small(self, value: dict[str, str], data_key: str) -> None:
        if len(value) > MAX_CONTEXT_KEYS:
            raise ValidationError(f"must have {MAX_CONTEXT_KEYS} keys at most")
        if sum(len(k.encode()) + len(v.encode()) for k, v in value.items()) > MAX_CONTEXT_BYTES:
            raise ValidationError(f"must be {MAX_CONTEXT_BYTES} bytes at most in all")


class PolicySchema(Schema):
    """What the session may do."""

    max_session_duration_minutes = fields.Integer(required=True)
    rate_limit_per_minute = fields.Integer(required=True)
    require_consent = fields.Boolean(required=True)


class ConfigBlockSchema(Schema):
    """The tenant's configuration of its sessions."""

    theme = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    avatar_enabled = fields.Boolean(required=True)
    greeting = fields.String(required=True)
    allowed_tools = fields.List(fields.String(), required=True)
    policy = fields.Nested(PolicySchema, required=True)


class TokenSchema(Schema):
    """An ephemeral token; `expires_at` is the expiry of the token beside it."""

    ephemeral_token = fields.String(required=True)
    expires_at = fields.String(required=True, metadata={"format": "date-time"})


class SessionCreatedSchema(TokenSchema):
    """The create response."""

    session_id = fields.String(required=True)
    config = fields.Nested(ConfigBlockSchema, required=True)


class EndedSchema(Schema):
    """The answer of `end`, each time."""

    status = fields.String(required=True, validate=Equal("ended"))


class HealthySchema(Schema):
    """The answer of /health."""

    status = fields.String(required=True, validate=Equal("healthy"))


class ReadySchema(Schema):
    """The answer of /health/ready."""

    status = fields.String(required=True, validate=Equal("ready"))


class ErrorSchema(Schema):
    """Every error."""

    error = fields.String(required=True)
    message = fields.String(required=True)
