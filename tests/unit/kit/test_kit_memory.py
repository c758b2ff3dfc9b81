"""What a process keeps of the memory that it was done with."""

import subprocess
import sys

_PROGRAM = """
import io, random, sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
from app.kit.memory import hold_little

def held():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * 4096 >> 20

def photo(width, height):
    content = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(content, "JPEG")
    return content.getvalue()

def redrawn(content):
    picture, content = Image.open(io.BytesIO(content)).convert("RGB"), io.BytesIO()
    picture.thumbnail((1600, 1600))
    picture.save(content, "JPEG")
    return content.getvalue()[: random.randrange(2_000, 40_000)]

if sys.argv[1] == "little":
    hold_little()
photos = [photo(*size) for size in ((800, 600), (1600, 1200), (3000, 2000), (4000, 3000))] * 2
before = held()
with ThreadPoolExecutor(8) as threads:
    kept = [one for _ in range(2) for one in threads.map(redrawn, photos)]
print(held() - before)
"""


def kept_by(how: str) -> int:
    """Megabytes that a process holds more than before after photos were redrawn in threads."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, how], capture_output=True, text=True, check=True, timeout=120
    )
    return int(done.stdout)


def test_what_photos_took_goes_back_to_the_machine() -> None:
    """Most of it, where the C library keeps it by itself."""
    assert kept_by("little") < kept_by("as it comes") / 2
