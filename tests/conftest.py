"""Test settings, and the log that its contract is tested over; the folder itself can be imported from."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from kursk_timeline.log import Log
from logs import STORES

# No deadline: a slow shared machine is no failure. Failing cases are printed so that they can be replayed.
settings.register_profile("default", deadline=None, print_blob=True)
# CI tries the same cases for the same code, so that it says the same twice: what fails there fails for the change
# that is judged. New cases are sought wherever else the tests run; `more` looks for them at length.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("more", max_examples=600, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("KURSK_CI") else "default")


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """An empty log in each kind of store."""
    log = Log(STORES[request.param](tmp_path))
    yield log
    log.close()
