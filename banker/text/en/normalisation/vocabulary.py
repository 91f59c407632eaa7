"""The word lists of the rules: units, abbreviations, acronyms and symbols."""

_COUNTED = {
    "basis point": "bp bps", "percentage point": "pp", "kilometer": "km", "centimeter": "cm", "millimeter": "mm",
    "kilogram": "kg", "gram": "g", "pound": "lb lbs", "ounce": "oz", "mile": "mi", "hour": "h hr hrs",
    "minute": "min mins", "second": "sec secs", "millisecond": "ms", "year": "yr yrs", "month": "mo mos",
    "week": "wk wks", "kilobyte": "KB", "megabyte": "MB", "gigabyte": "GB",
}  # fmt: skip
UNITS = {sign: (one, f"{one}s") for one, signs in _COUNTED.items() for sign in signs.split()} | {
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "ft": ("foot", "feet"),
    "mph": ("mile per hour", "miles per hour"),
    "k": ("thousand", "thousand"),
    "K": ("thousand", "thousand"),
    "mn": ("million", "million"),
    "bn": ("billion", "billion"),
    "tn": ("trillion", "trillion"),
    "x": ("times", "times"),
}
"""Units after a number, with singular and plural."""

PER = {"mo": "month", "mth": "month", "yr": "year", "wk": "week", "hr": "hour", "h": "hour", "s": "second"} | {
    unit: unit for unit in "month year week day hour minute person transaction transfer".split()
}
"""Units after a slash: $5/month."""


def _by_form(table: dict[str, str]) -> dict[str, str]:
    """Return the words of each written form, with a capital letter too: "Ext." is "Extension"."""
    spoken = {form: words for words, forms in table.items() for form in forms.split()}
    return {form.capitalize(): words.capitalize() for form, words in spoken.items() if form.islower()} | spoken


ABBREVIATIONS = _by_form({
    "Mister": "Mr. Mr", "Missus": "Mrs. Mrs", "Miz": "Ms. Ms", "Professor": "Prof.", "Junior": "Jr.", "Senior": "Sr.",
    "Incorporated": "Inc.", "Limited": "Ltd. Ltd", "Company": "Co.", "Corporation": "Corp.",
    "for example": "e.g. e.g eg.", "that is": "i.e. i.e ie.", "et cetera": "etc. etc", "versus": "vs. vs",
    "approximately": "approx. approx", "about": "ca.", "including": "incl.", "excluding": "excl.", "minimum": "min.",
    "maximum": "max.", "average": "avg.", "estimated": "est.", "also known as": "a.k.a.",
    "account": "A/C a/c acct. acct", "extension": "ext.", "department": "dept.", "telephone": "tel.",
    "reference": "ref.", "confirmation": "conf.", "per year": "p.a. p/a", "without": "w/o", "with": "w/",
    "care of": "c/o", "per month": "p/m", "plus or minus": "+/-", "not available": "N/A n/a",
    "twenty-four seven": "24/7 24-7", "fifty-fifty": "50/50 50-50", "Monday to Friday": "M-F M–F", "and or": "and/or",
    "A-T and T": "AT&T", "terms and conditions": "T&Cs", "okay": "OK ok", "year over year": "YoY",
    "quarter over quarter": "QoQ", "month over month": "MoM", "eye-ban": "IBAN", "eye-bans": "IBANs", "eye-sa": "ISA",
    "eye-sas": "ISAs", "he-lock": "HELOC", "W eight BEN": "W-8BEN",
})  # fmt: skip

BEFORE_FIGURE = _by_form({
    "number": "No. no. Nr.", "numbers": "Nos. nos.", "figure": "fig.", "section": "sec.", "article": "art.",
    "page": "p.", "pages": "pp.", "volume": "vol.",
    "Apartment": "Apt. Apt", "Suite": "Ste. Ste", "Floor": "Fl.", "Room": "Rm.",
})  # fmt: skip
"""Abbreviations only in front of a number."""

SPELLED = frozenset(
    """ACH AER AI AML API APR APY ASAP ATM BIC CEO CET CFO CIO COO DIY DOB EDT EFT EIN EMI EST ET ETA ETF EU EUR FAQ
    FDIC FOMC FY FYI GDP HOA HSA ID IOU IP IPO IRA IRS ITIN KYC LA NAV NYC OTC OTP PMI POA POS QR ROI SBA SEC SMS
    UAE UI UK UN UPI URL US USA USD UTC VAT VIP YTD""".split()
)
"""Acronyms with a vowel that are spelled. Those without a vowel are always spelled."""

SYMBOLS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about",
    "≤": "at most", "≥": "at least", "≠": "is not", "§": "section", "@": "at", "€": "euros", "©": "copyright",
    "£": "pounds", "¥": "yen", "¢": "cents", "%": "percent", "‰": "per mille", "№": "number", "°": "degrees",
}  # fmt: skip
