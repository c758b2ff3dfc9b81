"""A process of its own that asks WeChat for something many times at once, as soon as it is told to begin."""

import asyncio
import json
import sys
from pathlib import Path

from app.bootstrap import open_house
from config.settings import Settings
from wechat.content import Scene


async def call_at_once(settings: Settings, many: int) -> None:
    """Make so many calls at once, all of which need the token."""
    async with open_house(settings) as house:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        calls = (house.content.check("好评", openid=f"o-{n}", scene=Scene.COMMENT) for n in range(many))
        await asyncio.gather(*calls)


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    asyncio.run(call_at_once(Settings(**given), int(sys.argv[2])))
