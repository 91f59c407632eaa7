"""Turns a function into a tool: arguments from the signature, descriptions from the docstring."""

import inspect
import re
import textwrap
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from inspect import Parameter
from string import Formatter
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Validator

from banker.config.checks import is_page_url
from banker.tools.arguments import Arguments
from banker.tools.base import Caller, Presentation, ToolSpec
from banker.tools.parameters import ChoiceField, Choices, key_of_member

Summary = str | Callable[[Mapping[str, Any]], str]
"""A template ("open a ticket with the subject “{subject}”") or a function of the arguments.

The function runs in the event loop, so it must not block.
"""

MAX_TITLE_CHARACTERS = 40
"""The longest title of a button, or label of a value."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FIELDS: dict[Any, type[fields.Field[Any]]] = {
    str: fields.String,
    int: fields.Integer,
    float: fields.Float,
    bool: fields.Boolean,
    Decimal: fields.Decimal,
    date: fields.Date,
    time: fields.Time,
    datetime: fields.DateTime,
}


@dataclass(frozen=True)
class Tool:
    """A registered function. `timeout` is in seconds. `defaults` are default arguments by the key of the schema."""

    spec: ToolSpec
    function: Callable[..., Any]
    arguments: Arguments
    timeout: float
    summary: Summary | None
    defaults: Mapping[str, Any]
    presentation: Presentation
    lookup: Callable[[Caller], Any] | None = None
    """Returns the result of an earlier call by its `call_id`."""
    step_up: bool | Callable[[Mapping[str, Any], Caller], bool] = False
    """Whether the bank authenticates the user again for a confirmed call, or a rule that decides."""


def declare(
    function: Callable[..., Any],
    name: str | None,
    description: str | None,
    confirm: bool,
    schema: type[Schema] | None,
    timeout: float,
    summary: Summary | None,
    examples: Sequence[str],
    ask: Mapping[str, str],
    says: str | None,
    lookup: Callable[[Caller], Any] | None = None,
    step_up: bool | Callable[[Mapping[str, Any], Caller], bool] = False,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    page: str | None = None,
) -> Tool:
    """Make a tool from a function. Raises `TypeError` or `ValueError` that names the mistake in the declaration."""
    if not callable(function):
        raise TypeError("A tool must be a function.")
    name = getattr(function, "__name__", "") if name is None else name
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a tool name has 1 to 64 characters of A-Z a-z 0-9 _ - and starts with a letter.")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{name}: a tool must be an ordinary function, neither async nor a generator.")
    if not (isinstance(timeout, int | float) and 0 < timeout <= 600):
        raise ValueError(f"{name}: timeout must be a number of seconds above 0 and at most 600.")
    parameters = _parameters(function, name)
    summary_line, descriptions = _docstring(inspect.getdoc(function) or "")
    try:
        arguments = Arguments(schema or _schema_of(parameters, descriptions))
    except TypeError as error:
        raise TypeError(f"{name}: {error}.") from None
    _check_fit(name, parameters, arguments)
    if isinstance(summary, str):
        _check_template(name, summary, set(arguments.keys.values()))
    elif summary is not None and not callable(summary):
        raise TypeError(f"{name}: summary must be a template or a function.")
    if lookup is not None and not callable(lookup):
        raise TypeError(f"{name}: lookup must be a function of the caller.")
    if not (isinstance(step_up, bool) or callable(step_up)):
        raise TypeError(f"{name}: step_up must be True, or a function of the arguments and the caller.")
    if step_up and not confirm:
        raise ValueError(f"{name}: step_up needs confirm=True: the user says yes first.")
    _check_words(name, examples, ask, says, arguments)
    _check_presentation(name, title, labels or {}, page, arguments)
    return Tool(
        ToolSpec(
            name,
            description or summary_line or name.replace("_", " "),
            arguments.json_schema,
            confirm,
            parameter_types=arguments.types,
            examples=tuple(examples),
            ask=dict(ask),
            says=says,
        ),
        function,
        arguments,
        float(timeout),
        summary,
        {
            key: parameters[p].default
            for p, key in arguments.keys.items()
            if parameters[p].default is not Parameter.empty
        },
        Presentation(title or name.replace("_", " ").capitalize(), dict(labels or {}), page),
        lookup,
        step_up,
    )


def _parameters(function: Callable[..., Any], name: str) -> dict[str, Parameter]:
    """Return the parameters after `caller`."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError as error:
        raise TypeError(f"{name}: a type hint cannot be resolved: {error}.") from None
    parameters = list(signature.parameters.values())
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    if not parameters or parameters[0].name != "caller" or parameters[0].kind not in positional:
        raise TypeError(f"{name}: the first parameter of a tool must be called caller.")
    for parameter in parameters[1:]:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{name}: {parameter} is not supported; name each parameter.")
    return {parameter.name: parameter for parameter in parameters[1:]}


def _schema_of(parameters: Mapping[str, Parameter], descriptions: Mapping[str, str]) -> type[Schema]:
    attributes: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.annotation is parameter.empty:
            raise TypeError(f"{name} has no type hint")
        metadata: dict[str, Any] = {"description": descriptions[name]} if name in descriptions else {}
        if isinstance(parameter.default, Enum):
            metadata["default"] = key_of_member(parameter.default)
        elif isinstance(parameter.default, str | int | float | bool):
            metadata["default"] = parameter.default
        required = parameter.default is parameter.empty
        attributes[name] = _field(name, parameter.annotation, {"required": required, "metadata": metadata})
    # from_dict, because in a class body parameters called "fields" or "context" would override marshmallow's own.
    return Schema.from_dict(attributes, name="ToolArguments")


def _field(name: str, hint: Any, options: dict[str, Any]) -> fields.Field[Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        metadata = dict(options.get("metadata", {}))
        if words := [part for part in parts[1:] if isinstance(part, str)]:
            metadata["description"] = words[0]
        checks = [*options.get("validate", []), *(part for part in parts[1:] if isinstance(part, Validator))]
        choices = [part for part in parts[1:] if isinstance(part, Choices)]
        options = {**options, "metadata": metadata, "validate": checks}
        if not choices:
            return _field(name, parts[0], options)
        if parts[0] in (str, str | None):
            return ChoiceField(choices[0], **{"allow_none": parts[0] is not str, **options})
    if origin in (Union, types.UnionType):
        inner = [part for part in parts if part is not type(None)]
        if len(inner) == 1 and len(inner) < len(parts):
            return _field(name, inner[0], {**options, "allow_none": True})
    elif origin is list:
        return fields.List(_field(name, parts[0], {}), **options)
    elif origin is Literal:
        kinds = {type(part) for part in parts}
        if kinds in ({str}, {int}):
            checks = [*options.get("validate", []), OneOf(parts)]
            return _FIELDS[kinds.pop()](**{**options, "validate": checks})
    elif isinstance(hint, type) and issubclass(hint, Enum):
        by_value = fields.String() if all(isinstance(member.value, str) for member in hint) else False
        return fields.Enum(hint, by_value=by_value, **options)
    elif hint in _FIELDS:
        return _FIELDS[hint](**options)
    known = (
        "str, int, float, bool, Decimal, date, time, datetime, Literal, Enum, Annotated, Annotated[str, Choices(…)], "
        "list[…] and … | None"
    )
    raise TypeError(f"{name}: {hint!r} is not one of {known}; pass a marshmallow schema instead")


def _check_fit(name: str, parameters: Mapping[str, Parameter], arguments: Arguments) -> None:
    """Check that the function accepts what a given schema loads."""
    missing = [p.name for p in parameters.values() if p.default is p.empty and p.name not in arguments.keys]
    if missing or not set(arguments.keys) <= set(parameters):
        raise TypeError(f"{name}: the parameters after caller must match the schema's fields.")


def _check_template(name: str, template: str, known: set[str]) -> None:
    try:
        used = {field for _, field, spec, conversion in Formatter().parse(template) if field is not None}
    except ValueError as error:
        raise ValueError(f"{name}: the summary is not a valid template: {error}.") from None
    if not used <= known:
        raise ValueError(f"{name}: the summary may only use the placeholders: {', '.join(sorted(known)) or 'none'}.")


def _check_words(
    name: str, examples: Sequence[str], ask: Mapping[str, str], says: str | None, arguments: Arguments
) -> None:
    """Check `examples`, `ask` and `says`."""
    if isinstance(examples, str) or not all(isinstance(example, str) and example.strip() for example in examples):
        raise TypeError(f"{name}: examples must be a list of sentences.")
    if unknown := sorted(set(ask) - set(arguments.types)):
        known = ", ".join(arguments.types) or "none"
        raise ValueError(f"{name}: ask: unknown argument {unknown[0]}; known ones: {known}.")
    if not all(isinstance(question, str) and question.strip() for question in ask.values()):
        raise TypeError(f"{name}: ask must map an argument to its question.")
    if says is not None and not isinstance(says, str):
        raise TypeError(f"{name}: says must be a template.")
    try:
        for _ in Formatter().parse(says or ""):
            pass
    except ValueError as error:
        raise ValueError(f"{name}: says is not a valid template: {error}.") from None


def _check_presentation(
    name: str, title: str | None, labels: Mapping[str, str], page: str | None, arguments: Arguments
) -> None:
    """Check `title`, `labels` and `page`."""
    keys = set(arguments.keys.values())
    if unknown := sorted(set(labels) - keys):
        raise ValueError(
            f"{name}: labels: unknown argument {unknown[0]}; known ones: {', '.join(sorted(keys)) or 'none'}."
        )
    for text in (title, *labels.values()):
        if text is not None and not (isinstance(text, str) and 0 < len(text.strip()) <= MAX_TITLE_CHARACTERS):
            raise TypeError(f"{name}: title and labels must be texts of 1 to {MAX_TITLE_CHARACTERS} characters.")
    if page is not None and not (isinstance(page, str) and is_page_url(page)):
        raise ValueError(f"{name}: page must be https:// or a path of the same host.")


_HEAD_END = re.compile(r"\n\s*\n|\n?\s*:param\b|(?:^|\n)\s*(?:Args|Arguments|Parameters):\s*(?:\n|$)")
_FIELD_LIST = re.compile(r":param\s(?:[^:\n]*\s)?(\w+):\s*([^:\n]+(?:\n\s+[^:\n]+)*)")
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters):\s*\n((?:[ \t]+.*(?:\n|$)|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+)(?:\s*\([^)\n]*\))?:\s*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Return the first paragraph, and the descriptions of parameters in an `Args:` section or in `:param x:` lines."""
    described = [match.groups() for match in _FIELD_LIST.finditer(text)]
    if section := _SECTION.search(text):
        described += [match.groups() for match in _ENTRY.finditer(textwrap.dedent(section[1]))]
    return _joined(_HEAD_END.split(text, maxsplit=1)[0]), {name: _joined(words) for name, words in described}


def _joined(text: str) -> str:
    return " ".join(text.split())
