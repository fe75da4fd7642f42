"""The AWS price list, whose products and prices stand apart, as entries that each hold both.

`products` and `terms` are joined by their SKU. What is bought on demand is kept: reserved terms are other goods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def offer_entries(value: object) -> list[dict[str, Any]]:
    """The entries of such a price list, one for each product that names its model; [] for any other document."""
    if not isinstance(value, dict) or not isinstance(value.get("products"), dict):
        return []
    return list(_joined(value["products"], _object(_object(value.get("terms")).get("OnDemand"))))


def _joined(products: Mapping[str, Any], terms: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for sku, product in products.items():
        said = _object(_object(product).get("attributes"))
        dimensions = [
            _object(dimension)
            for term in _object(terms.get(sku)).values()
            for dimension in _object(_object(term).get("priceDimensions")).values()
        ]
        if not isinstance(said.get("model"), str):
            continue
        yield {
            "model": said["model"],
            "region": said.get("regionCode") or said.get("location"),
            "prices": [
                {
                    "item": said.get("inferenceType"),
                    "tier": said.get("feature"),
                    "unit": dimension.get("unit"),
                    **_object(dimension.get("pricePerUnit")),
                }
                for dimension in dimensions
            ],
        }


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
