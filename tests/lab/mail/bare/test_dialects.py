"""What SSL 3.0 to TLS 1.2 compute, held against published vectors; those of SSL 3.0 were made with tlslite-ng 0.8.2."""

from __future__ import annotations

import pytest

from harness.lab.mail.bare import dialects, maced
from harness.lab.mail.bare.alerts import BAD_RECORD_MAC, RECORD_OVERFLOW, ProtocolError
from harness.lab.mail.bare.dialects import CLIENT, DIALECTS, SERVER, Dialect
from harness.lab.mail.bare.records import Record
from harness.lab.mail.bare.suites import OLD_SUITES, Suite, named

SECRET, FIRST, SECOND = bytes(range(48)), b"\1" * 32, b"\2" * 32
SSL3 = DIALECTS["ssl3"]


def test_the_pseudorandom_function_of_tls_1_2_gives_the_published_octets() -> None:
    """The vector of the TLS working group's list, 2 November 2010."""
    secret, seed = bytes.fromhex("9bbe436ba940f017b17652849a71db35"), bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    assert dialects.prf_sha256(secret, label="test label", seed=seed, size=100).hex() == (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17"
        "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
    )


def test_the_pseudorandom_function_of_tls_1_0_gives_the_published_octets() -> None:
    """The vector of the TLS working group's list for RFC 2246."""
    found = dialects.prf_md5_sha1(b"\xab" * 48, label="PRF Testvector", seed=b"\xcd" * 64, size=104)
    assert found.hex() == (
        "d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4ebd31e602353776c40"
        "8aafb74cbc85eff69255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f1afbc655a8c9a013"
    )


def test_ssl_3_makes_its_secrets_as_tlslite_does() -> None:
    assert SSL3.master(SECRET, client=FIRST, server=SECOND).hex() == (
        "a4e5ffa851fbc6e4fa57740dc361a9b26216521f5c44828c1d8da63b06e36db1dba5c7572ff41af0767beadcdc997bec"
    )
    assert SSL3.key_block(SECRET, client=FIRST, server=SECOND, size=104).hex() == (
        "7d7705367e76fee83b12370a9673ffc1ec83fbd2211f9c3927a6d40374e6032b1027d63e37a0134311af353864517ce8d64b9cd6c90927d3"
        "cb87559b7a2eaa98dd86b562fe797d439f8f9f1ff25bd91b3a057777236eb8d4d383910a19ab30def8e21322ffd6d36a"
    )


def test_ssl_3_ends_its_handshake_as_tlslite_does() -> None:
    assert SSL3.finished(SECRET, messages=b"all the messages", sender=CLIENT).hex() == (
        "3ffcff8e721984f094924b56e4aeb5ede42aa6865e3a3af8aaacb95a317e55e713fd8107"
    )
    assert SSL3.finished(SECRET, messages=b"all the messages", sender=SERVER).hex() == (
        "b568c977dd089bce35fa12d0ff0d16a4e44044820e9dfa973e733ad7e6a75945ca8ec32f"
    )


@pytest.mark.parametrize(
    ("digest", "size", "mac"),
    [("sha1", 20, "93a259f9903b25cd51c1e737437f3a9b5fb1f06b"), ("md5", 16, "1488cea78a6766f55046353c482db3ad")],
)
def test_ssl_3_makes_its_macs_as_tlslite_does(digest: str, size: int, mac: str) -> None:
    assert SSL3.mac(digest, bytes(range(size)), sequence=5, kind=23, data=b"data").hex() == mac


EVERYTHING = pytest.mark.parametrize(
    ("dialect", "suite"),
    [(dialect, suite) for dialect in DIALECTS.values() for suite in OLD_SUITES],
    ids=lambda each: each.name,
)


def halves(dialect: Dialect, suite: Suite) -> tuple[maced.Sealing, maced.Opening]:
    size = maced.block_size(suite, dialect=dialect)
    keys, _ = maced.split(bytes(range(size)), suite=suite, dialect=dialect)
    sealing = maced.Sealing(dialect=dialect, suite=suite, keys=keys, randomness=lambda size: b"r" * size)
    return sealing, maced.Opening(dialect=dialect, suite=suite, keys=keys)


def one(record: bytes) -> Record:
    return Record(record[0], int.from_bytes(record[1:3], "big"), record[5:])


@EVERYTHING
def test_what_is_sealed_is_opened(dialect: Dialect, suite: Suite) -> None:
    sealing, opening = halves(dialect, suite)
    for size in (0, 1, 7, 8, 11, 12, 13, 27, 300, 16384):
        assert opening.open(one(sealing.seal(23, b"x" * size))) == (23, b"x" * size)


@EVERYTHING
def test_an_octet_that_was_changed_anywhere_is_a_bad_record(dialect: Dialect, suite: Suite) -> None:
    sealed = halves(dialect, suite)[0].seal(23, b"EHLO client.example\r\n")
    for at in range(5, len(sealed)):
        changed = sealed[:at] + bytes((sealed[at] ^ 0x80,)) + sealed[at + 1 :]
        with pytest.raises(ProtocolError) as error:
            halves(dialect, suite)[1].open(one(changed))
        assert error.value.alert == BAD_RECORD_MAC


@EVERYTHING
def test_records_of_any_length_that_nobody_sealed_are_bad_records(dialect: Dialect, suite: Suite) -> None:
    for size in (0, 1, 8, 16, 20, 24, 32, 48):
        with pytest.raises(ProtocolError) as error:
            halves(dialect, suite)[1].open(Record(23, dialect.number, bytes(size)))
        assert error.value.alert == BAD_RECORD_MAC


def test_more_data_than_a_record_may_hold_is_refused() -> None:
    sealing, opening = halves(DIALECTS["1.2"], OLD_SUITES[0])
    with pytest.raises(ProtocolError) as error:
        opening.open(one(sealing.seal(23, bytes(16385))))
    assert error.value.alert == RECORD_OVERFLOW


def test_records_of_a_repeated_number_are_bad() -> None:
    sealing, opening = halves(DIALECTS["1.2"], OLD_SUITES[1])
    sealed = sealing.seal(23, b"once")
    opening.open(one(sealed))
    with pytest.raises(ProtocolError):
        opening.open(one(sealed))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("3DES", ["DES-CBC3-SHA"]),
        ("RC4", ["RC4-SHA", "RC4-MD5"]),
        ("RC4-MD5:3DES:RC4", ["RC4-MD5", "DES-CBC3-SHA", "RC4-SHA"]),
        ("AES128-SHA", ["AES128-SHA"]),
        ("RC4:aNULL", []),
        ("", []),
    ],
)
def test_suites_are_named_in_openssl_s_words(words: str, names: list[str]) -> None:
    assert [suite.name for suite in named(words)] == names
