"""Verifying SM2 (GB/T 32918.2) by its own arithmetic: slow, and with nothing in common with the library that signs."""

from cryptography.hazmat.primitives.hashes import SM3, Hash

# The recommended curve, GB/T 32918.5.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_ID = b"1234567812345678"
Point = tuple[int, int] | None


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def _times(many: int, point: Point) -> Point:
    result: Point = None
    while many:
        result = _sum(result, point) if many & 1 else result
        point, many = _sum(point, point), many >> 1
    return result


def _sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def is_signed(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether r and s, 32 bytes each, are a signature; ``public`` is 65 bytes of a point that is not compressed."""
    point = (int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N) or (r + s) % N == 0:
        return False
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    za = _sm3((len(_ID) * 8).to_bytes(2, "big") + _ID + curve + public[1:])
    e = int.from_bytes(_sm3(za + data), "big")
    found = _sum(_times(s, G), _times((r + s) % N, point))
    return found is not None and (e + found[0]) % N == r
