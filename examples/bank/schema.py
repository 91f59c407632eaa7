"""The tables of the bank's database, by the version that added them."""

VERSION = 5

ACCOUNTS_AND_TICKETS = """
CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    cents INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX accounts_of ON accounts (customer_id);
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX tickets_of ON tickets (customer_id, created_at);
INSERT INTO sqlite_sequence (name, seq) VALUES ('tickets', 1041);
INSERT INTO customers VALUES ('demo-customer', 'Dana Demo'), ('other-customer', 'Omar Other');
INSERT INTO accounts VALUES
    ('acc-789', 'demo-customer', 'Everyday Checking', 'checking', 123456, 'USD', 'active'),
    ('acc-790', 'demo-customer', 'Rainy Day Savings', 'savings', 820000, 'USD', 'active'),
    ('acc-901', 'other-customer', 'Family Checking', 'checking', 77012, 'USD', 'active'),
    ('acc-902', 'other-customer', 'Holiday Savings', 'savings', 310099, 'USD', 'blocked');
"""
"""Version 1."""

LOGINS = """
CREATE TABLE logins (
    name TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    password_hash TEXT NOT NULL
) STRICT;
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
"""Version 2."""

BANKING = """
CREATE TABLE addresses (
    customer_id TEXT PRIMARY KEY REFERENCES customers (id),
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    postcode TEXT NOT NULL
) STRICT;
CREATE TABLE payees (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    bank TEXT NOT NULL,
    account_ending TEXT NOT NULL,
    account_id TEXT REFERENCES accounts (id)
) STRICT;
CREATE TABLE transfers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    from_account TEXT NOT NULL REFERENCES accounts (id),
    to_account TEXT REFERENCES accounts (id),
    payee_id TEXT REFERENCES payees (id),
    cents INTEGER NOT NULL CHECK (cents > 0),
    day TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX transfers_of ON transfers (customer_id);
CREATE INDEX transfers_due ON transfers (status, day);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    day TEXT NOT NULL,
    shop TEXT NOT NULL,
    category TEXT NOT NULL,
    cents INTEGER NOT NULL,
    transfer_id INTEGER REFERENCES transfers (id)
) STRICT;
CREATE INDEX transactions_of ON transactions (account_id, day);
CREATE TABLE disputes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id INTEGER NOT NULL UNIQUE REFERENCES transactions (id),
    reason TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE TABLE cards (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    ending TEXT NOT NULL,
    expires TEXT NOT NULL,
    status TEXT NOT NULL,
    replaces TEXT REFERENCES cards (id),
    arrives TEXT
) STRICT;
CREATE INDEX cards_of ON cards (account_id);
CREATE TABLE branches (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    postcode TEXT NOT NULL,
    phone TEXT NOT NULL,
    hours TEXT NOT NULL,
    cash_machine TEXT NOT NULL
) STRICT;
CREATE TABLE appointments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    branch_id TEXT NOT NULL REFERENCES branches (id),
    topic TEXT NOT NULL,
    starts TEXT NOT NULL,
    UNIQUE (branch_id, starts)
) STRICT;
CREATE TABLE calls (
    customer_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (customer_id, call_id)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES
    ('transfers', 5000), ('transactions', 7000), ('disputes', 300), ('appointments', 200);
"""
"""Version 3. `calls` has the outcome of each tool call that changed something, so that a repeated call returns it."""

CODES = """
CREATE TABLE codes (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    call_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    code TEXT NOT NULL,
    tries INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    PRIMARY KEY (customer_id, call_id)
) STRICT;
"""
"""Version 4: the one-time codes that were sent."""

STAFF = """
CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL
) STRICT
"""
"""Version 5: who may use the desk."""
