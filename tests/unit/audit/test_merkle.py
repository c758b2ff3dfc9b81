"""The trees of checkpoints are those of RFC 6962."""

import pytest

from app.audit.merkle import Tree, inclusion_proof, leaf_hash, node_hash, root_of

# The inputs and roots of Certificate Transparency's own tests (google/certificate-transparency, merkle_tree_test.cc).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    """For trees of one leaf to eight."""
    assert root_of([leaf_hash(one) for one in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_the_root_over_nothing_is_the_hash_of_nothing() -> None:
    """RFC 6962, 2.1."""
    assert Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def way_up(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that a proof leads to, by RFC 9162, 2.1.3.2."""
    number, last, root = index, size - 1, leaf
    for beside in proof:
        if number % 2 or number == last:
            root = node_hash(beside, root)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            root = node_hash(root, beside)
        number, last = number >> 1, last >> 1
    assert last == 0
    return root


@pytest.mark.parametrize("size", [*range(1, 20), 64, 65, 100])
def test_every_proof_leads_to_the_root(size: int) -> None:
    """From every leaf, and from no other one."""
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root = root_of(leaves)
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(leaves, index)
        assert way_up(leaf, index, size, proof) == root
        assert way_up(leaf_hash(b"other"), index, size, proof) != root
