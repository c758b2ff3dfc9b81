"""What the server serves: the routes of every module of a surface's package, whatever is put there."""

from functools import cache
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules
from types import ModuleType

from miniapp_api import callbacks, citizen, h5, ops, partners, staff, well_known
from miniapp_api.routing import Route, Routes

_PACKAGES: tuple[ModuleType, ...] = (citizen, staff, partners, callbacks, h5)


@cache
def surfaces() -> tuple[Routes, ...]:
    """The routes of each module that declares some, package by package, by the modules' names."""
    modules = [
        import_module(f"{package.__name__}.{found.name}")
        for package in _PACKAGES
        for found in sorted(iter_modules(package.__path__), key=lambda found: found.name)
    ]
    declared = [getattr(module, "routes", None) for module in (*modules, well_known, ops)]
    return tuple(dict.fromkeys(one for one in declared if isinstance(one, Routes)))


def all_routes() -> list[Route]:
    """Every route of every surface."""
    return list(chain.from_iterable(surface.all for surface in surfaces()))
