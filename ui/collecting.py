"""Garbage is collected between two events of the window, a little at a time.

Left to itself Python collects in the midst of whatever allocates, and looks at every object there is: with a large run open
that stops the window for a quarter of a second, also when another thread began it.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000
_AT_ONCE = 10_000
"""Objects that are looked at without anybody feeling it: some milliseconds."""


class Collecting(QObject):
    """Python's own collections stand still from :meth:`start` to :meth:`stop`.

    What is alive when more than a few thousand objects have come since, such as a run with its findings, is set aside and
    never looked at again. Nearly all of it goes without a collection when nobody refers to it any more; rings of objects
    among it, such as a dialog that was open just then, stay until the program ends.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """From now on."""
        gc.disable()
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def collect(self) -> None:
        """Look at what is new, or set it aside where that is much."""
        if _not_set_aside() > _AT_ONCE:
            gc.freeze()
        else:
            gc.collect()


def _not_set_aside() -> int:
    """How many objects a collection would look at; Python's own counters miss those whose predecessors were let go of."""
    return sum(len(gc.get_objects(generation)) for generation in range(3))
