"""What is in force at an instant, in SQL: the part that `current_prices` and `pricefall prices --at` share.

The rules are those of the judge (`monitor.judging.schedule`), so that a price that nobody has looked at since its day
is shown right all the same: announced prices take the place of what they supersede, a promotion that is over gives way
to its struck price, a page that was last seen before another page of its market dropped a price no longer tells it, and
one that no provider file has watched any more tells nothing.
A change here needs a new step in `storage.schema` that makes the view again.
"""

from __future__ import annotations

_WORDS = ("cache_ttl", "mode", "window", "region", "other")


def in_force_sql(at: str, known: str) -> str:
    """Common table expressions that end in `in_force`: one row for each provider, market and identity.

    They follow one named `known`: the rows of `rates` that may count, with `known_end` (their end, if it was known)
    and `sight` (when they were last seen, as far as it was known). There is no window function among them and nothing
    is materialized, so that whatever is asked of a model or a provider reaches the indexes of `rates`.

    Args:
        at: SQL expression of the instant that is asked about.
        known: SQL expression of the instant whose knowledge counts.

    """
    return f"""
  started AS NOT MATERIALIZED (
    SELECT *, (valid_until IS NOT NULL AND valid_until <= {at}) AS is_over FROM known
    WHERE (known_end IS NULL OR known_end > {at}) AND (valid_from IS NULL OR valid_from <= {at})
      AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.id = page_id AND left_at <= min({at}, {known}))
  ),
  standing AS NOT MATERIALIZED (
    SELECT * FROM started AS wide
    WHERE (NOT is_over OR list_amount IS NOT NULL)
      -- two or more narrower prices that begin together take its place, one alone only when it is over
      AND coalesce((
        SELECT count(DISTINCT narrow.conditions) > 1 OR wide.is_over FROM started AS narrow
        WHERE narrow.page_id = wide.page_id AND narrow.model_key = wide.model_key AND narrow.meter = wide.meter
          AND narrow.service_tier = wide.service_tier AND narrow.currency IS wide.currency
          AND narrow.valid_from > coalesce(wide.valid_from, '') AND {_covers("wide", "narrow")}
        GROUP BY narrow.valid_from ORDER BY narrow.valid_from DESC LIMIT 1
      ), 0) = 0
      AND NOT EXISTS (
        SELECT 1 FROM rates AS gone
        WHERE gone.provider = wide.provider AND gone.market = wide.market AND gone.identity = wide.identity
          AND gone.page_id != wide.page_id AND gone.ended_at > wide.sight AND gone.ended_at <= {at}
          AND (gone.valid_from IS NULL OR gone.valid_from < gone.ended_at) AND gone.end_recorded_at <= {known}
          AND (gone.superseded_at IS NULL OR gone.superseded_at > {known})
      )
  ),
  told AS NOT MATERIALIZED (  -- what each page tells
    SELECT * FROM standing AS told WHERE NOT EXISTS (
      SELECT 1 FROM standing AS better
      WHERE {_same_price("better", "told")} AND better.page_id = told.page_id
        AND {_place_on_page("better")} > {_place_on_page("told")}
    )
  ),
  in_force AS NOT MATERIALIZED (  -- by the page of the market that saw it last
    SELECT
      id, page_id, provider, market, model, model_key, meter, service_tier, conditions, currency, per, unit, identity,
      CASE WHEN is_over THEN 'priced' ELSE state END AS state,
      CASE WHEN is_over THEN list_amount ELSE amount END AS amount,
      CASE WHEN is_over THEN NULL ELSE list_amount END AS list_amount,
      CASE WHEN unit != 'token' THEN NULL
        WHEN is_over THEN round(CAST(list_amount AS REAL) / CAST(per AS REAL) * 1000000, 9)
        ELSE price_sort END AS per_million_tokens,
      CASE WHEN is_over THEN NULL ELSE valid_from END AS valid_from,
      CASE WHEN is_over THEN NULL ELSE valid_until END AS valid_until,
      CASE WHEN NOT is_over OR flags LIKE '%"derived"%' THEN flags
        WHEN flags = '[]' THEN '["derived"]' ELSE replace(flags, ']', ',"derived"]') END AS flags,
      seen_from, sight AS seen_until, quote, locator
    FROM told AS newest WHERE NOT EXISTS (
      SELECT 1 FROM told AS later
      WHERE {_same_price("later", "newest")} AND later.page_id != newest.page_id
        AND {_place_in_market("later")} > {_place_in_market("newest")}
    )
  )"""  # noqa: S608 - expressions of this package


def _same_price(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in ("provider", "market", "identity"))


def _place_on_page(row: str) -> str:
    """What holds before what is over, what began later before what began earlier, what has an end before the rest."""
    return (
        f"(NOT {row}.is_over, coalesce({row}.valid_from, ''), {row}.valid_until IS NOT NULL, {row}.seen_from, {row}.id)"
    )


def _place_in_market(row: str) -> str:
    return f"({row}.sight, coalesce({row}.valid_from, {row}.seen_from), {row}.id)"


def _covers(wide: str, narrow: str) -> str:
    """Whether each use under the narrow conditions is one under the wide ones: `monitor.diff.covers` in SQL.

    By the table `conditions`, because `pricefall sql` allows a view no JSON functions.
    """
    tests = [f"(w.{word} IS NULL OR w.{word} = n.{word})" for word in _WORDS]
    for span in ("context", "output"):
        tests.append(f"coalesce(w.{span}_gt, 0) <= coalesce(n.{span}_gt, 0)")
        tests.append(f"(w.{span}_lte IS NULL OR n.{span}_lte <= w.{span}_lte)")
    return (
        f"{wide}.conditions != {narrow}.conditions AND EXISTS (SELECT 1 FROM conditions AS w, conditions AS n "  # noqa: S608 - names of this package
        f"WHERE w.conditions = {wide}.conditions AND n.conditions = {narrow}.conditions AND {' AND '.join(tests)})"
    )
