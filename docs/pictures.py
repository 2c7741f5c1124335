"""Draws the README's picture anew: ``python docs/pictures.py``. It needs the extra ``viz``."""

from pathlib import Path

import kursk_timeline as kt

IMAGES = Path(__file__).parent / "images"

if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    # Until the claims thin out; the chart's own title says the rest.
    kt.kursk().plot.territory("ukraine", last="2025-09-30").save(str(IMAGES / "territory.svg"))
