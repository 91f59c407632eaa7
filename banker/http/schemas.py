"""Marshmallow schemas of HTTP request and response bodies. `/openapi.json` is built from them."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validates
from marshmallow.validate import Equal, Length, OneOf

from banker.sessions.portal_context import MAX_CONTEXT_BYTES, MAX_CONTEXT_KEYS, context_mistake

MAX_ID = 128
MAX_TOKEN = 8192
"""Characters of a JWT. Servers accept header lines of up to 8 KiB."""


WITHOUT_NUL = r"^[^\u0000]*$"
"""The rule of `banker.strict_json` for strings, as a JSON Schema pattern."""


def _described(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


def _text(text: str, maximum: int) -> dict[str, Any]:
    return {"required": True, "validate": Length(1, maximum), "metadata": _described(text, pattern=WITHOUT_NUL)}


class IntegerOrString(fields.String):
    """Text, or an integer that becomes its decimal digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        return super()._deserialize(str(value) if is_integer else value, attr, data, **kwargs)


class SessionUserSchema(Schema):
    """Who a session is for, and where in the portal that user is."""

    class Meta:
        unknown = RAISE

    user_id = fields.String(**_text("The user's identifier at the bank.", MAX_ID))
    portal_context = fields.Dict(
        keys=fields.String(metadata={"pattern": WITHOUT_NUL}),
        values=fields.String(metadata={"pattern": WITHOUT_NUL}),
        load_default=dict,
        metadata=_described(
            "Where the user is in the portal: `route`, `account_id` and further strings, "
            f"{MAX_CONTEXT_BYTES} bytes of UTF-8 at most in all.",
            maxProperties=MAX_CONTEXT_KEYS,
        ),
    )

    @validates("portal_context")
    def _check_size(self, value: dict[str, str], data_key: str) -> None:
        if mistake := context_mistake(value):
            raise ValidationError(mistake)


class CreateSessionSchema(SessionUserSchema):
    """The request body of `POST /v1/sessions`."""

    tenant_id = fields.String(**_text("The tenant that issued the bearer token.", MAX_ID))
    auth_assertion = fields.String(
        **_text("A JWT of the tenant about the end user; its `sub` is `user_id`.", MAX_TOKEN)
    )


class HostSessionSchema(SessionUserSchema):
    """The arguments of `Banker.create_session`. An integer user id becomes text."""

    claims = fields.Dict(keys=fields.String(), load_default=dict)

    user_id = IntegerOrString(required=True, validate=Length(1, MAX_ID))


class EndSchema(Schema):
    """The request body of `POST /v1/sessions/{session_id}/end`, which may be left out."""

    class Meta:
        unknown = EXCLUDE

    rating = fields.String(
        validate=OneOf(["up", "down"]), metadata=_described("Whether the talk has helped; also after its end.")
    )


class PolicySchema(Schema):
    """What the session may do."""

    max_session_duration_minutes = fields.Integer(
        required=True, metadata=_described("The session ends this long after its creation.")
    )
    rate_limit_per_minute = fields.Integer(
        required=True, metadata=_described("Requests that one user may make in a minute.")
    )
    require_consent = fields.Boolean(
        required=True, metadata=_described("The banker discards audio and answers nothing until `consent.grant`.")
    )


class ConfigBlockSchema(Schema):
    """The tenant's configuration of its sessions."""

    theme = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata=_described("Colours and further strings for the portal, as `primaryColor`."),
    )
    avatar_enabled = fields.Boolean(required=True, metadata=_described("The banker sends a video track."))
    greeting = fields.String(required=True, metadata=_described("The banker's first sentence."))
    allowed_tools = fields.List(
        fields.String(), required=True, metadata=_described("Names of the tools that this tenant's banker may call.")
    )
    policy = fields.Nested(PolicySchema, required=True)


class TokenSchema(Schema):
    """An ephemeral token and its expiry."""

    ephemeral_token = fields.String(
        required=True,
        metadata=_described("Authorizes signaling, `refresh-token` and `end` of this session, and nothing else."),
    )
    expires_at = fields.String(
        required=True, metadata=_described("When the token expires (RFC 3339, UTC).", format="date-time")
    )


class SessionCreatedSchema(TokenSchema):
    """The response body of `POST /v1/sessions`."""

    session_id = fields.String(
        required=True, metadata=_described("Names the session in the paths of `refresh-token`, `end` and signaling.")
    )
    config = fields.Nested(ConfigBlockSchema, required=True)


class EndedSchema(Schema):
    """The response body of `end`, even if the session had ended before."""

    status = fields.String(required=True, validate=Equal("ended"))


class HealthySchema(Schema):
    """The response body of `/health`."""

    status = fields.String(required=True, validate=Equal("healthy"))


class ReadySchema(Schema):
    """The response body of `/health/ready`."""

    status = fields.String(required=True, validate=Equal("ready"))


class AppearanceSchema(Schema):
    """What the widget shows before a conversation."""

    theme = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    examples = fields.List(fields.String(), required=True)
    portrait = fields.Boolean(required=True, metadata={"description": "Whether there is a /widget/portrait.png."})


class ErrorSchema(Schema):
    """The body of every error response."""

    error = fields.String(required=True, metadata=_described("A stable word for programs, as `rate_limited`."))
    message = fields.String(required=True, metadata=_described("A sentence for people that says what to fix."))
