"""Prices and changes as pieces of a page, and the tables around them.

A price carries what the switches of the page need: the exact amount of a million tokens, its currency, and what it is
in dollars and yuan. A thousand's is that with the point moved, so the script never calculates with money.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from fractions import Fraction

from monitor.alerts.markup import Markup, element, fragment
from monitor.alerts.phrases import conditions_text, instant_text, money, month_text, percent_of, visible, what_it_buys
from monitor.alerts.words import word
from monitor.report.facts import TARGETS, Overview, Priced, Row
from monitor.report.paths import Place, model_path
from monitor.report.words import say
from scrapers.rates import Rate, format_decimal
from storage.nouns import fraction_text

_TONES = {"cut": "good", "free": "good", "promo_start": "good", "raise": "bad", "promo_end": "bad", "held": "warn"}
_MILLION = 1_000_000
_IN = {"USD": "data_u", "CNY": "data_y"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Writes the pieces of one page."""

    place: Place
    overview: Overview

    @property
    def language(self) -> str:
        return self.place.language

    def price(self, rate: Rate | None) -> str:
        """A price per million tokens, of other things as printed with what it buys; "" for none."""
        if rate is None:
            return ""
        if rate.state != "priced" or rate.unit_price is None:
            return word("free_state" if rate.state == "free" else rate.state, self.language)
        if rate.unit == "token":
            return self.amount(rate.unit_price * _MILLION, rate.currency, is_of_tokens=True)
        amount = self.amount(Fraction(rate.amount or 0), rate.currency)
        per = None if rate.per is None else format_decimal(rate.per)
        return fragment(amount, " " if self.language == "en" else "", self.bought(per, rate.unit))

    def amount(self, amount: Fraction, currency: str | None, *, is_of_tokens: bool = False) -> Markup:
        """An amount of money that follows the switches."""
        text = fraction_text(amount)
        said = {"data_a": text, "data_c": visible(currency or "", 3)}
        for target in TARGETS:
            way = self.overview.conversions.get(currency or "", {}).get(target)
            if way is not None and currency != target:
                said[_IN[target]] = _short(way.convert(amount))
        return element("span", money(text, currency, self.language), class_="p t" if is_of_tokens else "p", **said)

    def bought(self, per: str | None, unit: str | None) -> str:
        """What an amount buys; "" where nobody says."""
        return "" if per is None or unit is None else what_it_buys(per, visible(unit, 40), self.language)

    def per_tokens(self) -> Markup:
        """The words "per 1M tokens", which follow the switch of units."""
        return element("span", say("per_m", self.language), class_="per")

    def conditions(self, row: Row | Rate) -> str:
        """When a price holds; "" for always."""
        if isinstance(row, Rate):
            row = {"service_tier": row.service_tier, "conditions": row.conditions.to_json()}
        return visible(conditions_text(row, self.language), 160)

    def move(self, event: Row) -> list[str]:
        """Old and new price of an event, per million tokens where it sells tokens."""
        factor = Fraction(1)
        is_of_tokens = event["unit"] == "token" and event["per"] is not None
        if is_of_tokens:
            factor = Fraction(_MILLION) / Fraction(event["per"])
        sides: list[str] = []
        for side in ("old", "new"):
            amount, state = event[f"{side}_amount"], event[f"{side}_state"]
            if amount is not None:
                sides.append(self.amount(Fraction(amount) * factor, event["currency"], is_of_tokens=is_of_tokens))
            elif state is not None:
                sides.append(word("free_state" if state == "free" else state, self.language))
        pieces = [sides[0]] if sides else []
        if len(sides) > 1:
            pieces += [" → ", sides[1]]
        if sides and any(isinstance(side, Markup) for side in sides):
            blank = " " if self.language == "en" else ""
            pieces += [blank, self.per_tokens() if is_of_tokens else self.bought(event["per"], event["unit"])]
        return pieces

    def change(self, event: Row) -> Markup:
        """The change in percent, coloured by whether it is good for who pays."""
        percent = event["percent"]
        tone = "" if not percent else "good" if percent < 0 else "bad"
        return element("span", percent_of(event), class_=f"p0 {tone}") if tone else element("span")

    def kind(self, event: Row) -> Markup:
        """What happened, as a badge."""
        return element(
            "span", word(event["kind"], self.language), class_=f"badge {_TONES.get(event['kind'], '')}".rstrip()
        )

    def model_link(self, provider: str, key: str, name: str) -> Markup:
        """A model's name, leading to its page."""
        return element("a", visible(name, 120), href=self.place.to(model_path(provider, key)))

    def evidence(self, row: Row) -> list[str]:
        """The words, the page and the capture that a price was read from."""
        pieces: list[str] = []
        if row["quote"]:
            pieces.append(element("q", visible(row["quote"], 160)))
        pieces.append(source_link(row["url"], say("on_page", self.language)))
        if row.get("sha256") and row.get("captured_at"):
            when = instant_text(row["captured_at"], self.language)
            words = say("capture_of", self.language, when=when, sha=visible(row["sha256"], 200)[:12])
            pieces.append(element("small", words))
        return joined(pieces, " ")

    def last_seen(self, priced: Priced) -> list[Markup]:
        """When prices were last seen, where that is long ago."""
        if not self.overview.is_old(priced):
            return []
        return [note(say("seen_last", self.language, day=priced.seen.isoformat()))]

    def day(self, iso: str | None) -> Markup:
        """A day, with its instant."""
        return element("time", (iso or "")[:10], datetime=iso or "")

    def month(self, at: datetime) -> str:
        """The month of an instant."""
        return month_text(at, self.language)

    def month_of(self, month: str) -> str:
        """A month that is written as "2026-11"."""
        return month_text(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC), self.language)

    def table(
        self,
        caption: str | Iterable[str],
        heads: Sequence[Head],
        rows: Iterable[Markup],
        *,
        sorted_by: int | None = None,
        is_long: bool = False,
        is_titled: bool = False,
    ) -> Markup:
        """A table with its caption; `heads` say what can be sorted.

        `is_long` asks the script for a filter; `is_titled` hides a caption that the heading above says already.
        """
        cells = []
        for number, head in enumerate(heads):
            said = {"scope": "col"}
            if head.classes:
                said["class_"] = head.classes
            if number == sorted_by:
                said["aria_sort"] = "ascending"
            cells.append(element("th", head.name[:1].upper() + head.name[1:], **said))
        words = [caption] if isinstance(caption, str) else caption
        hidden = {"class_": "hidden"} if is_titled else {}
        return element(
            "table",
            element("caption", *words, **hidden),
            element("thead", element("tr", *cells)),
            "\n",
            element("tbody", *(Markup(row + "\n") for row in rows)),
            class_="sorts long" if is_long else "sorts",
        )


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its name, and classes: `n` for figures, `wide` for what a phone leaves out, `x` for no sorting."""

    name: str
    classes: str = ""


def cell(*inside: str, classes: str = "") -> Markup:
    """A table's cell."""
    return element("td", *inside, class_=classes) if classes else element("td", *inside)


def row_head(*inside: str) -> Markup:
    """The cell that names its row."""
    return element("th", *inside, scope="row")


def row(*cells: str, **attributes: str) -> Markup:
    """A table's row."""
    return element("tr", *cells, **attributes)


def note(words: str) -> Markup:
    """A small line below a figure."""
    return element("small", words)


def section(title: str, *inside: str, name: str) -> Markup:
    """A part of a page under its heading."""
    return element("section", element("h2", title, id=name), *inside, aria_labelledby=name)


def source_link(url: str, words: str) -> Markup:
    """A link to a provider's page; what is no web address is shown as it is."""
    if not url.startswith(("https://", "http://")):
        return element("span", visible(url))
    return element("a", words, href=visible(url, 2000), rel="noreferrer noopener external", title=visible(url, 300))


def joined(pieces: Sequence[str], between: str) -> list[str]:
    """Pieces with a text between them."""
    return [part for number, piece in enumerate(pieces) for part in ((between, piece) if number else (piece,))]


def _short(value: Decimal) -> str:
    """A converted figure to four significant digits: a rate of exchange says no more."""
    text = format_decimal(Context(prec=4).plus(value))
    return text.rstrip("0").rstrip(".") if "." in text else text
