"""Charts of prices over time, drawn by us as SVG text; `steps` draws, `lines` has the nouns."""
