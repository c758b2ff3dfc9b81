"""Digits that lie side by side in a whole number, moved into wider places or narrower ones, all of them at once.

Half of them move, then half of each half: as many steps as the number of digits has bits, whatever they are.
"""

from functools import lru_cache


def widened(number: int, count: int, narrow: int, wide: int) -> int:
    """``count`` digits of ``narrow`` bits each, every one in ``wide`` bits."""
    for shift, together, _ in reversed(_steps(count.bit_length(), narrow, wide)):
        moving = number & together
        number ^= moving ^ moving << shift
    return number


def narrowed(number: int, count: int, wide: int, narrow: int) -> int:
    """``count`` digits in ``wide`` bits each, of which they need ``narrow``, with nothing between them any more."""
    for shift, _, apart in _steps(count.bit_length(), narrow, wide):
        moving = number & apart
        number ^= moving ^ moving >> shift
    return number


@lru_cache(maxsize=64)
def _steps(levels: int, narrow: int, wide: int) -> tuple[tuple[int, int, int], ...]:
    """By how much every second group of 1, 2, 4, … digits moves, and where these are: ``together``, and ``apart``."""
    found = []
    for level in range(levels):
        group, groups = 1 << level, 1 << levels - level - 1
        every = sum(1 << 2 * group * wide * place for place in range(groups))
        together = every * ((1 << group * narrow) - 1) << group * narrow
        shift = group * (wide - narrow)
        found.append((shift, together, together << shift))
    return tuple(found)
