"""Work on files that a stranger made, done in a process of its own that has little memory, little time and no secrets.

A PDF can ask its reader for any amount of both, and libraries that read it are written in C and C++: what goes wrong
there ends the child and nothing else.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

_MEMORY = 1_000_000_000
_CPU_SECONDS = 8
_WALL_SECONDS = 30

_AT_ONCE = BoundedSemaphore(3)
"""How many children may run at once: what they take together is bounded too."""

Answer = tuple[dict[str, Any], bytes]
Job = Callable[..., Answer]


class ConfinedError(Exception):
    """The child gave no answer. ``starved`` is true where memory or time did not suffice, false where it died."""

    def __init__(self, *, starved: bool) -> None:
        super().__init__("a confined job was starved" if starved else "a confined job died")
        self.starved = starved


def run_confined(module: str, job: str, data: bytes, **options: float) -> Answer:
    """What ``job`` of ``module`` answers for ``data``: facts, and bytes. Blocks; call it in a worker thread.

    ``module`` ends in ``serve({...})``, where the job is found by its name. Raises ConfinedError, and OSError where
    no process can be started.
    """
    # Nothing else of the environment: it holds the keys of the product.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", module, job, json.dumps(options)]
    with _AT_ONCE:
        try:
            done = subprocess.run(  # noqa: S603  # our own module, and the file goes to its standard input
                command,
                input=data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=_WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ConfinedError(starved=True) from error
    if done.returncode:
        raise ConfinedError(starved=-done.returncode in {signal.SIGXCPU, signal.SIGKILL})
    facts, _, result = done.stdout.partition(b"\n")
    return json.loads(facts), result


def serve(jobs: dict[str, Job]) -> None:
    """Do one job as the child: ``argv`` names it and its options, the file comes from standard input.

    A job takes the file's bytes and the options by name.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        facts, result = jobs[sys.argv[1]](sys.stdin.buffer.read(), **json.loads(sys.argv[2]))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + result)
