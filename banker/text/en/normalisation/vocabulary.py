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
    "Co.": "Company", "Corp.": "Corporation", "e.g.": "for example", "e.g": "for example", "eg.": "for example",
    "i.e.": "that is", "i.e": "that is", "ie.": "that is", "etc.": "et cetera", "etc": "et cetera", "vs.": "versus",
    "vs": "versus", "approx.": "approximately", "approx": "approximately", "ca.": "about", "incl.": "including",
    "excl.": "excluding", "min.": "minimum", "max.": "maximum", "avg.": "average", "est.": "estimated",
    "a.k.a.": "also known as", "A/C": "account", "a/c": "account", "acct.": "account", "acct": "account",
    "Acct.": "Account", "ext.": "extension", "Ext.": "Extension", "dept.": "department", "Dept.": "Department",
    "tel.": "telephone", "Tel.": "Telephone", "ref.": "reference", "Ref.": "Reference", "p.a.": "per year",
    "w/o": "without", "w/": "with", "c/o": "care of", "p/m": "per month", "p/a": "per year", "+/-": "plus or minus",
    "N/A": "not available", "n/a": "not available", "24/7": "twenty-four seven", "50/50": "fifty-fifty",
    "and/or": "and or", "AT&T": "A-T and T", "T&Cs": "terms and conditions", "OK": "okay", "ok": "okay",
    "YoY": "year over year", "QoQ": "quarter over quarter", "MoM": "month over month",
    "IBAN": "eye-ban", "IBANs": "eye-bans", "ISA": "eye-sa", "ISAs": "eye-sas", "HELOC": "he-lock",
}  # fmt: skip

BEFORE_FIGURE = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "Nr.": "number", "Fig.": "Figure",
    "Sec.": "Section", "Art.": "Article", "Apt.": "Apartment", "Apt": "Apartment", "Ste.": "Suite", "Ste": "Suite",
    "Fl.": "Floor", "Rm.": "Room",
}  # fmt: skip
"""Abbreviations only in front of a number."""

SPELLED = frozenset(
    """ACH AER AI AML API APR APY ASAP ATM BIC CEO CET CFO CIO COO DIY DOB EDT EFT EIN EMI EST ET ETA ETF EU EUR FAQ
    FDIC FOMC FY FYI GDP HOA HSA ID IOU IP IPO IRA IRS ITIN KYC NAV OTC OTP PMI POA POS QR ROI SBA SEC SMS UI UK UN UPI
    URL US USA USD UTC VAT VIP YTD""".split()
)
"""Acronyms with a vowel that are spelled. Those without a vowel are always spelled."""

SYMBOLS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about",
    "≤": "at most", "≥": "at least", "≠": "is not", "§": "section", "@": "at", "€": "euros", "©": "copyright",
    "£": "pounds", "¥": "yen", "¢": "cents", "%": "percent", "‰": "per mille", "№": "number", "°": "degrees",
}  # fmt: skip
