"""The existing system, as all sides find it: it takes every case at once, and says what it was told of one.

``POST /approvals`` takes a case, ``GET /approvals/<number>`` knows those that came, ``GET /events`` has nothing to say;
``GET /taken/<number>`` is for the contract: what was said of a case, and how often.
"""

import json
import sys

import uvloop

from bench.floors.bare import Request, listen

_NOTHING = json.dumps({"items": [], "next_cursor": ""}).encode()
_taken: dict[str, tuple[int, bytes]] = {}


async def _handle(request: Request) -> tuple[int, bytes]:
    path = request.path.decode()
    if request.method == b"POST":
        case_no = json.loads(request.body)["case_no"]
        times = _taken.get(case_no, (0, b""))[0] + 1
        _taken[case_no] = (times, request.body)
        return (201 if times == 1 else 200), _case(case_no)
    if path.startswith("/events"):
        return 200, _NOTHING
    folder, _, case_no = path.rpartition("/")
    if case_no not in _taken:
        return 404, b"{}"
    if folder == "/approvals":
        return 200, _case(case_no)
    times, body = _taken.pop(case_no)
    return 200, json.dumps({"times": times, "case": json.loads(body)}).encode()


def _case(case_no: str) -> bytes:
    return json.dumps({"case_no": case_no, "events": [], "supplements": [], "notices": []}).encode()


if __name__ == "__main__":
    uvloop.run(listen(_handle, int(sys.argv[1])))
