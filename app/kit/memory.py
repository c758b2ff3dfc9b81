"""How a process holds its memory: when dead objects are looked for, and when what is free goes back to the machine.

Loading makes hundreds of thousands of objects that live as long as their process. Looking through them again and again
costs a start a third of its time, and later a tenth of a second now and then, while whoever asked just then waits.
"""

import ctypes
import gc
import sys

_NEW_OBJECTS, _NEW_OBJECTS_LATER = 10_000, 2_000
# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES, _FREE_BYTES, _ARENAS = 1 << 20, 4 << 20, 2


def hold_little() -> None:
    """For the beginning of a process: look for dead objects seldom, give large pieces back as soon as they are free.

    Python looks once there are ten thousand new objects, not seven hundred. glibc's malloc, where it is there, keeps
    what photos took while they were decoded in threads, and takes ever larger pieces for worth keeping: eight photos
    at once, a dozen times, left 299 MB; held to two arenas, with a megabyte for large, they leave 66. Smaller ones are
    not: what zlib compresses with, a quarter of a megabyte, would be asked of the machine for each picture.
    """
    gc.set_threshold(_NEW_OBJECTS)
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        for option, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _FREE_BYTES)):
            set_option(option, value)


def go_without_rich() -> None:
    """For a server, before it has imported anything: structlog and httpx load rich and pygments where they are there.

    They have these draw tracebacks and a command line, which no server does, for five megabytes; both do without.
    """
    for name in ("rich", "pygments"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # how Python is told that there is none


def spare_what_is_there() -> None:
    """Look no more through what there is now, and sooner through the rest; for when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_LATER)
