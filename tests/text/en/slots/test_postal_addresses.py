"""Addresses are read from a sentence, in any usual order."""

import pytest

from banker.text.en.slots.postal_addresses import find_address


@pytest.mark.parametrize(
    ("said", "street", "city", "postcode"),
    [
        ("my new address is 14 Oak Street, Springfield", "14 Oak Street", "Springfield", None),
        ("I moved to 22 Birch Lane, 62704 Springfield", "22 Birch Lane", "Springfield", "62704"),
        ("22 birch lane springfield 62704", "22 birch lane", "springfield", "62704"),
        ("we moved to Springfield, 22 Birch Lane", "22 Birch Lane", "Springfield", None),
        ("12 Maple Street Apt 3, Boston, MA 02110", "12 Maple Street Apt 3", "Boston", "02110"),
        ("apt 4b, 9 Harbor Road", "apt 4b, 9 Harbor Road", None, None),
        ("8 Cedar Court in Riverton, zip 62561", "8 Cedar Court", "Riverton", "62561"),
        ("change it to 4 Privet Drive London SW1A 1AA please", "4 Privet Drive", "London", "SW1A 1AA"),
        ("fourteen oak street springfield six two seven zero one", "14 Oak Street", "Springfield", "62701"),
        ("9 Hill Street since Monday", "9 Hill Street", None, None),
        ("transfer 50 dollars to my savings", None, None, None),
    ],
)
def test_the_parts_of_an_address_are_found(
    said: str, street: str | None, city: str | None, postcode: str | None
) -> None:
    wanted = {"street": street, "city": city, "postcode": postcode}
    found = {part: value for part, (value, _, _) in find_address(said).items()}
    assert found == {part: value for part, value in wanted.items() if value is not None}
