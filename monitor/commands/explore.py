"""`pricefall explore`: the database in a browser, by Datasette, on this machine only."""

from __future__ import annotations

import importlib.util
import socket
from contextlib import closing
from pathlib import Path

import click

_HOST = "127.0.0.1"
_HERE = Path(__file__).parent.parent / "explore"
_SETTINGS = {
    "sql_time_limit_ms": 5000,
    "facet_time_limit_ms": 1000,
    "max_returned_rows": 2000,
    "allow_download": False,
    "suggest_facets": False,
}


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 takes a free one.")
@click.pass_obj
def command(config_path: str | None, port: int) -> None:
    """Show the database in a browser, with searches, facets, charts and questions to fill in. Ctrl-C ends it.

    It only reads, and listens on 127.0.0.1 alone. Needs the extra: pip install 'pricefall[explore]'

    \b
    pricefall explore
    pricefall explore --port 8010
    """
    if importlib.util.find_spec("datasette") is None:
        raise click.UsageError("this needs Datasette: pip install 'pricefall[explore]'; `pricefall sql` needs nothing")
    from monitor.explore.metadata import metadata_of
    from monitor.parts import open_to_read

    with open_to_read(config_path) as parts:
        metadata = metadata_of(parts.store.connection)
        database = parts.settings.database
    port = _free_port(port)
    click.echo(f"http://{_HOST}:{port}/{database.stem} shows {database}; Ctrl-C ends it")
    _serve(database, metadata, port)


def _serve(database: Path, metadata: dict[str, object], port: int) -> None:
    import uvicorn
    from datasette import app, handle_exception

    # With rich at hand it would print a traceback, with all values, for every question that is misspelt.
    handle_exception.rich = None
    shown = app.Datasette(
        [str(database)],
        metadata=metadata,
        settings=_SETTINGS,
        plugins_dir=str(_HERE / "plugins"),
        template_dir=str(_HERE / "templates"),
    )
    uvicorn.run(shown.app(), host=_HOST, port=port, log_level="warning")


def _free_port(port: int) -> int:
    """The port, if nobody listens there; a free one for 0.

    Raises:
        UsageError: it is taken.

    """
    with closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError as err:
            raise click.UsageError(f"port {port} cannot be used ({err.strerror}); name another with --port") from err
        return int(tried.getsockname()[1])
