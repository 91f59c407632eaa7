"""The word lists of the rules: units, abbreviations, acronyms, fractions and symbols."""

_COUNTED = {
    "basis point": "bps", "kilometer": "km", "centimeter": "cm", "millimeter": "mm", "kilogram": "kg", "gram": "g",
    "pound": "lb lbs", "ounce": "oz", "mile": "mi", "hour": "h hr hrs", "minute": "min mins", "second": "sec secs",
    "millisecond": "ms", "year": "yr yrs", "month": "mo mos", "week": "wk wks", "kilobyte": "KB", "megabyte": "MB",
    "gigabyte": "GB",
}  # fmt: skip
UNITS = {sign: (one, f"{one}s") for one, signs in _COUNTED.items() for sign in signs.split()} | {
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "ft": ("foot", "feet"),
    "k": ("thousand", "thousand"),
    "K": ("thousand", "thousand"),
    "x": ("times", "times"),
}
"""Units after a number, with singular and plural."""

PER = {"mo": "month", "mth": "month", "yr": "year", "wk": "week", "hr": "hour", "h": "hour", "s": "second"} | {
    unit: unit for unit in "month year week day hour minute person transaction transfer".split()
}
"""Units after a slash: $5/month."""

ABBREVIATIONS = {
    "Mr.": "Mister", "Mr": "Mister", "Mrs.": "Missus", "Mrs": "Missus", "Ms.": "Miz", "Ms": "Miz",
    "Prof.": "Professor", "Jr.": "Junior", "Sr.": "Senior", "Inc.": "Incorporated", "Ltd.": "Limited", "Ltd": "Limited",
    "Co.": "Company", "Corp.": "Corporation", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "P.O.": "P-O",
    "Apt.": "Apartment", "e.g.": "for example", "e.g": "for example", "eg.": "for example", "i.e.": "that is",
    "i.e": "that is", "ie.": "that is", "etc.": "et cetera", "etc": "et cetera", "vs.": "versus", "vs": "versus",
    "approx.": "approximately", "approx": "approximately", "ca.": "about", "incl.": "including", "excl.": "excluding",
    "min.": "minimum", "max.": "maximum", "avg.": "average", "est.": "estimated", "a.k.a.": "also known as",
    "acct.": "account", "acct": "account", "Acct.": "Account", "ext.": "extension", "Ext.": "Extension",
    "dept.": "department", "Dept.": "Department", "tel.": "telephone", "Tel.": "Telephone", "ref.": "reference",
    "Ref.": "Reference", "Fig.": "Figure", "p.a.": "per year", "w/o": "without", "w/": "with", "c/o": "care of",
    "p/m": "per month", "p/a": "per year", "+/-": "plus or minus",
    "U.S.": "U-S", "U.K.": "U-K", "U.S.A.": "U-S-A", "E.U.": "E-U", "N/A": "not available", "n/a": "not available",
    "24/7": "twenty-four seven", "50/50": "fifty-fifty", "and/or": "and or", "401(k)": "four oh one K",
    "401k": "four oh one K",
    "AT&T": "A-T and T", "Q&A": "Q and A", "T&Cs": "terms and conditions", "OK": "okay", "ok": "okay",
    "IBAN": "eye-ban", "IBANs": "eye-bans",
}  # fmt: skip

SPELLED = frozenset(
    """ACH AI AML APR APY ATM BIC CEO CET CFO DOB EDT EST ET ETF EU FAQ FDIC ID IP IRA IRS ITIN OTP POS SMS UK UN URL US
    USA USD UTC VAT VIP EUR""".split()
)
"""Acronyms with a vowel that are spelled. Those without a vowel are always spelled."""

FRACTIONS = {
    "1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
    "1/5": "one fifth", "1/8": "one eighth", "1/10": "one tenth",
}  # fmt: skip

SYMBOLS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about",
    "≤": "at most", "≥": "at least", "≠": "is not", "§": "section", "@": "at", "€": "euros",
    "£": "pounds", "¥": "yen", "¢": "cents", "%": "percent", "‰": "per mille", "№": "number", "°": "degrees",
}  # fmt: skip
