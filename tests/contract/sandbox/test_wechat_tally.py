"""The count of sends: small, exact, and readable after a kill."""

import tracemalloc
from pathlib import Path

from app.sandbox.wechat.tally import NOBODY, Double, Tally


def test_twenty_thousand_sends_take_little_and_every_double_is_found(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "sends.bin")
    many = 20_000
    tracemalloc.start()
    for number in range(many):
        tally.add(f"oa-gen-{number:07}", "T", "key", number)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < many * 24
    assert (tmp_path / "sends.bin").stat().st_size == many * 16
    assert tally.doubles(None) == (many, [])
    last, digest = tally.add("oa-gen-0000007", "T", "key", 7)
    assert last - tally.add("o-else", "U", "key")[0] == -1
    assert tally.doubles("T") == (many + 1, [Double(digest, 7, 2)])
    assert tally.doubles("U") == (1, [])
    tally.close()


def test_a_record_torn_by_a_kill_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "sends.bin"
    tally = Tally(path)
    first = tally.add("o-a", "T", "key")
    tally.add("o-b", "T", "key")
    tally.close()
    path.write_bytes(path.read_bytes()[:-1])
    tally = Tally(path)
    again = tally.add("o-a", "T", "key")
    tally.close()
    assert (again[0] - first[0], again[1]) == (1, first[1])
    assert Tally(path).doubles(None) == (2, [Double(first[1], NOBODY, 2)])
