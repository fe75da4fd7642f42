"""The servers and places of the other tests, for the tests that are named after a fault."""

from tests.e2e.conftest import place
from tests.faults.receiver import receiver
from tests.monitor.alerts.conftest import make_certificate, open_postbox, postbox, store

__all__ = ["make_certificate", "open_postbox", "place", "postbox", "receiver", "store"]
