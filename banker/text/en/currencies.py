"""The currencies, by their signs and their codes (ISO 4217), and what scales an amount: "1.2m", "3bn"."""

from typing import NamedTuple


class Currency(NamedTuple):
    """Singular and plural of a currency and of its hundredth, which is empty where nobody counts in hundredths."""

    one: str
    many: str
    minor_one: str = ""
    minor_many: str = ""


_TABLE = """
    $ USD: dollar, dollars, cent, cents
    US$: U-S dollar, U-S dollars, cent, cents
    C$ CA$ CAD: Canadian dollar, Canadian dollars, cent, cents
    A$ AU$ AUD: Australian dollar, Australian dollars, cent, cents
    NZ$ NZD: New Zealand dollar, New Zealand dollars, cent, cents
    S$ SGD: Singapore dollar, Singapore dollars, cent, cents
    HK$ HKD: Hong Kong dollar, Hong Kong dollars, cent, cents
    ¢: cent, cents
    € EUR: euro, euros, cent, cents
    £ GBP: pound, pounds, penny, pence
    CHF: Swiss franc, Swiss francs, centime, centimes
    SEK: Swedish krona, Swedish kronor
    NOK: Norwegian krone, Norwegian kroner
    DKK: Danish krone, Danish kroner
    PLN: Polish zloty, Polish zlotys
    CZK: Czech koruna, Czech koruny
    HUF: Hungarian forint, Hungarian forints
    TRY: Turkish lira, Turkish liras
    ILS: Israeli shekel, Israeli shekels
    AED: U-A-E dirham, U-A-E dirhams
    ₹ INR Rs Rs.: rupee, rupees
    ¥ JPY: yen, yen
    CNY: yuan, yuan, fen, fen
    KRW: won, won
    THB: baht, baht
    ZAR: South African rand, South African rand, cent, cents
    MXN: Mexican peso, Mexican pesos, centavo, centavos
    BRL: Brazilian real, Brazilian reais, centavo, centavos
"""
CURRENCIES = {
    sign: Currency(*words.split(", "))
    for signs, words in (line.strip().split(": ") for line in _TABLE.strip().splitlines())
    for sign in signs.split()
}
CODE = "|".join(sign for sign in CURRENCIES if len(sign) == 3 and sign.isupper() and sign.isalpha())
"""A pattern of the codes. "TRY" and the like are ordinary words too, so a figure has to stand beside them."""
DECIMAL_COMMA = frozenset("€ EUR CHF SEK NOK DKK PLN CZK HUF BRL TRY".split())
"""Currencies whose amounts may be written like 12,50."""

SCALE_WORDS = ("hundred", "thousand", "million", "billion", "trillion")
SCALE_NAMES = {
    "k": "thousand", "m": "million", "mm": "million", "mn": "million", "mio": "million", "b": "billion",
    "bn": "billion", "mrd": "billion", "tn": "trillion",
} | {name: name for name in SCALE_WORDS}  # fmt: skip
SCALE = rf"(?:{'|'.join(SCALE_WORDS)}|[kKmMbB]|MM|mn|bn|tn|Mio|Mrd)(?!\w)"
