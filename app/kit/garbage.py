"""When Python looks for objects that only hold each other.

Loading makes hundreds of thousands of objects that live as long as their process. Looking through them again and again
costs a start a third of its time, and later a tenth of a second now and then, while whoever asked just then waits.
"""

import gc

_NEW_OBJECTS = 10_000


def look_seldom() -> None:
    """Look once there are ten thousand new objects, not seven hundred: for the beginning of a process."""
    gc.set_threshold(_NEW_OBJECTS)


def spare_what_is_there() -> None:
    """Look no more through what there is now; for the moment when everything is loaded."""
    gc.collect()
    gc.freeze()
