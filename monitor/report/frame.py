"""What is around every page: head with the content security policy, navigation, switches, foot.

Nothing is fetched from anywhere but the report's own folder, and nothing inline runs. `'self'` is that folder on a web
server; a browser that opens the pages from a disk may need `file:` for the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from monitor.alerts.markup import Markup, element, void
from monitor.alerts.phrases import instant_text, money, visible
from monitor.report.facts import TARGETS, Overview
from monitor.report.paths import Place
from monitor.report.words import say
from scrapers.rates import format_decimal, format_instant

POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; base-uri 'none'; form-action 'none'"
STYLE, SCRIPT, SEARCH = "report.css", "report.js", "search.js"
_CODES = {"en": "en", "zh": "zh-CN"}
_NAVIGATION = (("today", "index.html"), ("all_models", "models.html"), ("month_of_work", "month.html"))


@dataclass(frozen=True, slots=True)
class Frame:
    """One page's surroundings: where it stands, of what, and the address of the newest changes."""

    place: Place
    overview: Overview
    changes: str

    def page(self, title: str, *content: str, trail: tuple[tuple[str, str], ...] = ()) -> str:
        """The whole document; `trail` are the pages above it, by name and path."""
        language = self.place.language
        crumbs = [self._trail(trail)] if trail else []
        body = element(
            "body",
            element("a", say("skip", language), class_="skip", href="#main"),
            self._header(),
            element("main", *crumbs, element("h1", title), *content, id="main"),
            self._footer(),
            **self._for_script(),
        )
        code = _CODES[language]
        return "<!doctype html>\n" + element("html", self._head(title), "\n", body, lang=code) + "\n"

    def _head(self, title: str) -> Markup:
        top = self.place.top
        return element(
            "head",
            void("meta", charset="utf-8"),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            void("meta", name="viewport", content="width=device-width,initial-scale=1"),
            void("meta", name="color-scheme", content="light dark"),
            void("meta", name="referrer", content="no-referrer"),
            element("title", f"{title} · Pricefall"),
            void("link", rel="stylesheet", href=top + STYLE),
            element("script", src=top + SCRIPT),
        )

    def _for_script(self) -> dict[str, str]:
        """What the script needs to know: addresses, how money is written, its few words."""
        language = self.place.language
        said = {
            "data_root": self.place.root,
            "data_search": self.place.top + SEARCH,
            "data_per_m": say("per_m", language),
            "data_per_k": say("per_k", language),
            "data_filter": say("filter", language),
            "data_shown": say("shown", language),
            "data_none": say("search_none", language),
            "data_found": say("search_found", language),
        }
        return said | {f"data_{target.lower()}": money("#", target, language) for target in TARGETS}

    def _header(self) -> Markup:
        language, here = self.place.language, self.place.path
        pages = [*_NAVIGATION, ("changes", self.changes)]
        links = [
            element(
                "li",
                element(
                    "a",
                    say(key, language),
                    href=self.place.to(path),
                    **({"aria_current": "page"} if path == here else {}),
                ),
            )
            for key, path in pages
        ]
        twin = []
        if self.place.twin is not None:
            other = "zh" if language == "en" else "en"
            words = say("other_language", language)
            twin = [
                element("a", words, class_="twin", href=self.place.twin, lang=_CODES[other], hreflang=_CODES[other])
            ]
        return element(
            "header",
            element("a", "Pricefall", class_="brand", href=self.place.to("index.html")),
            element("nav", element("ul", *links), aria_label=say("site_nav", language)),
            *twin,
            self._tools(),
        )

    def _tools(self) -> Markup:
        """Search and switches; they need the script and show with it."""
        language = self.place.language
        search = element(
            "div",
            element("label", say("search", language), for_="search", class_="hidden"),
            void(
                "input",
                id="search",
                type="search",
                placeholder=say("search", language),
                autocomplete="off",
                aria_controls="found",
            ),
            element("ul", id="found", hidden="hidden"),
            element("p", id="found-count", class_="hidden", role="status"),
            class_="search",
            role="search",
        )
        switches = [
            _switch("currency", language, [("", say("as_printed", language)), *((each, each) for each in TARGETS)]),
            _switch("unit", language, [("", say("per_m", language)), ("k", say("per_k", language))]),
            _switch(
                "theme",
                language,
                [
                    ("", say("theme_auto", language)),
                    *((each, say(f"theme_{each}", language)) for each in ("light", "dark")),
                ],
            ),
        ]
        return element("div", search, *switches, class_="tools")

    def _trail(self, trail: tuple[tuple[str, str], ...]) -> Markup:
        links = [element("li", element("a", name, href=self.place.to(path))) for name, path in trail]
        return element("nav", element("ol", *links), class_="trail", aria_label=say("breadcrumb", self.place.language))

    def _footer(self) -> Markup:
        language = self.place.language
        rates = [
            say(
                "rate_of",
                language,
                currency=currency,
                rate=format_decimal(way.convert(Fraction(1))),
                target=target,
                day=way.day.isoformat(),
            )
            for currency, ways in self.overview.conversions.items()
            for target, way in ways.items()
        ]
        said = [say("foot", language, when=self.when(format_instant(self.overview.at)))]
        if rates:
            said.append(say("foot_rates", language, rates=say("and", language).join(rates)))
        return element("footer", *(element("p", words) for words in said))

    def when(self, iso: str | None) -> str:
        """An instant for people."""
        return "" if iso is None else instant_text(iso, self.place.language)


def _switch(name: str, language: str, options: list[tuple[str, str]]) -> Markup:
    return element(
        "label",
        element("span", visible(say(name, language))),
        element("select", *(element("option", words, value=value) for value, words in options), id=name),
    )
