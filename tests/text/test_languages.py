"""Text is normalised by the rules of its own language, and otherwise not at all."""

import pytest

from banker.text.languages import SUPPORTED, package


@pytest.mark.parametrize("code", SUPPORTED)
def test_a_supported_language_reads_figures_in_words(code: str) -> None:
    assert not any(map(str.isdigit, package(code).sentence("$5 on 2026-11-24").spoken))


@pytest.mark.parametrize(
    "text",
    [
        "Su saldo es de 1.234 €.",
        "Le 24/11/2026 à 17h05, 12,50 € (TVA 5,5 %).",
        "Ihr Konto DE89370400440532013000 & die Karte Nr. 4321",
        "2026-11-24: 口座残高は¥1,234です。",
    ],
)
def test_text_of_another_language_goes_to_the_voice_unchanged(text: str) -> None:
    said = package("es").sentence(text)
    assert said.shown == said.spoken == text
    assert package("es").verbatim(f"**{text}**").spoken == f"**{text}**"


def test_markup_is_removed_in_any_language() -> None:
    assert package("es").sentence("- **Su saldo:** `12 €` 🎉").spoken == "Su saldo: 12 €"
    assert package("es").sentences("🎉\n---\n¿Sí? Sí.") == [
        package("es").sentence("¿Sí?"),
        package("es").sentence("Sí."),
    ]


def test_marks_alone_are_shown_but_not_spoken() -> None:
    said = package("es").sentence("¡!")
    assert (said.shown, said.spoken) == ("¡!", "")


def test_an_interrupted_sentence_ends_at_the_last_spoken_word() -> None:
    said = package("es").sentence("Su saldo es de 1.234 €.")
    assert said.shown_until(len("Su saldo es d") / len(said.spoken)) == "Su saldo es"


def test_words_are_spoken_as_the_bank_says_and_shown_as_they_are_written() -> None:
    language = package("en", {"Nguyen": "nwin", "ISA": "eye saa"})
    said = language.sentence("Mr. Nguyen's ISA, NGUYEN's and the Nguyens' is at $5.")
    assert said.spoken == "Mister nwin's eye saa, nwin's and the Nguyens is at five dollars."
    assert said.shown == "Mr. Nguyen's ISA, NGUYEN's and the Nguyens' is at $5."
    assert said.shown_until(len("Mister nwin's eye saa,") / len(said.spoken)) == "Mr. Nguyen's ISA,"
