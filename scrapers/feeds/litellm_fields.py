"""The grammar of LiteLLM's price fields: `cache_creation_input_token_cost_above_1hr_above_200k_tokens_batches`.

A name is a stem and suffixes. The stem says meter and unit, the suffixes threshold, lifetime, size and tier. A name
with one part that is not known is not known as a whole: half a meaning is a wrong price.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from scrapers.feeds.prices import Use, above, under
from scrapers.rates import Conditions

_TIERS = {
    "batches": "batch",
    "priority": "priority",
    "flex": "flex",
    "ultrafast": "ultrafast",
    "balanced": "balanced",
    "decisions": "decisions",
}
_TIER = re.compile(rf"_({'|'.join(_TIERS)})\Z")
_TOKENS = re.compile(r"_above_(\d{1,4})k_tokens\Z")
_LIFETIME = re.compile(r"_above_(\d{1,3})hr\Z")
_LENGTH = re.compile(r"_above_(\d{1,3}s)_interval\Z")
_SIZE = re.compile(r"_(\d{3,4}p?|\d(?:\.\d)?[kK])\Z")

_STEMS: dict[str, Use] = {
    "input_cost_per_token": Use("input"),
    "output_cost_per_token": Use("output"),
    "output_cost_per_reasoning_token": Use("output", conditions=Conditions(mode="thinking")),
    "input_cost_per_video_token": Use("video_input"),
    "output_cost_per_video_token": Use("video"),
    "input_cost_per_token_cache_hit": Use("cached_input"),
    "cache_read_input_token_cost": Use("cached_input"),
    "explicit_cache_read_input_token_cost": Use("cached_input", conditions=Conditions(other="explicit cache")),
    "cache_creation_input_token_cost": Use("cache_write"),
    "cache_creation_input_audio_token_cost": Use("cache_write", conditions=Conditions(other="audio")),
    "citation_cost_per_token": Use("other", conditions=Conditions(other="citation")),
    "input_cost_per_audio_per_second": Use("audio_input", unit="second"),
    "input_cost_per_video_per_second": Use("video_input", unit="second"),
    "output_cost_per_video_per_second": Use("video", unit="second"),
    "input_cost_per_image": Use("image_input", unit="image"),
    "output_cost_per_image": Use("image", unit="image"),
    "input_cost_per_pixel": Use("image", unit="other", conditions=Conditions(other="input pixel")),
    "output_cost_per_pixel": Use("image", unit="other", conditions=Conditions(other="pixel")),
    "input_cost_per_request": Use("request", unit="request"),
    "input_cost_per_text_message": Use("request", unit="request", conditions=Conditions(other="text message")),
    "google_maps_grounding_cost_per_query": Use("search", unit="request", conditions=Conditions(other="maps")),
    "search_context_cost_per_query": Use("search", unit="request"),
    "file_search_cost_per_1k_calls": Use("search", Decimal(1000), "request", conditions=Conditions(other="files")),
    "ocr_cost_per_page": Use("page", unit="page"),
    "annotation_cost_per_page": Use("page", unit="page", conditions=Conditions(other="annotation")),
    "ocr_cost_per_credit": Use("other", unit="other", conditions=Conditions(other="credit")),
    "code_interpreter_cost_per_session": Use("other", unit="other", conditions=Conditions(other="session")),
    "computer_use_input_cost_per_1k_tokens": Use("input", Decimal(1000), conditions=Conditions(other="computer use")),
    "computer_use_output_cost_per_1k_tokens": Use("output", Decimal(1000), conditions=Conditions(other="computer use")),
}
for _word in ("audio", "image"):
    _STEMS[f"input_cost_per_{_word}_token"] = Use(f"{_word}_input")
    _STEMS[f"output_cost_per_{_word}_token"] = Use(f"{_word}_output")
    _STEMS[f"cache_read_input_{_word}_token_cost"] = Use(f"cached_{_word}_input")

_BY_MODE = re.compile(r"(input|output)_cost_per_(second|character|query)\Z")
_MODES = {
    "audio_speech": "speech",
    "audio_transcription": "speech",
    "video_generation": "video",
    "rerank": "rerank",
    "search": "search",
}
_PRICE_WORD = re.compile(r"cost|pric|uplift|multiplier|(?:^|_)fee(?:_|\Z)")
# Known, and no price of a model: Databricks' units are no money, rented capacity, storage and guardrails are not
# tokens, and a multiplier is the rule for a region and not an amount.
_NO_PRICES = re.compile(
    r"(?:input|output)_dbu_cost_per_token|cost_per_second|guardrail_cost_per_unit|\w+_cost_per_gb_per_day"
    r"|\w+_uplift_multiplier(?:_[a-z]{2})?"
)

FieldKind = Literal["other", "no price", "unknown"]


def read_field(name: str, mode: str | None = None) -> Use | FieldKind:
    """What a number under this key buys, or why it buys nothing.

    Args:
        name: the key, without `tiered_pricing` and `off_peak_pricing`, which hold such keys.
        mode: the model's `mode`; a second of speech and a second of video have the same key.

    >>> read_field("cache_creation_input_token_cost_above_1hr_above_200k_tokens_batches").service_tier
    'batch'
    >>> read_field("input_cost_per_token_above_200k_sprockets"), read_field("max_tokens"), read_field("cost_per_second")
    ('unknown', 'other', 'no price')

    """
    if not _PRICE_WORD.search(name):
        return "other"
    if _NO_PRICES.fullmatch(name):
        return "no price"
    stem, tier, conditions = name, "standard", Conditions()
    if found := _TIER.search(stem):
        tier, stem = _TIERS[found[1]], stem[: found.start()]
    if found := _TOKENS.search(stem):
        conditions, stem = above(int(found[1]) * 1000), stem[: found.start()]
    if found := _LIFETIME.search(stem):
        conditions, stem = replace(conditions, cache_ttl=f"{found[1]}h"), stem[: found.start()]
    for pattern, word in ((_LENGTH, "above {}"), (_SIZE, "{}")):
        if found := pattern.search(stem):
            conditions, stem = replace(conditions, other=word.format(found[1])), stem[: found.start()]
    use = _by_mode(stem, mode) or _STEMS.get(stem)
    return "unknown" if use is None else under(replace(use, service_tier=tier), conditions)


def _by_mode(stem: str, mode: str | None) -> Use | None:
    found = _BY_MODE.match(stem)
    if found is None:
        return None
    unit = {"query": "request"}.get(found[2], found[2])
    meter = _MODES.get(mode or "", {"second": "other", "character": found[1], "query": "request"}[found[2]])
    return Use(meter, unit=unit)
