"""Ratios are those of rounds, and more work for a second of the processor is better."""

import asyncio
import json
from argparse import Namespace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import load, results
from bench.contracts import ContractBrokenError, compare
from bench.rounds import Figures, Memory, Spread, Taken, summed, together
from bench.sides import Cpu, Role

_ROLES = {"ours": Role.OURS, "django": Role.PEER, "floor": Role.FLOOR}


def _figures(ours: list[float], django: list[float], floor: list[float], *, by_whole: bool = False) -> Figures:
    """A hundred pieces of work in each round at so many seconds of the processor, and one of PostgreSQL's."""
    figures = Figures(_ROLES, by_whole)
    for name, seconds in {"ours": ours, "django": django, "floor": floor}.items():
        for one in seconds:
            figures.note(name, Taken(100, 2.0, Cpu(one, 1.0)))
    return figures


def test_a_ratio_is_the_middle_of_the_rounds_each_with_its_own_neighbour() -> None:
    figures = _figures([1.0, 2.0, 4.0], [2.0, 8.0, 12.0], [1.0, 1.0, 1.0])
    assert figures.ratio("django") == Spread(3.0, 2.0, 4.0)
    assert figures.ratio("floor") == Spread(0.5, 0.25, 1.0)


def test_the_engines_seconds_count_where_the_work_is_theirs() -> None:
    assert _figures([1.0], [3.0], [1.0], by_whole=True).ratio("django").middle == 2.0
    assert _figures([1.0], [3.0], [1.0]).ratio("django", whole=True).middle == 2.0


def test_a_sum_weighs_each_comparison_by_what_a_piece_of_it_costs() -> None:
    cheap, dear = _figures([1.0], [2.0], [1.0]), _figures([9.0], [18.0], [3.0])
    whole = summed([cheap, dear])
    assert whole.ratio("django").middle == pytest.approx(2.0)
    assert whole.ratio("floor").middle == pytest.approx(0.4)
    engines = summed([_figures([1.0], [3.0], [1.0], by_whole=True)])
    assert engines.ratio("django").middle == pytest.approx(2.0)


def test_turns_of_a_side_are_added_up() -> None:
    turns = [Taken(3, 1.0, Cpu(0.5, 0.25, 0.125)), Taken(4, 2.0, Cpu(1.0, 0.5, 0.25))]
    assert together(turns) == Taken(7, 3.0, Cpu(1.5, 0.75, 0.375))


def test_results_name_each_peer_and_the_floor_and_keep_what_was_not_measured(tmp_path: Path) -> None:
    arguments = Namespace(out=tmp_path, licences=10, rounds=1)
    results.write({"read": _figures([1.0], [4.0], [0.5])}, arguments)
    results.write({"verify": _figures([1.0], [2.0], [1.0])}, arguments)
    written = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))
    assert written["read"] == {"ratio_to_peer": {"django": 4.0}, "ratio_to_floor": 0.5}
    assert written["verify"]["ratio_to_peer"] == {"django": 2.0}
    assert written["details"]["read"]["sides"]["ours"][0]["cpu_postgres"] == 1.0
    assert written["commit"]


def test_memory_is_kept_as_it_was_at_the_most_and_draws_nothing(tmp_path: Path) -> None:
    results.write({"memory": Memory(50_000, 90.0, 110.04)}, Namespace(out=tmp_path, licences=10, rounds=1))
    written = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))
    assert written["memory"] == {"requests": 50_000, "megabytes": 110.0}
    assert not (tmp_path / "ratios.svg").exists()


def test_the_drawing_has_a_row_for_each_other_side_that_was_ever_measured(tmp_path: Path) -> None:
    arguments = Namespace(out=tmp_path, licences=10, rounds=1)
    results.write({"search": _figures([1.0], [4.0], [1.0], by_whole=True)}, arguments)
    results.write({"verify": _figures([1.0], [2.0], [1.0])}, arguments)
    drawn = ET.fromstring((tmp_path / "ratios.svg").read_text(encoding="utf-8"))  # noqa: S314  # our own
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    shown = {texts[at]: texts[at + 1] for at in range(len(texts) - 1)}
    assert shown["verify / django"] == "2.00"
    assert shown["verify / floor"] == "1.00"
    # With the engines' seconds, as it is compared.
    assert shown["search / django"] == "2.50"


def test_a_side_that_answers_otherwise_breaks_the_contract_and_is_named() -> None:
    mine = {"genuine": (200, {"verdict": "valid", "fields": ["a", "b"]})}
    compare(mine, {"floor": {"genuine": (200, {"verdict": "valid", "fields": ["a", "b"]})}})
    with pytest.raises(ContractBrokenError, match=r"django, genuine / 1 / fields / 1: 'c' instead of 'b'"):
        compare(mine, {"django": {"genuine": (200, {"verdict": "valid", "fields": ["a", "c"]})}})


async def test_the_load_sends_each_request_once_and_counts_answers_by_status() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            seen.append(head)
            status = b"404 Not Found" if b"/missing" in head else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    requests = [load.request("GET", f"/{number}", {}) for number in range(9)]
    counted = await load.send(port, [*requests, load.request("GET", "/missing", {})], 3)
    server.close()
    await server.wait_closed()
    assert counted.statuses == {200: 9, 404: 1}
    assert len(set(seen)) == 10


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
