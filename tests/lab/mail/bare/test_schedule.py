"""Secrets and records of TLS 1.3, held against the trace of RFC 8448 section 3."""

from __future__ import annotations

import pytest

from harness.lab.mail.bare.alerts import BAD_RECORD_MAC, RECORD_OVERFLOW, UNEXPECTED_MESSAGE, ProtocolError
from harness.lab.mail.bare.groups import X25519
from harness.lab.mail.bare.records import HANDSHAKE, Record
from harness.lab.mail.bare.schedule import Schedule, Traffic
from harness.lab.mail.bare.sealed import SUITES, Sealed

CLIENT_SHARE = bytes.fromhex("99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c")
SERVER_PRIVATE = bytes.fromhex("b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e")
SERVER_SHARE = bytes.fromhex("c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f")
SHARED = bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
UP_TO_SERVER_HELLO = bytes.fromhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
UP_TO_SERVER_FINISHED = bytes.fromhex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13")
CLIENT_FINISHED = "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"
CLIENT_FINISHED_RECORD = (
    "1703030035 75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f8"
    "0338ac98fc46deb384bd1caeacab6867d726c40546"
)


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(SHARED, digest="sha256")


def test_diffie_hellman_comes_to_the_secret_of_the_trace() -> None:
    assert X25519.agree(CLIENT_SHARE, randomness=lambda _: SERVER_PRIVATE) == (SERVER_SHARE, SHARED)


def test_secrets_are_those_of_the_trace(schedule: Schedule) -> None:
    assert schedule.early.hex() == "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
    assert schedule.handshake.hex() == "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
    assert schedule.master.hex() == "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"


def test_traffic_secrets_and_keys_of_the_handshake_are_those_of_the_trace(schedule: Schedule) -> None:
    client, server = schedule.handshake_traffic(UP_TO_SERVER_HELLO)
    assert client.secret.hex() == "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
    assert server.secret.hex() == "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
    assert [part.hex() for part in client.keys(16)] == ["dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f"]
    assert [part.hex() for part in server.keys(16)] == ["3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30"]


def test_traffic_secrets_and_keys_for_data_are_those_of_the_trace(schedule: Schedule) -> None:
    client, server = schedule.application_traffic(UP_TO_SERVER_FINISHED)
    assert client.secret.hex() == "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
    assert server.secret.hex() == "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
    assert [part.hex() for part in client.keys(16)] == ["17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9"]
    assert [part.hex() for part in server.keys(16)] == ["9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"]


def test_the_clients_finished_is_that_of_the_trace_and_so_is_its_record(schedule: Schedule) -> None:
    client, _ = schedule.handshake_traffic(UP_TO_SERVER_HELLO)
    assert client.verify_data(UP_TO_SERVER_FINISHED).hex() == CLIENT_FINISHED
    record = bytes.fromhex(CLIENT_FINISHED_RECORD)
    finished = bytes.fromhex(f"14000020{CLIENT_FINISHED}")
    assert Sealed(SUITES[0], traffic=client).seal(HANDSHAKE, finished) == record
    opened = Sealed(SUITES[0], traffic=client).open(Record(record[0], 0x0303, record[5:]))
    assert opened == (HANDSHAKE, finished)


def traffic() -> Traffic:
    return Traffic(secret=bytes(32), digest="sha256")


def one(record: bytes) -> Record:
    return Record(record[0], int.from_bytes(record[1:3], "big"), record[5:])


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_is_sealed_is_opened_with_the_same_number_only(suite: object) -> None:
    (known,) = [each for each in SUITES if each is suite]
    seal, opener = Sealed(known, traffic=traffic()), Sealed(known, traffic=traffic())
    first, second = seal.seal(23, b"one"), seal.seal(23, b"")
    assert opener.open(one(first)) == (23, b"one")
    assert opener.open(one(second)) == (23, b"")
    with pytest.raises(ProtocolError) as error:
        opener.open(one(first))
    assert error.value.alert == BAD_RECORD_MAC


def test_records_that_hold_nothing_or_too_much_or_are_not_sealed_are_refused() -> None:
    for kind, data, alert in (
        (0, b"", UNEXPECTED_MESSAGE),
        (23, bytes(20_000), RECORD_OVERFLOW),
        (23, b"\1" * 16385, RECORD_OVERFLOW),
    ):
        sealed = Sealed(SUITES[0], traffic=traffic()).seal(kind, data)
        with pytest.raises(ProtocolError) as error:
            Sealed(SUITES[0], traffic=traffic()).open(one(sealed))
        assert error.value.alert == alert
    with pytest.raises(ProtocolError, match="unprotected"):
        Sealed(SUITES[0], traffic=traffic()).open(Record(22, 0x0303, b"x"))
