-- Work too long for a page, kept until it is done: see store/jobs.py.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,                   -- JSON: what is to be done
    state TEXT NOT NULL,
    done REAL NOT NULL,                   -- 0 to 1
    said TEXT NOT NULL,
    error TEXT NOT NULL,
    remedy TEXT NOT NULL,
    result TEXT NOT NULL,                 -- JSON: what it brought
    tries INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    retry_at INTEGER,
    lease_holder TEXT NOT NULL DEFAULT '',
    lease_until INTEGER
) STRICT, WITHOUT ROWID;
