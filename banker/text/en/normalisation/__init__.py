"""English text normalisation: figures, dates, codes and abbreviations as a bank clerk would say them.

::

    >>> LANGUAGE.sentence("**Due:** USD 12.5 on 2026-11-24")
    Sentence(shown='Due: $12.50 on November 24, 2026',
             spoken='Due: twelve dollars and fifty cents on November twenty-fourth, twenty twenty-six.')

TTS text consists of letters, spaces and the marks ``. , ; : ! ? ' -``.
"""

from collections.abc import Mapping
from functools import partial

from banker.text.en.normalisation.display import display_text
from banker.text.en.normalisation.verbalisation import pronunciation_rules, verbalise
from banker.text.shown_and_spoken import Language

LANGUAGE = Language(display_text, verbalise)


def pronouncing(pronounced: Mapping[str, str]) -> Language:
    """Return the same language, with these words spoken as they are given; what is shown stays."""
    return Language(display_text, partial(verbalise, rules=pronunciation_rules(pronounced)))
