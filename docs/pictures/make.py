"""Draw the pictures of docs/alerts.md and docs/report.md anew: what `pricefall demo` leaves, as Chromium shows it.

Run it as `python docs/pictures/make.py` from the project's folder, with Chromium on the path and the extra `[png]`.
The messages are made from the alerts in the demo's database, in both languages.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.alerts.messages import Message, compose
from monitor.alerts.phrases import subject_of

HERE = Path(__file__).parent
MOST_BYTES = 150_000
SHOTS = (  # file, words of the subject, language, width of the window, dark
    ("mail-glm-3-turbo.png", "GLM-3-Turbo", "en", 768, False),
    ("mail-glm-3-turbo-zh-phone.png", "GLM-3-Turbo", "zh", 375, False),
    ("mail-gpt-4o-dark.png", "gpt-4o against", "en", 768, True),
)
REPORT = (  # file, page, width and height of the window, dark
    ("report-index.png", "index.html", 820, 900, False),
    ("report-model-zh-phone.png", "zh/m/zhipu/glm-3-turbo.html", 375, 1050, True),
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
)


def main() -> None:
    """All pictures, or a sentence that says what is missing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is not on the path; install it, or add its folder to PATH")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo = [sys.executable, "-m", "monitor", "demo", str(folder / "demo")]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        for file, words, language, width, is_dark in SHOTS:
            message = compose(_payload(folder / "demo" / "pricefall.db", words, language), language, with_pictures=True)
            picture = _shot(browser, folder, _page(message), width, is_dark=is_dark)
            _keep(file, picture)
        site = folder / "site"
        told = [sys.executable, "-m", "monitor", "report", "--db", str(folder / "demo" / "pricefall.db")]
        subprocess.run([*told, "--at", "2024-05-31", "--out", str(site)], check=True, stdout=subprocess.DEVNULL)
        for file, page, width, height, is_dark in REPORT:
            _keep(file, _shot(browser, folder, site / page, width, is_dark=is_dark, most=height))


def _keep(file: str, picture: bytes) -> None:
    if len(picture) > MOST_BYTES:
        sys.exit(f"{file} has {len(picture)} bytes, more than {MOST_BYTES}; show a shorter page")
    (HERE / file).write_bytes(picture)


def _payload(database: Path, words: str, language: str) -> Mapping[str, Any]:
    """The alert whose subject says these words, with its subject in the language."""
    with sqlite3.connect(database) as connection:
        for (text,) in connection.execute("SELECT payload FROM alerts WHERE channel LIKE 'demo-mail%' ORDER BY seq"):
            payload: dict[str, Any] = json.loads(text)
            if words in payload["data"]["subject"]:
                payload["data"]["subject"] = subject_of(payload["data"]["events"], language)
                return payload
    sys.exit(f"no mail of the demo says {words!r}; see SHOTS")


def _page(message: Message) -> str:
    """The HTML part with its pictures inside."""
    page = message.html
    for picture in message.pictures:
        page = page.replace(f"cid:{picture.cid}", f"data:image/png;base64,{base64.b64encode(picture.png).decode()}")
    return page


def _shot(browser: str, folder: Path, page: str | Path, width: int, *, is_dark: bool, most: int = 9000) -> bytes:
    """The page in a frame of this width, since a window cannot be as narrow as a phone, at most as high as `most`."""
    shown = folder / "mail.html"
    if isinstance(page, str):
        shown.write_text(page, encoding="utf-8")
    else:
        shown = page
    frame = folder / "frame.html"
    onload = "document.title=this.contentDocument.documentElement.scrollHeight"
    style = f"border:0;display:block;margin:auto;width:{width}px;height:100vh"
    inside = f'<iframe src="{shown.as_uri()}" style="{style}" onload="{onload}"></iframe>'
    frame.write_text(f'<body style="margin:0;background:#d5dae0">{inside}')
    command = [
        browser,
        *FLAGS,
        f"--user-data-dir={folder / 'browser'}",
        f"--blink-settings=preferredColorScheme={int(not is_dark)}",
    ]
    asked = [*command, f"--window-size={max(width, 500)},300", "--dump-dom", frame.as_uri()]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    height = re.search(r"<title>(\d+)</title>", found)
    if height is None:
        sys.exit("Chromium does not say how high the page is; try a newer one")
    target = folder / "shot.png"
    size = f"--window-size={max(width, 500)},{min(most, int(height[1]))}"
    subprocess.run([*command, size, f"--screenshot={target}", frame.as_uri()], check=True, capture_output=True)
    return target.read_bytes()


if __name__ == "__main__":
    main()
