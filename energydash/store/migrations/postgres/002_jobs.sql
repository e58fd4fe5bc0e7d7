-- Work too long for a page, kept until it is done: see store/jobs.py.
CREATE TABLE jobs (
    id text NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,                   -- JSON: what is to be done
    state text NOT NULL,
    done float8 NOT NULL,                 -- 0 to 1
    said text NOT NULL,
    error text NOT NULL,
    remedy text NOT NULL,
    result text NOT NULL,                 -- JSON: what it brought
    tries bigint NOT NULL,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    retry_at timestamptz,
    lease_holder text NOT NULL DEFAULT '',
    lease_until timestamptz
);
