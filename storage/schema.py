"""The tables and views of the database, as migrations: one function a step, never edited once released.

Money is TEXT, times are ISO 8601 text in UTC to the second ("2026-11-24T08:00:00Z", so text order is time order),
derived values live in views. Each column says what it holds in the table's own SQL, where `.schema` shows it;
`docs/database.md` tells the same with examples.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from storage.views import CHEAPEST_PRICES, PRICE_CHANGES, PRICE_EVENTS, current_prices_sql

APPLICATION_ID = 0x50464C31  # "PFL1": says whose file it is

migrations = Migrations("pricefall")


def latest_version() -> int:
    """The schema version that this program knows: the number of its migrations."""
    return len(migrations._migrations)  # noqa: SLF001 - the set has no public length


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to the latest version, all steps in one transaction.

    The caller has made a backup of a file that holds something. The library begins a transaction of its own that is
    deferred, which fails at once when two programs open the file together; ours is immediate, and its steps become
    savepoints in it.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(connection, execute_plugins=False))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {latest_version()}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@migrations()
def m001_runs_and_pages(db: Database) -> None:
    """What was looked at, and when."""
    db.execute("""
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  command TEXT NOT NULL,          -- run, watch, replay, demo
  started_at TEXT NOT NULL,
  finished_at TEXT,               -- NULL while it runs
  status TEXT NOT NULL,           -- running, ok, some_failed, all_failed, interrupted
  summary TEXT NOT NULL           -- JSON object of counts
) STRICT""")
    db.execute("""
CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,         -- the id of the provider file
  market TEXT NOT NULL,           -- pages of one market state the same prices: intl, cn
  url TEXT NOT NULL,
  etag TEXT,                      -- of the last body that was read
  last_modified TEXT,             -- header of that body, as sent
  sha256 TEXT,                    -- of that body
  has_baseline INTEGER NOT NULL DEFAULT 0,  -- 1 once a price list was accepted
  last_full_at TEXT,              -- when a body last came (no 304)
  last_ok_at TEXT,                -- when it was last read or seen unchanged
  last_checked_at TEXT,           -- when it was last asked for
  failures INTEGER NOT NULL DEFAULT 0,      -- failed looks in a row
  last_error TEXT,                -- what the last failed look said; NULL after a good one
  next_due_at TEXT,               -- when `watch` looks again
  last_capture_id INTEGER,        -- the newest row of captures
  last_run_id INTEGER REFERENCES runs (id), -- the run that last asked for it
  UNIQUE (provider, market, url)
) STRICT""")
    db.execute("""
CREATE TABLE captures (
  id INTEGER PRIMARY KEY,
  run_id INTEGER REFERENCES runs (id),
  page_id INTEGER NOT NULL REFERENCES pages (id),
  captured_at TEXT NOT NULL,      -- when the body came
  sha256 TEXT NOT NULL,           -- of the body; its name in the archive
  bytes INTEGER NOT NULL,         -- its length
  final_url TEXT,                 -- where it came from, after redirects
  content_type TEXT,
  headers TEXT NOT NULL,          -- JSON object of the answer's headers
  kind TEXT,                      -- html, markdown, json, ...: how it was read
  rates INTEGER NOT NULL,         -- how many rates it states
  complaints INTEGER NOT NULL,    -- how many things on it were not understood
  amounts_seen INTEGER NOT NULL,  -- how many amounts stand on it
  amounts_unread INTEGER NOT NULL,          -- how many of them gave neither a rate nor were ignored by a rule
  recorded_at TEXT NOT NULL
) STRICT""")
    db.execute("CREATE INDEX captures_page ON captures (page_id, captured_at)")
    db.execute("CREATE INDEX captures_run ON captures (run_id)")
    db.execute("""
CREATE TABLE complaints (
  id INTEGER PRIMARY KEY,
  capture_id INTEGER NOT NULL REFERENCES captures (id),
  kind TEXT NOT NULL,             -- unknown_column, unreadable_price, unread_amount, ...
  message TEXT NOT NULL,
  quote TEXT NOT NULL,            -- the words that it is about
  locator TEXT NOT NULL           -- where they stand
) STRICT""")
    db.execute("CREATE INDEX complaints_capture ON complaints (capture_id)")


@migrations()
def m002_rates(db: Database) -> None:
    """What was accepted as a price, as intervals; nothing is ever deleted."""
    db.execute("""
CREATE TABLE rates (
  id INTEGER PRIMARY KEY,
  page_id INTEGER NOT NULL REFERENCES pages (id),
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  model TEXT NOT NULL,            -- as the page names it
  model_key TEXT NOT NULL,        -- folded for comparison: case, width and separators do not count
  meter TEXT NOT NULL,            -- input, output, cached_input, ...
  service_tier TEXT NOT NULL,     -- standard, batch, flex, priority, or the provider's own word
  conditions TEXT NOT NULL,       -- canonical JSON object; {} is "always"
  currency TEXT,                  -- as printed, ISO 4217
  state TEXT NOT NULL,            -- priced, free, included, contact, dynamic
  amount TEXT CHECK (typeof(amount) IN ('text', 'null')),   -- exact, as printed; NULL unless priced
  per TEXT CHECK (typeof(per) IN ('text', 'null')),         -- what the amount buys: per 1000000 ...
  unit TEXT,                      -- ... token
  price_sort REAL,                -- rounded, per 1M tokens or characters, else per one unit: only for sorting
  list_amount TEXT CHECK (typeof(list_amount) IN ('text', 'null')),  -- the struck price, or NULL
  valid_from TEXT,                -- what the page says, or NULL
  valid_until TEXT,               -- what the page says, or NULL
  flags TEXT NOT NULL,            -- JSON array: hidden, derived
  quote TEXT NOT NULL,            -- the words that it was read from, newest sight
  locator TEXT NOT NULL,          -- where they stand
  identity TEXT NOT NULL,         -- JSON array: model key, meter, tier, conditions, currency
  seen_from TEXT NOT NULL,        -- when this price was first seen on this page
  seen_until TEXT NOT NULL,       -- when it was last seen there
  ended_at TEXT,                  -- when it left the accepted list; NULL while it is in it
  recorded_at TEXT NOT NULL,      -- when the database learnt of it
  end_recorded_at TEXT,           -- when the database learnt of its end
  superseded_at TEXT,             -- when it turned out never to have been true; NULL for an honest price
  superseded_why TEXT,
  capture_id INTEGER REFERENCES captures (id),       -- the capture that first showed it
  last_capture_id INTEGER REFERENCES captures (id)   -- the newest capture that shows it
) STRICT""")
    db.execute("CREATE INDEX rates_open ON rates (page_id) WHERE ended_at IS NULL")
    db.execute("CREATE INDEX rates_identity ON rates (provider, market, identity, seen_from)")
    db.execute("CREATE INDEX rates_model ON rates (model_key, model)")


@migrations()
def m003_events(db: Database) -> None:
    """What happened to a price, and what is not believed yet."""
    db.execute("""
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,        -- the order in which they were recorded
  id TEXT NOT NULL UNIQUE,        -- derived from content: the same change has the same id
  kind TEXT NOT NULL,             -- cut, raise, launch, removal, scheduled, ...
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  model TEXT NOT NULL,
  model_key TEXT NOT NULL,
  meter TEXT NOT NULL,
  service_tier TEXT NOT NULL,
  conditions TEXT NOT NULL,
  currency TEXT,
  per TEXT,                       -- old_amount and new_amount are both per this ...
  unit TEXT,                      -- ... unit
  old_amount TEXT CHECK (typeof(old_amount) IN ('text', 'null')),
  new_amount TEXT CHECK (typeof(new_amount) IN ('text', 'null')),
  percent REAL,                   -- rounded, of the old price, negative for a cut
  effective_from TEXT,            -- since when the new price holds
  captured_at TEXT NOT NULL,      -- when the page that shows it came
  confidence REAL NOT NULL,       -- 0 to 1
  why TEXT NOT NULL,              -- the verdict in words
  predecessor TEXT,               -- of a successor comparison
  repeat INTEGER NOT NULL,        -- how often this same transition was told before
  url TEXT NOT NULL,
  identity TEXT NOT NULL,         -- as in rates
  transition TEXT NOT NULL,       -- JSON array: old state and price of one unit, new state and price
  old_rate TEXT,                  -- JSON of the whole rate before
  new_rate TEXT,                  -- JSON of the whole rate after
  page_id INTEGER REFERENCES pages (id),
  capture_id INTEGER REFERENCES captures (id),
  run_id INTEGER REFERENCES runs (id),
  recorded_at TEXT NOT NULL
) STRICT""")
    db.execute("CREATE INDEX events_identity ON events (provider, market, identity, seq)")
    db.execute("CREATE INDEX events_time ON events (captured_at)")
    db.execute("CREATE INDEX events_page ON events (page_id, captured_at)")
    db.execute("""
CREATE TABLE pending (
  id INTEGER PRIMARY KEY,
  page_id INTEGER NOT NULL REFERENCES pages (id),
  key TEXT NOT NULL,              -- the identity of the rate
  outcome TEXT NOT NULL,          -- wait (a second look decides) or held (a person decides)
  kind TEXT NOT NULL,             -- what it would be if it were believed
  old_rate TEXT,                  -- JSON of the whole rate
  new_rate TEXT,
  why TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  looks INTEGER NOT NULL          -- good pages that showed it
) STRICT""")
    db.execute("CREATE INDEX pending_page ON pending (page_id)")


@migrations()
def m004_outbox(db: Database) -> None:
    """Messages that wait for delivery, written in the transaction of the change that they tell of."""
    db.execute("""
CREATE TABLE channels (
  id TEXT PRIMARY KEY,            -- as the settings name it
  disabled_at TEXT,               -- NULL while it takes messages
  disabled_why TEXT               -- "410 Gone", for example
) STRICT""")
    db.execute("""
CREATE TABLE alerts (
  seq INTEGER PRIMARY KEY,        -- the order of delivery
  id TEXT NOT NULL UNIQUE,        -- derived from channel and events: the receiver's idempotency key
  channel TEXT NOT NULL,          -- the id of a channel in the settings
  rule TEXT NOT NULL,             -- the rule that asked for it
  order_key TEXT NOT NULL,        -- messages with the same key on one channel keep their order
  event_ids TEXT NOT NULL,        -- JSON array of events.id
  payload TEXT NOT NULL,          -- JSON: all that the sender needs
  state TEXT NOT NULL,            -- pending, sent, dead (given up: `pricefall alerts retry`)
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at TEXT NOT NULL,
  last_attempt_at TEXT,
  leased_until TEXT,              -- a sender has it until then
  lease TEXT,                     -- that sender's mark
  last_error TEXT,
  created_at TEXT NOT NULL,
  sent_at TEXT,
  run_id INTEGER REFERENCES runs (id)
) STRICT""")
    db.execute("CREATE INDEX alerts_pending ON alerts (channel, order_key, seq) WHERE state = 'pending'")
    db.execute("CREATE INDEX alerts_state ON alerts (state, seq)")
    db.execute("""
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  alert_id TEXT NOT NULL REFERENCES alerts (id),
  channel TEXT NOT NULL,
  attempt INTEGER NOT NULL,       -- 1 for the first
  attempted_at TEXT NOT NULL,
  outcome TEXT NOT NULL,          -- sent, failed, dead, retry (a person asked for it again)
  error TEXT,
  next_attempt_at TEXT            -- after a failure
) STRICT""")
    db.execute("CREATE INDEX deliveries_alert ON deliveries (alert_id)")


@migrations()
def m005_views(db: Database) -> None:
    """The three views for people."""
    db.execute("""
CREATE VIEW price_history AS
-- every price that was ever accepted, with the interval in which it was seen
SELECT
  rates.provider, rates.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  CASE WHEN unit = 'token' THEN price_sort END AS per_million_tokens,  -- rounded, in the printed currency
  list_amount, valid_from, valid_until, seen_from, seen_until, ended_at,
  superseded_at, superseded_why, flags, quote, url, model_key, identity, rates.id AS rate_id
FROM rates JOIN pages ON pages.id = rates.page_id""")
    db.execute("""
CREATE VIEW current_prices AS
-- what is in force now and accepted: one row for each price, from the page that saw it last
WITH
  in_force AS (
    SELECT *, ROW_NUMBER() OVER (
      PARTITION BY page_id, identity ORDER BY valid_from DESC, valid_until IS NULL, seen_until DESC, id DESC
    ) AS place_on_page
    FROM rates
    WHERE ended_at IS NULL AND superseded_at IS NULL
      AND (valid_from IS NULL OR valid_from <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
      AND (valid_until IS NULL OR valid_until > strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
  ),
  ranked AS (
    SELECT *, ROW_NUMBER() OVER (
      PARTITION BY provider, market, identity ORDER BY seen_until DESC, valid_from DESC, id DESC
    ) AS place
    FROM in_force WHERE place_on_page = 1
  )
SELECT
  ranked.provider, ranked.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  CASE WHEN unit = 'token' THEN price_sort END AS per_million_tokens,  -- rounded, in the printed currency
  list_amount, valid_from, valid_until, seen_from, seen_until,
  flags, quote, url, model_key, identity, ranked.id AS rate_id
FROM ranked JOIN pages ON pages.id = ranked.page_id WHERE place = 1""")
    db.execute("""
CREATE VIEW price_events AS
-- what happened, newest first
SELECT
  captured_at, provider, market, model, meter, service_tier, conditions, kind,
  old_amount, new_amount, currency, per, unit, percent, effective_from, confidence, why, predecessor, url, id
FROM events ORDER BY seq DESC""")


@migrations()
def m006_health(db: Database) -> None:
    """What is wrong with the watching itself, and what pages say of their models' end."""
    db.execute("""
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,             -- outage, vanished, blocked, failing, layout, unread, stale, flapping, held, ...
  provider TEXT NOT NULL,         -- empty for what is no one page's matter, as an outage
  market TEXT NOT NULL,
  url TEXT NOT NULL,
  subject TEXT NOT NULL,          -- the model that retires, the identity of the price that flaps; else empty
  why TEXT NOT NULL,              -- what is wrong, in a sentence
  facts TEXT NOT NULL,            -- JSON object of the figures and names behind it
  since TEXT NOT NULL,            -- when it began, so far as is known
  opened_at TEXT NOT NULL,        -- when it was found
  closed_at TEXT,                 -- when it was found to be over; NULL while it is open
  reopened INTEGER NOT NULL,      -- how often it came back within a day of its end
  end_told INTEGER NOT NULL,      -- 1 once its end was told, or needed no telling
  run_id INTEGER REFERENCES runs (id)  -- the run that opened it
) STRICT""")
    db.execute("CREATE UNIQUE INDEX incidents_open ON incidents (kind, provider, market, url, subject) "
               "WHERE closed_at IS NULL")  # fmt: skip
    db.execute("CREATE INDEX incidents_closed ON incidents (closed_at)")
    db.execute("""
CREATE TABLE failed_looks (
  id INTEGER PRIMARY KEY,
  page_id INTEGER NOT NULL REFERENCES pages (id),
  run_id INTEGER REFERENCES runs (id),
  failed_at TEXT NOT NULL,
  kind TEXT NOT NULL,             -- http_404, blocked, dns, no_table, implausible, ...
  message TEXT NOT NULL           -- what happened and what to do
) STRICT""")
    db.execute("CREATE INDEX failed_looks_page ON failed_looks (page_id, failed_at)")
    db.execute("""
CREATE TABLE retirements (
  id INTEGER PRIMARY KEY,
  capture_id INTEGER NOT NULL REFERENCES captures (id),
  model TEXT NOT NULL,            -- as the page names it
  retires_at TEXT,                -- the day that the page says, or NULL
  quote TEXT NOT NULL,            -- the words that say so
  locator TEXT NOT NULL           -- where they stand
) STRICT""")
    db.execute("CREATE INDEX retirements_capture ON retirements (capture_id)")
    db.execute("""
CREATE TABLE flapping (
  page_id INTEGER NOT NULL REFERENCES pages (id),
  key TEXT NOT NULL,              -- the identity of the rate
  reversals INTEGER NOT NULL,     -- how often it went to and fro
  first_at TEXT NOT NULL,         -- the first of them
  last_at TEXT NOT NULL,          -- the newest of them
  why TEXT NOT NULL,              -- in words
  PRIMARY KEY (page_id, key)
) STRICT""")


@migrations()
def m009_in_force_and_windows(db: Database) -> None:
    """Prices in force by their own dates, whoever looked since; the hours of peak and off-peak prices."""
    db.execute("""
CREATE TABLE conditions (
  conditions TEXT PRIMARY KEY,    -- as in rates
  context_gt INTEGER,             -- for more than so many tokens of context, or NULL
  context_lte INTEGER,            -- for at most so many, or NULL
  output_gt INTEGER,              -- the same for tokens of output
  output_lte INTEGER,
  cache_ttl TEXT,                 -- 5m, 1h, or NULL: any
  mode TEXT,                      -- thinking, non_thinking, or NULL: any
  window TEXT,                    -- peak, off_peak, or NULL: any
  region TEXT,                    -- as printed, or NULL: any
  other TEXT                      -- as printed, or NULL: any
) STRICT, WITHOUT ROWID""")
    db.execute("""
INSERT INTO conditions SELECT DISTINCT conditions,
  json_extract(conditions, '$.context_tokens.gt'), json_extract(conditions, '$.context_tokens.lte'),
  json_extract(conditions, '$.output_tokens.gt'), json_extract(conditions, '$.output_tokens.lte'),
  json_extract(conditions, '$.cache_ttl'), json_extract(conditions, '$.mode'), json_extract(conditions, '$.window'),
  json_extract(conditions, '$.region'), json_extract(conditions, '$.other') FROM rates""")
    db.execute("DROP VIEW current_prices")
    db.execute(current_prices_sql())
    db.execute("""
CREATE TABLE windows (
  id INTEGER PRIMARY KEY,
  page_id INTEGER NOT NULL REFERENCES pages (id),
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  window TEXT NOT NULL,           -- peak, off_peak
  zone TEXT NOT NULL,             -- the IANA zone that the hours are told in
  days TEXT NOT NULL,             -- JSON array: mon, ..., sun, holiday
  hours TEXT NOT NULL,            -- JSON array of ["22:00", "06:00"] in that zone; such an end is the next day's
  utc_hours TEXT NOT NULL,        -- the same in UTC, on the day when they were first seen
  calendar TEXT,                  -- whose public holidays count (CN), NULL when they do not
  valid_from TEXT,                -- what page or provider file says, or NULL
  source TEXT NOT NULL,           -- page, or file for a [[window]] of the provider file
  quote TEXT NOT NULL,            -- the words that it was read from, zone and all
  locator TEXT NOT NULL,          -- where they stand
  seen_from TEXT NOT NULL,        -- when the page first said so
  seen_until TEXT NOT NULL,       -- when it last did
  ended_at TEXT,                  -- when it no longer did; NULL while it does
  recorded_at TEXT NOT NULL,      -- when the database learnt of it
  end_recorded_at TEXT,           -- when the database learnt of its end
  capture_id INTEGER REFERENCES captures (id)  -- the capture that first showed it
) STRICT""")
    db.execute("CREATE INDEX windows_page ON windows (page_id)")


@migrations()
def m010_looks(db: Database) -> None:
    """When another look may decide about what waits; NULL for what a person decides."""
    db.execute("ALTER TABLE pending ADD COLUMN due_at TEXT")


@migrations()
def m008_feeds(db: Database) -> None:
    """What other sources say that providers charge: witnesses, and never accepted prices."""
    db.execute("""
CREATE TABLE feeds (
  id TEXT PRIMARY KEY,            -- as config/feeds.toml names it
  url TEXT NOT NULL,
  etag TEXT,                      -- of the last body that was read
  last_modified TEXT,             -- header of that body, as sent
  last_ok_at TEXT,                -- when it was last read or seen unchanged
  last_checked_at TEXT,           -- when it was last asked for
  failures INTEGER NOT NULL,      -- failed looks in a row
  last_error TEXT                 -- what the last failed look said; NULL after a good one
) STRICT""")
    db.execute("""
CREATE TABLE feed_prices (
  id INTEGER PRIMARY KEY,
  feed TEXT NOT NULL REFERENCES feeds (id),
  lineage TEXT NOT NULL,          -- whose number it is: copies of one source are one witness
  seller TEXT NOT NULL,           -- in the feed's word
  provider TEXT NOT NULL,         -- the id of the provider file
  market TEXT,                    -- of the provider; NULL for any
  model TEXT NOT NULL,            -- as the feed names it
  names TEXT NOT NULL,            -- JSON array: what else it calls the model
  meter TEXT NOT NULL,
  service_tier TEXT NOT NULL,
  conditions TEXT NOT NULL,       -- canonical JSON object; {} is "always"
  currency TEXT,
  state TEXT NOT NULL,
  amount TEXT CHECK (typeof(amount) IN ('text', 'null')),
  per TEXT CHECK (typeof(per) IN ('text', 'null')),
  unit TEXT,
  valid_from TEXT,
  valid_until TEXT,
  is_resold INTEGER NOT NULL,     -- 1 for the price of somebody who sells on
  key TEXT NOT NULL,              -- where it stands in the feed
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  ended_at TEXT                   -- when the feed said something else; NULL while it says this
) STRICT""")
    db.execute("CREATE INDEX feed_prices_open ON feed_prices (provider, feed) WHERE ended_at IS NULL")
    db.execute("""
CREATE TABLE feed_unknown_keys (
  feed TEXT NOT NULL REFERENCES feeds (id),
  key TEXT NOT NULL,              -- of a price object; no rate was made from it
  why TEXT NOT NULL,
  example TEXT NOT NULL,          -- where it stands first
  count INTEGER NOT NULL,         -- how often it stands there
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  PRIMARY KEY (feed, key)
) STRICT""")


@migrations()
def m007_rulings(db: Database) -> None:
    """What people decided."""
    db.execute("""
CREATE TABLE rulings (
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL,              -- the short id under which it was listed
  action TEXT NOT NULL,           -- accept, reject, correct, reread
  page_id INTEGER NOT NULL REFERENCES pages (id),
  key TEXT NOT NULL,              -- the identity of the rate, as in pending
  old_rate TEXT,                  -- JSON of the whole rate that was accepted until then
  seen_rate TEXT,                 -- JSON of what the page says, as it was read
  new_rate TEXT,                  -- JSON of what is accepted since
  held_why TEXT NOT NULL,         -- why it had been held
  reason TEXT NOT NULL,           -- why the person decided so
  who TEXT NOT NULL,
  event_id TEXT,                  -- what was told of it
  decided_at TEXT NOT NULL
) STRICT""")
    db.execute("CREATE INDEX rulings_page ON rulings (page_id)")


@migrations()
def m011_outbox_doubts(db: Database) -> None:
    """What may be out although nobody said so, and channels that asked for a pause."""
    db.execute("ALTER TABLE alerts ADD COLUMN maybe_out INTEGER NOT NULL DEFAULT 0")
    db.execute("UPDATE alerts SET maybe_out = 1 WHERE attempts > 0 OR lease IS NOT NULL")
    db.execute("ALTER TABLE channels ADD COLUMN quiet_until TEXT")


@migrations()
def m012_companions_and_pages_that_left(db: Database) -> None:
    """The second document of a template page; pages that no provider file names any more are not current."""
    db.execute("DROP VIEW current_prices")
    db.execute("ALTER TABLE pages ADD COLUMN companion_sha256 TEXT")
    db.execute("ALTER TABLE pages ADD COLUMN left_at TEXT")
    db.execute("ALTER TABLE pages ADD COLUMN left_why TEXT")
    db.execute("ALTER TABLE captures ADD COLUMN companion_sha256 TEXT")
    db.execute(current_prices_sql())


@migrations()
def m013_withdrawals(db: Database) -> None:
    """Which messages tell of an event, and what was taken back."""
    db.execute("""
CREATE TABLE alert_events (
  event_id TEXT NOT NULL,         -- events.id
  alert_id TEXT NOT NULL REFERENCES alerts (id),
  PRIMARY KEY (event_id, alert_id)
) STRICT, WITHOUT ROWID""")
    db.execute("INSERT INTO alert_events SELECT DISTINCT value, alerts.id FROM alerts, json_each(event_ids)")
    db.execute("""
CREATE TRIGGER alerts_tell AFTER INSERT ON alerts BEGIN
  INSERT OR IGNORE INTO alert_events SELECT value, new.id FROM json_each(new.event_ids);
END""")
    db.execute("""
CREATE TABLE withdrawals (
  alert_id TEXT NOT NULL REFERENCES alerts (id),
  event_id TEXT NOT NULL,         -- what the message told, or would have told
  why TEXT NOT NULL,              -- in words
  follow_up TEXT,                 -- alerts.id of the message that says so; NULL when nothing had gone out
  withdrawn_at TEXT NOT NULL,
  PRIMARY KEY (event_id, alert_id)
) STRICT, WITHOUT ROWID""")


@migrations()
def m014_waiting_alerts(db: Database) -> None:
    """Alerts that wait for the end of quiet hours, and parts of a digest."""
    db.execute("ALTER TABLE alerts ADD COLUMN not_before TEXT")
    db.execute("ALTER TABLE alerts ADD COLUMN digest TEXT")
    db.execute("ALTER TABLE alerts ADD COLUMN digest_id TEXT REFERENCES alerts (id)")
    db.execute("CREATE INDEX alerts_collected ON alerts (channel, seq) WHERE state = 'collected'")


@migrations()
def m015_seals(db: Database) -> None:
    """What SQLite's own check cannot see: a flipped bit in a price would be told as a change of price.

    A later step that changes columns of `rates` sets it to NULL.
    """
    db.execute("ALTER TABLE pages ADD COLUMN rates_sha256 TEXT")


@migrations()
def m016_models_and_indexes(db: Database) -> None:
    """Names to search in, views for more questions, and indexes with which ten million intervals answer at once."""
    db.execute("""
CREATE TABLE models (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  model_key TEXT NOT NULL,        -- folded for comparison, as in rates
  model TEXT NOT NULL,            -- as a page names it, or once did
  first_seen TEXT NOT NULL,       -- when a price of it was first seen there
  UNIQUE (model_key, model, provider, market)
) STRICT""")
    db.execute("CREATE INDEX models_name ON models (model COLLATE NOCASE)")
    db.execute("""
CREATE VIRTUAL TABLE model_search USING fts5 (
  model,      -- as in models, whose id is the rowid here
  model_key,  -- the same, folded
  content = 'models', content_rowid = 'id', tokenize = 'trigram'
)""")
    db.execute("""
CREATE TRIGGER models_search AFTER INSERT ON models BEGIN
  INSERT INTO model_search (rowid, model, model_key) VALUES (new.id, new.model, new.model_key);
END""")
    named = """
INSERT INTO models (provider, market, model_key, model, first_seen)
{names}
ON CONFLICT DO UPDATE SET first_seen = excluded.first_seen WHERE excluded.first_seen < first_seen"""
    new = named.format(names="VALUES (new.provider, new.market, new.model_key, new.model, new.seen_from)")
    old = "SELECT provider, market, model_key, model, min(seen_from) FROM rates WHERE true GROUP BY 1, 2, 3, 4"
    db.execute(named.format(names=old))
    db.execute(f"CREATE TRIGGER rates_named AFTER INSERT ON rates BEGIN{new};\nEND")
    db.execute(
        f"CREATE TRIGGER rates_renamed AFTER UPDATE OF model ON rates WHEN new.model != old.model BEGIN{new};\nEND"
    )
    for index in ("rates_model", "rates_identity"):
        db.execute(f"DROP INDEX {index}")
    db.execute("CREATE INDEX rates_identity ON rates (provider, market, identity, ended_at)")
    db.execute("CREATE INDEX rates_model_key ON rates (model_key, seen_from)")
    db.execute("CREATE INDEX rates_model ON rates (model, seen_from)")
    db.execute("CREATE INDEX rates_open_model_key ON rates (model_key) WHERE ended_at IS NULL")
    db.execute("CREATE INDEX rates_open_model ON rates (model) WHERE ended_at IS NULL")
    db.execute("CREATE INDEX rates_open_provider ON rates (provider, market) WHERE ended_at IS NULL")
    db.execute("CREATE INDEX rates_announced ON rates (page_id, model_key, meter) WHERE valid_from IS NOT NULL")
    db.execute("CREATE INDEX events_model_key ON events (model_key, captured_at)")
    for view in ("current_prices", "price_events"):
        db.execute(f"DROP VIEW {view}")
    for sql in (current_prices_sql(), PRICE_EVENTS, PRICE_CHANGES, CHEAPEST_PRICES):
        db.execute(sql)


@migrations()
def m017_past(db: Database) -> None:
    """What was found later about the past: no accepted prices, and nobody is told of them."""
    db.execute("""
CREATE TABLE past_prices (
  row_id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,           -- capture, curated, feed: in falling trust
  origin TEXT NOT NULL,           -- the page, the file of facts or the feed, which is replaced as a whole
  provider TEXT NOT NULL,
  market TEXT,                    -- NULL for any of the provider
  model TEXT NOT NULL,
  model_key TEXT NOT NULL,        -- as in rates
  names TEXT NOT NULL,            -- JSON array: what else it is called
  meter TEXT NOT NULL,
  service_tier TEXT NOT NULL,
  conditions TEXT NOT NULL,       -- canonical JSON object; {} is "always"
  currency TEXT,
  state TEXT NOT NULL,
  amount TEXT CHECK (typeof(amount) IN ('text', 'null')),   -- exact; NULL unless priced
  per TEXT CHECK (typeof(per) IN ('text', 'null')),         -- what the amount buys: per 1000000 ...
  unit TEXT,                      -- ... token
  price_sort REAL,                -- rounded: only for sorting
  list_amount TEXT CHECK (typeof(list_amount) IN ('text', 'null')),  -- the price before a promotion, or NULL
  valid_from TEXT,                -- what a captured page says, or NULL
  valid_until TEXT,
  flags TEXT NOT NULL,            -- JSON array, as in rates
  quote TEXT NOT NULL,            -- the words that it was read from
  locator TEXT NOT NULL,          -- where they stand
  identity TEXT NOT NULL,         -- as in rates
  citation TEXT NOT NULL,         -- who says so, in words
  confidence TEXT NOT NULL,       -- high, medium, low
  url TEXT NOT NULL,              -- the page, or empty
  sha256 TEXT,                    -- of the capture in the archive, or NULL
  holds_from TEXT,                -- since when it held; NULL when nobody says
  holds_until TEXT,               -- when it ended; NULL when nobody says
  seen_from TEXT NOT NULL,        -- the first moment for which the source vouches
  seen_until TEXT NOT NULL,       -- the last one
  counts_from TEXT NOT NULL,      -- since when it answers for the past
  counts_until TEXT NOT NULL,     -- until when
  recorded_at TEXT NOT NULL,      -- when the database learnt of it
  superseded_at TEXT,             -- when its origin said otherwise
  superseded_why TEXT
) STRICT""")
    db.execute("CREATE INDEX past_prices_model ON past_prices (model_key)")
    db.execute("CREATE INDEX past_prices_origin ON past_prices (source, origin) WHERE superseded_at IS NULL")
    db.execute("""
CREATE TABLE past_events (
  row_id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,           -- capture, curated
  origin TEXT NOT NULL,           -- as in past_prices
  id TEXT NOT NULL,               -- derived from content, as in events
  kind TEXT NOT NULL,             -- cut, raise, launch, ...
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  model TEXT NOT NULL,
  model_key TEXT NOT NULL,
  names TEXT NOT NULL,            -- JSON array: what else it is called
  meter TEXT NOT NULL,
  service_tier TEXT NOT NULL,
  conditions TEXT NOT NULL,
  currency TEXT,
  per TEXT,                       -- old_amount and new_amount are both per this ...
  unit TEXT,                      -- ... unit
  old_amount TEXT CHECK (typeof(old_amount) IN ('text', 'null')),
  new_amount TEXT CHECK (typeof(new_amount) IN ('text', 'null')),
  percent REAL,                   -- rounded, of the old price, negative for a cut
  effective_from TEXT,            -- since when the new price holds
  captured_at TEXT NOT NULL,      -- when it happened, or when a capture first showed it
  confidence REAL NOT NULL,       -- 0 to 1
  why TEXT NOT NULL,              -- why it is believed
  predecessor TEXT,               -- of a successor comparison
  url TEXT NOT NULL,
  identity TEXT NOT NULL,
  citation TEXT NOT NULL,         -- who says so, in words
  recorded_at TEXT NOT NULL,      -- when the database learnt of it: it was found later
  superseded_at TEXT,             -- when its origin said otherwise
  superseded_why TEXT
) STRICT""")
    db.execute("CREATE INDEX past_events_time ON past_events (captured_at)")
    db.execute("CREATE INDEX past_events_origin ON past_events (source, origin) WHERE superseded_at IS NULL")
    db.execute("""
CREATE VIEW price_timeline AS
-- every price with the time for which it answers, seen on a page or found later
SELECT
  'page' AS source, rates.provider, rates.market, model, model_key, meter, service_tier, conditions, state, amount,
  currency, per, unit,
  CASE WHEN unit = 'token' THEN price_sort END AS per_million_tokens,  -- rounded, in the printed currency
  coalesce(valid_from, seen_from) AS held_from, ended_at AS held_until, url, NULL AS citation, '[]' AS names
FROM rates JOIN pages ON pages.id = rates.page_id WHERE superseded_at IS NULL
UNION ALL
SELECT
  source, past_prices.provider, past_prices.market, model, model_key, meter, service_tier, conditions, state, amount,
  currency, per, unit, CASE WHEN unit = 'token' THEN price_sort END,
  counts_from, min(counts_until, coalesce(since, '9999')), url, citation, names
FROM past_prices LEFT JOIN (
  SELECT provider, market, min(captured_at) AS since
  FROM pages JOIN captures ON captures.page_id = pages.id GROUP BY provider, market
) AS watched ON watched.provider = past_prices.provider AND watched.market = past_prices.market
WHERE superseded_at IS NULL AND counts_from < coalesce(since, '9999')""")


@migrations()
def m018_past_captures(db: Database) -> None:
    """Captures of the past that were found later, apart from those of watched pages."""
    db.execute("""
CREATE TABLE past_captures (
  id INTEGER PRIMARY KEY,
  keeper TEXT NOT NULL,           -- captures (saved pages), wayback
  provider TEXT NOT NULL,
  market TEXT NOT NULL,
  url TEXT NOT NULL,              -- the page, as its provider file names it
  captured_at TEXT NOT NULL,      -- when it was kept
  address TEXT NOT NULL,          -- where the copy stands: a file, or an address in an archive
  sha256 TEXT,                    -- of the body; its name in the archive; NULL when the copy holds no page
  content_type TEXT,
  message TEXT NOT NULL,          -- why it gave no prices; empty when it did
  recorded_at TEXT NOT NULL,
  UNIQUE (provider, market, url, captured_at)
) STRICT""")


@migrations()
def m019_subscribers(db: Database) -> None:
    """Who is told by mail beside the operator, and who does not want to be."""
    db.execute("""
CREATE TABLE subscribers (
  key TEXT PRIMARY KEY,           -- the address in small letters
  address TEXT NOT NULL,
  form TEXT,                      -- JSON of its table, where it was added by command; NULL for one of the settings
  known_since TEXT NOT NULL,
  unsubscribed_at TEXT,           -- NULL while it may be mailed
  unsubscribed_why TEXT           -- in words
) STRICT""")
    db.execute("""
CREATE TABLE subscriber_key (
  key TEXT NOT NULL               -- what signs the links to unsubscribe, in hexadecimal
) STRICT""")
