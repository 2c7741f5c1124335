"""``python -m kursk_timeline``."""

import sys

from kursk_timeline.cli import main

sys.exit(main())
