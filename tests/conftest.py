"""Test settings; the folder itself is importable, for `made` and `oracle`."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# No deadline: a slow shared machine is no failure. Failing cases are printed so that they can be replayed.
settings.register_profile("default", deadline=None, print_blob=True)
settings.load_profile("default")
