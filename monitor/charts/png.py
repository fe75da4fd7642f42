"""An SVG as a PNG, for programs that show no SVG; only where the extra `[png]` is installed."""

from __future__ import annotations


def render_png(svg: str, scale: float = 2.0) -> bytes | None:
    """The picture at so many pixels for each of the SVG's; None without the extra."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        return None
    return bytes(svg_to_bytes(svg_string=svg, zoom=scale, font_family="DejaVu Sans"))
