"""Owns the phrases in which a bank's words mean something else: "the balance of power", "my library card"."""

import re


def _any(words: str) -> str:
    """Return a pattern for any of the comma-separated `words`, themselves patterns."""
    return "(?:" + "|".join(word.strip() for word in words.split(",") if word.strip()) + ")"


AN_ACCOUNT = r"accounts?|checking|savings?|saver|funds?|deposits?|money market|isa|pot|vault|club|loan|mortgage|cards?"
"""What the name of an account ends in, whatever the bank calls it: "everyday checking", "holiday savings"."""
_OTHER_ACCOUNTS = _any(
    r"""facebook, instagram, insta, twitter, tiktok, snapchat, whatsapp, linkedin, youtube, netflix, spotify,
    amazon, google, gmail, apple, icloud, microsoft, steam, xbox, playstation, psn, nintendo, minecraft, roblox,
    fortnite, twitch, discord, reddit, disney, hulu, ebay, etsy, uber, airbnb, skype, zoom, slack, github, telegram,
    signal, tinder, pinterest, dropbox, outlook, hotmail, yahoo, e ?mail, mail, game, gaming, streaming,
    social media, school, university, work, user, windows, wikipedia, duolingo, strava, paypal, wordpress, internet,
    phone, gym, library, eyewitness, first ?hand, detailed, vivid, historical, written, fascinating, no, all,
    several"""
)
_OTHER_CARDS = _any(
    r"""sim, id, identity, library, graphics?, video, sound, memory, sd, micro ?sd, network, boarding, birthday,
    christmas, greetings?, business, membership, member, loyalty, bonus, points, gym, student, school, bus, metro,
    tram, train, rail, railway, travel, transport, transit, oyster, season, report, score, key, hotel, room, door,
    access, pokemon, yu ?gi ?oh, magic, baseball, football, soccer, trading, playing, tarot, poker, uno, wild,
    trump, yellow, red, green, health, insurance, medicare, medical, vaccination, vaccine, social security, donor,
    press, calling, phone, post, punch, time, index, flash, recipe, menu, valentine'?s?, sympathy, anniversary,
    thank you, get well, wedding, invitation, place, data, expansion, wifi, ethernet, voter, voting, race, dance,
    staff, work, union, fishing, driving, licen[cs]e, residence, registration, picture, bingo, scratch, lottery,
    cue, tv, photo, national id, ration, parking, petrol, fuel, club, fan, easter, advent, new year, comic, monster,
    character"""
)
_OTHER_TICKETS = _any(
    r"""parking, speeding, traffic, lottery, lotto, raffle, concert, theat(?:re|er), cinema, movie, film, train,
    bus, tram, plane, flight, airline, ferry, metro, subway, railway, return, single, one way, day, season, weekly,
    monthly, golden, meal, football, match, game, festival, opera, museum, zoo, entry, entrance, admission, winning,
    first class, air(?:plane)?, cheap, dream, big, jira, cloakroom, ski, lift, circus, group, family, child, adult,
    boat, cruise, park, exhibition, show"""
)
_OTHER_BALANCES = _any(
    r"""work, life, white, colou?r, chemical, hormon\w+, ph, energy, gender, body, inner, mental, emotional,
    spiritual, perfect, delicate, healthy, ecological, natural, water, acid, base, fluid, wheel, tyre, tire, audio,
    speaker, stereo, military, trade, strategic"""
)
_OTHER_BANKS = _any(
    r"""river, blood, food, power, piggy, data, sperm, egg, seed, snow, sand, fog, cloud, bottle, memory, world,
    central, national, federal, left, right, west, south, north, east, muddy, grassy, opposite, steep, tissue, eye,
    milk, image, question, battery, gene, word"""
)
_OTHER_PINS = _any(
    "cloth(?:es|ing)?, safety, bowling, hair, hat, drawing, rolling, push, lapel, bobby, tie, firing, ball point"
)
_OTHER_AGENTS = _any(
    r"""secret, estate, travel, real estate, insurance, cleaning, letting, free, double, fbi, cia, special, sports,
    literary, undercover, bleaching, ticket, booking, talent, theatrical, chemical"""
)
_OTHER_TRANSFERS = _any(
    "student, heat, file, data, airport, knowledge, technology, embryo, bus, player, striker'?s?, football, power, "
    "energy, weight, load"
)
_OTHER_PLACES = _any(
    r"""zoo, museum, pharmac\w+, chemist\w*, drug ?stores?, supermarkets?, groc\w+, shops?, stores?, mall,
    librar\w+, pool, post office, restaurants?, bars?, pubs?, cafe, cinema, theat\w+, hospital, doctor\w*,
    dentist\w*, clinic, school, university, college, gym, park, garden, hairdresser\w*, barber\w*, baker\w*,
    butcher\w*, petrol station, gas station, garage, airport, market, town hall, city hall, court, embassy,
    consulate, church, mosque, temple, stadium, gallery, aquarium, casino, hotel, sauna, spa, salon, vet, police,
    tax office, job ?cent\w+, dmv, kindergarten, nursery, castle, palace, tower, ikea, tesco, walmart, aldi, lidl,
    costco, starbucks, mcdonald\w*, kfc, playground, tunnel, bridge, motorway, border, exhibition, farm, beach,
    laundr\w+, car wash, dump, louvre, stock exchange, stock market, swimming \w+, book ?shop, toilets?, taxi,
    bus stop, train, my (?:keys|glasses|phone|socks|dog|cat|shoes)"""
)
_OTHER_PEOPLE = _any(
    r"""neighbou?rs?, teacher, landlord, landlady, doctor\w*, dentist\w*, police, mayor, president, prime minister,
    pope, god, jesus, santa, father christmas, devil, dead, ghost, wife, husband, mother, father, mum, dad, mom,
    sister, brother, son, daughter, grandm\w+, grandp\w+, aunt, uncle, cousin, boyfriend, girlfriend, friends?, dog,
    cat, horse, parrot, children, kids, baby, lawyer, plumber, electrician, mechanic, vet, priest, therapist, coach,
    king, queen, aliens?, ambulance, taxi, fire brigade, travel agent, estate agent"""
)
_OTHER_MATTERS = _any(
    r"""hotel, room, crime, fire, murder, (?:car )?accident, burglary, noise, marriage, food, meal, soup,
    restaurant, school, flat, weather, train, airline, flight, bus, hospital, government, internet provider,
    phone company, electricity, ufo, gas leak, pothole, burst, missing (?:person|child|dog|cat),
    lost (?:dog|cat|child), concert, match, game, film, movie, opera, cinema, party, street, traffic,
    washing machine, dishwasher, fridge, tv, car, bike, bicycle, universe, climate, homework"""
)
_OWN_MATTERS = _any(
    r"""my, me, this, that, it, our, your, us, complain\w*, report, get, someone, somebody, support, technical,
    customer, (?:the|a|an) (?:\w+ )?(?:problem, issue, bank, team, department, staff, support, people, manager,
    complaint, app, website, branch, error, fee, charge, fault, delay, payment, transfer, account, card, booking,
    refund, statement, request, machine, counter)"""
).replace(", ", "|")

_WHEN_CALLED = _any(
    r"""back, at, on, about, tomorrow, today, tonight, later, this, in, when, soon, please, now, after, before,
    asap, as, under, for, if, and, to, by, between, over, again, so, instead, anytime, any time, once, next, first,
    monday, tuesday, wednesday, thursday, friday, saturday, sunday"""
)

_PHRASES = [
    # account
    rf"{_OTHER_ACCOUNTS} accounts?|accounts? (?:on|with|at|for|of) {_OTHER_ACCOUNTS}",
    r"on account of|on no account|by all accounts|into account|take account of|no accounting for|"
    r"turn to good account",
    r"(?<!my )(?<!the )(?<!our )(?<!an )(?<!this )(?<!savings )account(?:s|ed|ing|able)? for",
    r"on (?:my|your|his|her|its|their|our) own account|account managers? wanted|cash registers?",
    rf"(?!apple|google)(?:{_OTHER_ACCOUNTS}) (?:wallet|password|subscription|login)",
    r"(?:is|are|was) your (?:\w+ )?(?:wallet|purse|card)s?|status updates?",
    r"file (?:this|that|it) under|put \w+ through (?:hell|the wringer|school)|somebody to (?:love|hug|marry)",
    r"robbed of (?!(?:my|our|the) (?:\w+ )?(?:cards?|wallet|purse|\w*bag))\w+.*|buy (?:milk|bread|eggs|flowers)",
    r"account of (?:the|a|his|her|their|what|how|events?|my (?:life|day|trip|journey|childhood))",
    # card
    rf"{_OTHER_CARDS} ?cards?|postcards?|scorecards?|flashcards?|wildcards?|cardboard",
    r"cards? (?:game|trick|player|deck|sharp|counting|tower|house)s?|(?:deck|pack|house|game|hand|set) of cards",
    r"play\w* (?:\w+ ){0,2}cards?|(?:on|in) the cards|cards? (?:is|are) (?:the )?(?:highest|strongest|best)",
    r"cards? (?:for|from|to) (?:my |the |a |his |her )?(?:\w+ )?(?:grand\w+|granny|birthday|wedding|christmas|"
    r"teacher|library|gym|hotel|camera)",
    # ticket
    rf"{_OTHER_TICKETS} tickets?|tickets? (?:machine|office|inspector|collector|prices?|booth|counter)s?|(?:just|"
    rf"hot) the ticket",
    rf"tickets? (?:to|for) (?!{_OWN_MATTERS}\b)\w+",
    # balance
    rf"{_OTHER_BALANCES} ?balance|balance (?:bikes?|boards?|beams?|sheets?|wheels?|exercises?|training|disorder|act|"
    rf"between)",
    rf"balance of (?!yesterday|today|last|this|the end|the day|(?:(?:my|the|our|that|this|your|all) )?(?:\w+ "
    rf"){{0,3}}(?:{AN_ACCOUNT}|book)\b)(?:the )?\w+",
    r"(?:lost|lose|losing|keep\w*|kept|find|regain\w*|upset|strike|sense of|off|out of|hangs? in the|in|on) "
    r"(?:(?:my|his|her|your|its|the|a) )?balance(?! (?:of|on|in|is|was|please|enough))",
    r"(?:to|can (?:i|you|we)|do (?:i|you|we)|i|we|they|must|should|who) balance (?:a|an|the|my|your|this|on|it|out|"
    r"work|both|chemical|equations?)",
    r"(?:get|got|have|had) (?:my|his|her|your) balance back|checks and balances|balanced|balancing|counterbalance",
    # bank, branch
    rf"{_OTHER_BANKS} ?banks?|riverbanks?|bank of (?:the (?:river|lake|canal|stream|thames|rhine)|clouds?|fog|snow|"
    rf"keys|lights)",
    r"banks? (?:robbery|robbers?|heist|left|right|on (?:it|that|him|her|you)|vole)|rob (?:a|the) bank|broke the "
    r"bank|banker in monopoly",
    r"branch(?:es)? (?:of (?:a|an|the) (?:\w+ )?tree|in git|manager of the tree|fell)|olive branch",
    # pin, agent, human, transfer
    rf"{_OTHER_PINS} ?pins?|pins? (?:and needles|cushion|up|a|in the map|on (?:the|a) (?:map|board|wall))",
    r"pin (?:code |number )?(?:of|for|to|on) (?:my|the|a) (?:phone|sim|door|garage|gate|alarm|dress|hat|laptop|"
    r"tablet|ipad|iphone|house|safe|bike)",
    rf"{_OTHER_AGENTS} agents?",
    r"human (?:rights?|body|bodies|brain|race|nature|heart|resources|history|trafficking|genome|skin|error|hair|"
    r"evolution)",
    rf"{_OTHER_TRANSFERS} transfers?|transfer (?:window|student|market|files?|photos?|music|contacts|rumou?rs?)",
    r"transfer to another (?:school|university|college|team|job)",
    # hours and places
    rf"(?:open\w*|clos\w+|shuts?|hours?|times?|visit|late is|long is)\b.{{0,25}}\b{_OTHER_PLACES}",
    rf"(?:is|are|does|do|will|if|whether|when|the|a|my|our) (?:\w+ ){{0,3}}{_OTHER_PLACES} (?:\w+ "
    rf"){{0,3}}(?:open\w*|clos\w+|shuts?|hours?)",
    rf"(?:where|nearest|closest|address|directions|way|find)\b(?! is my).{{0,20}}\b{_OTHER_PLACES}",
    # whom to speak to, what to report
    rf"(?:speak|talk|spoke|talked|talking|connect me|put me through|chat) (?:to|with) (?:(?:my|the|a|an|your) "
    rf")?(?:\w+ )?{_OTHER_PEOPLE}",
    rf"(?<!someone )(?<!somebody )(?<!up )(?<!person )(?:call|ring|phone) (?:(?:my|the|a|an) )?{_OTHER_PEOPLE}(?! "
    rf"(?:back|at|on|about|for|this|tomorrow|today))",
    rf"(?:need|want|hire|find|call)(?: me)? an? (?:\w+ )?{_OTHER_PEOPLE}",
    rf"(?:department|desk|counter|hotline|manager|staff|service) (?:at|of|from) (?:the )?(?:{_OTHER_PLACES}|"
    rf"{_OTHER_ACCOUNTS})",
    rf"appointment (?:with|at) (?:(?:my|the|a|an) )?{_OTHER_PEOPLE}",
    rf"call me (?!{_WHEN_CALLED}\b)\w+",
    rf"(?:complain\w*|report\w*|problems?|issues?|claim|request|case|fix|repair|trouble)(?: (?:about|with|to|of|"
    rf"against|for|on|that))?"
    rf"(?: (?:my|the|a|an|his|her|our|this|that|some))?(?: \w+)? (?:{_OTHER_MATTERS}|{_OTHER_PEOPLE})",
    rf"(?:my|the|our) {_OTHER_MATTERS} (?:is|was|does|has|keeps|will|leaks|broke\w*|makes)",
    # words about words, proverbs, tricks
    r"(?:spell|define|pronounce|rhymes with|synonym for|meaning of|the word) \w+.*|used to say.*|file (?:my|a|the) "
    r"(?:tax\w*|flight|nails|patent)",
    r"(?:need|find|want|bring|have) (?:more|some|better|a better|a bit of) balance",
    r"(?:magician|dealer|croupier|wizard|the ace|joker|deck|pick a card)\b.*|talk (?:dirty|to the hand)",
    # markets
    r"(?:bitcoins?|ethereum|crypto\w*|shares? (?:of|in)|stock price|(?:gold|silver|oil|copper)(?! (?:cards?|visa|"
    r"account|customer)))",
    # fiction and hearsay
    r"(?:novel|story|movie|film|poem|song|essay|book|joke|documentary|episode|article|podcast) (?:about|called|"
    r"where|in which)\b.*",
]
_STRANGE = re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in _PHRASES))


def without_strange_phrases(text: str) -> str:
    """Return a normalised text without the phrases whose bank words mean something else, if it has any."""
    return " ".join(_STRANGE.sub(" ", text).split())
