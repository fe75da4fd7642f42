"""One command of Pricefall in this process, as a person would type it."""

from __future__ import annotations

import pytest

from monitor.cli import main


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Its exit status and what it wrote on both streams."""
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    said = capsys.readouterr()
    code = stopped.value.code
    assert isinstance(code, int)
    return code, said.out, said.err
