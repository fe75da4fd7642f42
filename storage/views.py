"""The SQL of the views for people. A change here needs a new step in `storage.schema` that makes the view again."""

from __future__ import annotations

from storage.force import in_force_sql


def current_prices_sql() -> str:
    """`current_prices`, by the clock of whoever asks."""
    now = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
    return f"""
CREATE VIEW current_prices AS
-- what is in force now and accepted: one row for each price, from the page that saw it last
WITH
  known AS NOT MATERIALIZED (SELECT *, ended_at AS known_end, seen_until AS sight FROM rates
    WHERE ended_at IS NULL AND superseded_at IS NULL),{in_force_sql(now, "'9999'")}
SELECT
  in_force.provider, in_force.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  per_million_tokens,  -- rounded, in the printed currency
  list_amount, valid_from, valid_until, seen_from, seen_until,
  flags, quote, url, model_key, identity, in_force.id AS rate_id
FROM in_force JOIN pages ON pages.id = in_force.page_id"""  # noqa: S608 - our own expressions


PRICE_EVENTS = """
CREATE VIEW price_events AS
-- what happened, newest first
SELECT
  captured_at, provider, market, model, meter, service_tier, conditions, kind,
  old_amount, new_amount, currency, per, unit, percent, effective_from, confidence, why, predecessor, url, id, model_key
FROM events ORDER BY captured_at DESC, seq DESC"""

PRICE_CHANGES = """
CREATE VIEW price_changes AS
-- what got cheaper or dearer, newest first; both prices are per `per` `unit`
SELECT
  captured_at, provider, market, model, meter, service_tier, conditions, kind,
  old_amount, new_amount, currency, per, unit, percent,
  CASE WHEN unit = 'token' THEN round(CAST(old_amount AS REAL) / CAST(per AS REAL) * 1000000, 9) END
    AS old_per_million_tokens,  -- rounded, for sorting and charts
  CASE WHEN unit = 'token' THEN round(CAST(new_amount AS REAL) / CAST(per AS REAL) * 1000000, 9) END
    AS new_per_million_tokens,
  coalesce(effective_from, captured_at) AS effective_from, why, url, id, model_key
FROM events WHERE kind IN ('cut', 'raise', 'free', 'promo_start', 'promo_end')
ORDER BY captured_at DESC, seq DESC"""

CHEAPEST_PRICES = """
CREATE VIEW cheapest_prices AS
-- of each model, meter, tier, condition and currency what sells tokens cheapest now; several rows when they are equal
SELECT
  model_key, meter, service_tier, conditions, currency, provider, market, model, state, amount, per, unit,
  per_million_tokens, sellers, dearest_per_million_tokens, url, rate_id
FROM (
  SELECT *,
    RANK() OVER (alike ORDER BY per_million_tokens) AS place,
    COUNT(*) OVER alike AS sellers,
    MAX(per_million_tokens) OVER alike AS dearest_per_million_tokens
  FROM current_prices WHERE per_million_tokens IS NOT NULL
  WINDOW alike AS (PARTITION BY model_key, meter, service_tier, conditions, currency)
) WHERE place = 1"""
