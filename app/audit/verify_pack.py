"""佳办办件存证核验：python3 verify.py [市政府公布的公钥指纹……]

只需要 Python 3.9 以上版本和 openssl 命令（OpenSSL 3）。全部相符时返回 0，否则返回 1。
"""

# This file goes into evidence packs as verify.py and runs anywhere: it imports nothing but the standard library.

import hashlib
import json
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
LINKS = {"format", "chain", "position", "algorithm", "previous", "digest"}
OPEN = LINKS | {"at", "actor", "action", "details"}
COMMITTED = LINKS | {"at", "kind", "action", "commitments", "shown"}
CHECKPOINT = {"statement", "key", "signature", "position", "index", "path"}
STATEMENT = {"number", "at", "heads", "root", "previous"}


class BrokenError(Exception):
    """What does not hold, as a sentence in Chinese."""


def require(holds: bool, sentence: str) -> None:
    """Raise BrokenError with the sentence unless it holds."""
    if not holds:
        raise BrokenError(sentence)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


def openssl(*words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the openssl command."""
    try:
        return subprocess.run(["openssl", *words], input=data, capture_output=True, check=False)  # noqa: S603, S607  # theirs
    except OSError as error:
        raise BrokenError("没有找到openssl命令，请先安装OpenSSL 3") from error


def sm3(data: bytes) -> bytes:
    """SM3 (GB/T 32905), by Python where it has it."""
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        done = openssl("dgst", "-sm3", "-binary", data=data)
        require(done.returncode == 0, "openssl不支持SM3，请使用OpenSSL 3")
        return done.stdout


HASHES = {"sha256": sha256, "sm3": sm3}


def digest_of(record: dict[str, Any]) -> bytes:
    """The digest that a record must have, from what the pack shows of it."""
    name, previous = record["algorithm"], bytes.fromhex(record["previous"])
    if record["format"] == 1:
        plain = [record[key] for key in ("chain", "position", "at", "actor", "action", "details")]
        return sha256(previous + canonical(plain))
    values = [record[key] for key in ("chain", "position", "at", "kind", "action", "commitments")]
    return HASHES[name](b"jiaban:audit:" + name.encode() + b":" + previous + canonical(values))


def check_shown(record: dict[str, Any], place: str) -> None:
    """Each value that is shown is the one that was committed to."""
    for name, (opening, value) in record["shown"].items():
        text = b"jiaban:commitment:" + bytes.fromhex(opening) + canonical([name, value])
        same = HASHES[record["algorithm"]](text).hex() == record["commitments"].get(name)
        require(same, f"{place}：公开的内容“{name}”与当时记下的不符")
    actor = record["shown"].get("actor")
    kinds = actor is None or actor[1].partition(":")[0] == record["kind"]
    require(kinds, f"{place}：操作人与其种类不符")


def check_records() -> tuple[str, list[bytes], list[int]]:
    """The chain's name, its digests, and the positions of records whose content is not in the pack."""
    chain, digests, withheld = "", [bytes(32)], []
    for position, line in enumerate((HERE / "records.jsonl").read_bytes().splitlines(), 1):
        place, record = f"第{position}条记录", json.loads(line)
        require(canonical(record) == line, f"{place}：不是规范的写法")
        kept = record["format"] == 1 and set(record) == LINKS
        wanted = LINKS if kept else {1: OPEN, 2: COMMITTED}.get(record["format"])
        require(wanted == set(record), f"{place}：栏目不对")
        require(record["position"] == position, f"{place}：缺失，或者顺序被调换")
        chain = chain or record["chain"]
        require(record["chain"] == chain, f"{place}：属于另一个办件")
        require(record["previous"] == digests[-1].hex(), f"{place}：与上一条不相连")
        require(record["algorithm"] in ({1: {"sha256"}}.get(record["format"], set(HASHES))), f"{place}：算法不对")
        if kept:
            withheld.append(position)
        else:
            require(digest_of(record).hex() == record["digest"], f"{place}：内容被改动")
        if record["format"] != 1:
            check_shown(record, place)
        digests.append(bytes.fromhex(record["digest"]))
    require(len(digests) > 1, "第1条记录：缺失，存证中没有记录")
    return chain, digests, withheld


def way_up(leaf: bytes, index: int, size: int, path: list[str]) -> bytes:
    """The root of a Merkle tree that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    last, root = size - 1, leaf
    for text in path:
        beside = bytes.fromhex(text)
        require(last > 0, "证明过长")
        if index % 2 or index == last:
            root = sha256(b"\x01" + beside + root)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            root = sha256(b"\x01" + root + beside)
        index, last = index >> 1, last >> 1
    require(last == 0, "证明过短")
    return root


def signed(key_file: Path, text: bytes, signature: bytes) -> bool:
    """Whether the key signed the text (Ed25519, RFC 8032)."""
    with tempfile.TemporaryDirectory() as folder:
        data, value = Path(folder, "data"), Path(folder, "signature")
        data.write_bytes(text)
        value.write_bytes(signature)
        names = ("-inkey", str(key_file), "-in", str(data), "-sigfile", str(value))
        return openssl("pkeyutl", "-verify", "-pubin", "-rawin", *names).returncode == 0


def fingerprint(key_file: Path) -> str:
    """The SHA-256 of the public key in DER."""
    return sha256(openssl("pkey", "-pubin", "-in", str(key_file), "-outform", "DER").stdout).hex()


def check_checkpoint(chain: str, digests: list[bytes], one: dict[str, Any], trusted: list[str]) -> str:
    """Check one checkpoint; returns what it says, as a sentence."""
    said = json.loads(one["statement"])
    place = f"检查点{said['number']}"
    require(set(one) == CHECKPOINT and set(said) == STATEMENT, f"{place}：栏目不对")
    key_file, text = HERE / "keys" / f"{quote(one['key'], safe='')}.pem", one["statement"].encode()
    require(key_file.is_file(), f"{place}：缺少公钥{one['key']}")
    require(signed(key_file, b"jiaban:checkpoint:" + text, bytes.fromhex(one["signature"])), f"{place}：签名无效")
    mark, position = fingerprint(key_file), one["position"]
    require(not trusted or mark in trusted, f"{place}：公钥{one['key']}不是所给指纹中的任何一把")
    require(0 < position < len(digests), f"第{position}条记录：缺失，{place}证明它曾经存在")
    leaf = sha256(b"\x00" + canonical([chain, position, digests[position].hex()]))
    require(0 <= one["index"] < said["heads"], f"{place}：证明的位置不对")
    reached = way_up(leaf, one["index"], said["heads"], one["path"]).hex()
    require(reached == said["root"], f"第{position}条记录：与{place}签名时的不同，它或者之前的记录被改动过")
    moment = datetime.fromisoformat(said["at"]).astimezone(timezone(timedelta(hours=8)))
    return (
        f"{place}的签名有效，证明第1至第{position}条记录在北京时间{moment:%Y-%m-%d %H:%M:%S}之前已经如此"
        f"\n  （公钥{one['key']}，SHA-256指纹{mark}）"
    )


def check(trusted: list[str]) -> list[str]:
    """Check the pack; returns what holds, in sentences. Raises BrokenError.

    Its keys must be among the trusted fingerprints, where any are given.
    """
    chain, digests, withheld = check_records()
    count = len(digests) - 1
    held = [f"对象：{chain}", f"第1至第{count}条记录前后相连，没有改动、缺失或者调换"]
    if withheld:
        held.append(f"其中第{'、'.join(map(str, withheld))}条的内容涉及他人，按旧格式不能单独公开，只核对了前后相连")
    checkpoints = json.loads((HERE / "checkpoints.json").read_bytes())
    require(bool(checkpoints), "还没有检查点涵盖这些记录，不能证明它们没有被整体改写；请一两分钟后重新下载存证")
    held += [check_checkpoint(chain, digests, one, trusted) for one in checkpoints]
    covered = max(one["position"] for one in checkpoints)
    if covered < count:
        held.append(f"第{covered + 1}至第{count}条记录尚未列入检查点，只核对了前后相连；稍后重新下载即可证明")
    return held


def main() -> int:
    """Say what holds, or what does not."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        trusted = [word.lower() for word in sys.argv[1:]]
        advice = "" if trusted else "请将公钥指纹与市政府公布的指纹核对。"
        sentences, code = [*check(trusted), f"结论：相符。{advice}"], 0
    except BrokenError as broken:
        sentences, code = [f"结论：不相符。{broken}"], 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sentences, code = [f"结论：不相符。存证文件不完整或者格式不对（{type(error).__name__}）"], 1
    sys.stdout.write("\n".join(sentences) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
