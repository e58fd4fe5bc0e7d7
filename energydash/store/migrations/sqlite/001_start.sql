-- Times are integer microseconds since 1970 UTC. Text is never NULL: '' means none.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feeds (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    quantity TEXT NOT NULL,
    unit TEXT NOT NULL,
    step_s INTEGER,                       -- NULL = no fixed step
    zone TEXT NOT NULL,
    cadence_s INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    revises_s INTEGER NOT NULL,
    history_s INTEGER,                    -- NULL = no known limit
    horizon_s INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,   -- counts the writes that changed something
    rows INTEGER NOT NULL DEFAULT 0,      -- of readings
    newest INTEGER,                       -- time of the newest reading
    fetched_at INTEGER,
    lease_holder TEXT NOT NULL DEFAULT '',
    lease_until INTEGER,
    UNIQUE (owner, source, subject, quantity)
) STRICT;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    feed_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    UNIQUE (feed_id, part)
) STRICT;

CREATE TABLE readings (
    series_id INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE forecasts (
    series_id INTEGER NOT NULL,
    issued INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, issued, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (
    feed_id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    final INTEGER NOT NULL,
    PRIMARY KEY (feed_id, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE rates (
    feed_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,                     -- NULL = still running
    exc_vat TEXT NOT NULL,                -- exact decimals, in pence
    inc_vat TEXT NOT NULL,
    PRIMARY KEY (feed_id, kind, payment_method, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE problems (
    feed_id INTEGER NOT NULL PRIMARY KEY,
    sentence TEXT NOT NULL,
    remedy TEXT NOT NULL,
    retry_at INTEGER,
    since INTEGER,
    kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE wanted (
    feed_id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    start INTEGER,                        -- NULL = no period in particular
    "end" INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (owner, kind, key)
) STRICT, WITHOUT ROWID;
