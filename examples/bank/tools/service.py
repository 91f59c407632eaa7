"""Tools around the bank's people: tickets, branches, appointments and the customer's address."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from marshmallow import ValidationError
from marshmallow.validate import Length, Regexp, Validator

from banker import Caller, Choices, ToolError
from examples.bank.records import Address, Appointment, Branch, Ticket
from examples.bank.service import why_no_appointment
from examples.bank.tools.access import BankAccess, refusals, spoken_day

POSTCODE = Regexp(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 -]{1,8}[A-Za-z0-9]\Z", error="That isn't a postcode.")


class OpeningHours(Validator):
    """Refuses a time outside the hours of appointments, before the customer is asked to confirm it."""

    def __call__(self, value: datetime) -> datetime:
        """Raise `ValidationError` with the reason."""
        if (problem := why_no_appointment(value)) is not None:
            raise ValidationError(problem)
        return value


def add_service_tools(banker: Any, access: BankAccess) -> None:
    """Register the tools with a `Banker` or a `Toolbox`."""
    bank = access.bank

    def opened(caller: Caller) -> dict[str, Any] | None:
        ticket = bank.ticket_of_call(access.customer(caller), caller.call_id)
        return None if ticket is None else _ticket(ticket)

    @banker.tool(
        confirm=True,
        summary="open a ticket with the subject “{subject}”",
        lookup=opened,
        title="Open ticket",
        page="/tickets",
    )
    def create_ticket(
        caller: Caller,
        subject: Annotated[str, Length(1, 200), "What it is about, in a few words."],
        details: Annotated[str, "Everything else that helps the bank's staff."] = "",
    ) -> dict[str, Any]:
        """Open a ticket for the bank's staff, who call the customer back.

        Returns ticket_id, subject, status and created_at.
        """
        subject, details = " ".join(subject.split()), details.strip()
        if not subject:
            raise ToolError("A ticket needs a subject.")
        try:
            ticket = bank.open_ticket(access.customer(caller), subject, details, caller.call_id or None)
        except LookupError:
            raise ToolError("I can't find you among our customers.") from None
        return _ticket(ticket)

    @banker.tool(
        confirm=True,
        summary="change your address to {street}, {city}, {postcode}",
        page="/",
        ask={
            "street": "What are the house number and the street?",
            "city": "Which city is it?",
            "postcode": "And the postcode?",
        },
        says="Done. Your new address is {street}, {city} {postcode}.",
    )
    def change_address(
        caller: Caller,
        street: Annotated[str, Length(3, 100), Regexp(r".*\w", error="That isn't a street.")],
        city: Annotated[str, Length(2, 60), Regexp(r".*[^\W\d]", error="That isn't a city.")],
        postcode: Annotated[str, POSTCODE],
    ) -> dict[str, Any]:
        """Change the address that the bank sends the caller's letters and cards to.

        Returns street, city and postcode.

        Args:
            street: House number and street.
            city: The city.
            postcode: The postcode.
        """
        address = Address(*(" ".join(part.split()) for part in (street, city, postcode)))
        with refusals():
            bank.change_address(access.customer(caller), address, caller.call_id or None)
        return {"street": address.street, "city": address.city, "postcode": address.postcode}

    @banker.tool(says="{message}")
    def find_branch(caller: Caller, city: Annotated[str | None, Choices(access.cities_of)] = None) -> dict[str, Any]:
        """The bank's branches and cash machines, with their addresses and opening hours.

        Returns `branches` (branch_id, name, street, city, postcode, phone, hours, cash_machine) and `message`.

        Args:
            city: The city. Without one, all branches.
        """
        branches = [branch for branch in bank.branches() if city in (None, branch.city)]
        return {"branches": [_shown(branch) for branch in branches], "message": _branches_message(branches)}

    @banker.tool(
        confirm=True,
        summary="book an appointment about “{topic}” at {branch} for {when}",
        title="Book appointment",
        labels={"when": "Date and time"},
        page="/appointments",
        ask={
            "topic": "What would you like to talk about?",
            "branch": "Which branch suits you: Main Street, Station Square or Riverside?",
            "when": "On which day and at what time?",
        },
        says="{message}",
    )
    def book_appointment(
        caller: Caller,
        topic: Annotated[str, Length(1, 100)],
        branch: Annotated[str, Choices(access.branches_of)],
        when: Annotated[datetime, OpeningHours()],
    ) -> dict[str, Any]:
        """Book half an hour with an adviser at a branch, Monday to Friday from 9:00 to 16:30.

        Returns appointment_id, topic, branch_id, branch, address, when and `message`.

        Args:
            topic: What it is about, in a few words.
            branch: The branch's id from an earlier result, such as branch-1.
            when: Day and time, on the hour or at half past.
        """
        with refusals():
            customer = access.customer(caller)
            return _booked(bank.book_appointment(customer, topic.strip(), branch, when, caller.call_id or None))


def _shown(branch: Branch) -> dict[str, Any]:
    return {
        "branch_id": branch.branch_id,
        "name": branch.name,
        "street": branch.street,
        "city": branch.city,
        "postcode": branch.postcode,
        "phone": branch.phone,
        "hours": branch.hours,
        "cash_machine": branch.cash_machine,
    }


def _branches_message(branches: Sequence[Branch]) -> str:
    listed = " ".join(
        f"{one.name}, {one.street}, {one.city}, with a cash machine {one.cash_machine}." for one in branches
    )
    count = "one branch" if len(branches) == 1 else f"{len(branches)} branches"
    return f"I found {count}: {listed} They are open {branches[0].hours}."


def _booked(one: Appointment) -> dict[str, Any]:
    clock = f"{one.starts:%I:%M %p}".lstrip("0")
    day = f"{one.starts:%A}, {spoken_day(one.starts.date())}"
    return {
        "appointment_id": one.appointment_id,
        "topic": one.topic,
        "branch_id": one.branch.branch_id,
        "branch": one.branch.name,
        "address": f"{one.branch.street}, {one.branch.city}",
        "when": one.starts,
        "message": f"We look forward to seeing you on {day}, at {clock}, at {one.branch.name}, {one.branch.street}.",
    }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket_id": ticket.ticket_id,
        "subject": ticket.subject,
        "status": ticket.status,
        "created_at": ticket.created_at,
    }
