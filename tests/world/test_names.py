"""Domain names, held against dnspython's."""

from __future__ import annotations

import random

import dns.exception
import dns.name
import pytest

from harness.world.names import (
    absolute,
    ancestors,
    canonical,
    from_labels,
    from_wire,
    is_below,
    label_count,
    labels,
    parent,
    to_wire,
)

NAMES = [
    ".",
    "example.",
    "a.example.",
    "yljkjljk.a.example.",
    "z.a.example.",
    "zabc.a.example.",
    "z.example.",
    "\\001.z.example.",
    "*.z.example.",
    "\\200.z.example.",
    "dot\\.in.label.example.",
    "dot\\046in.label.example.",
    "back\\\\slash.example.",
    "_25._tcp.mx1.example.",
    "x" * 63 + ".example.",
]


@pytest.mark.parametrize("name", NAMES)
def test_wire_form_is_that_of_dnspython(name: str) -> None:
    theirs = dns.name.from_text(name)
    assert to_wire(name) == theirs.to_wire()
    assert labels(name) == theirs.labels[:-1]


def test_other_letters_than_ascii_go_out_as_utf_8() -> None:
    assert to_wire("münchen.example.") == b"\x08m\xc3\xbcnchen\x07example\0"


def test_wire_form_is_in_lower_case() -> None:
    assert to_wire("MX1.Example.") == to_wire("mx1.example.")


def test_canonical_order_is_that_of_rfc_4034_and_of_dnspython() -> None:
    shuffled = random.Random(7672).sample(NAMES, len(NAMES))
    theirs = sorted(map(dns.name.from_text, shuffled))
    assert [to_wire(name) for name in sorted(shuffled, key=canonical)] == [name.to_wire() for name in theirs]


def test_longest_names_fit_and_longer_ones_are_refused_as_by_dnspython() -> None:
    longest = ".".join(["x" * 63] * 3 + ["y" * 61]) + "."
    assert len(to_wire(longest)) == 255
    for one in ("z" + longest, "x" * 64 + ".example."):
        with pytest.raises(dns.exception.DNSException):
            dns.name.from_text(one)
        with pytest.raises(ValueError, match=r"at most (63|255) fit"):
            to_wire(one)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("mx1.example..", "nothing between two of its dots"),
        (".example.", "nothing between two of its dots"),
        ("example", "final dot is missing"),
        ("", "final dot is missing"),
        ("a\\", "backslash"),
        ("a\\25.", "backslash"),
        ("a\\256.", "backslash"),
        ("a\\2", "backslash"),
    ],
)
def test_what_is_no_name_says_why(wrong: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        labels(wrong)


def test_relative_names_get_the_origin() -> None:
    assert absolute("MX1", origin="case.example.") == "mx1.case.example."
    assert absolute("@", origin="case.example.") == "case.example."
    assert absolute("other.example.", origin="case.example.") == "other.example."
    assert absolute("example", origin=".") == "example."


@pytest.mark.parametrize("name", NAMES)
def test_ancestors_are_those_of_dnspython(name: str) -> None:
    theirs = [dns.name.from_text(name)]
    while theirs[-1] != dns.name.root:
        theirs.append(theirs[-1].parent())
    assert [to_wire(one) for one in ancestors(name)] == [one.to_wire() for one in theirs]
    assert parent(name) == ancestors(name)[min(1, len(theirs) - 1)]


@pytest.mark.parametrize(
    ("name", "above"),
    [
        ("a.example.", "example."),
        ("example.", "example."),
        ("a.example.", "."),
        ("aexample.", "example."),
        ("a\\.example.", "example."),
        ("a\\\\.example.", "example."),
        ("example.", "a.example."),
    ],
)
def test_below_means_what_it_means_to_dnspython(name: str, above: str) -> None:
    assert is_below(name, above) == dns.name.from_text(name).is_subdomain(dns.name.from_text(above))


@pytest.mark.parametrize(
    "name", ["a.b.example.", "dot\\.in.example.", "back\\\\slash.example.", "\\000\\255.example.", "."]
)
def test_names_come_back_out_of_wire_form_as_they_are_kept(name: str) -> None:
    kept = absolute(name)
    assert to_wire(kept) == dns.name.from_text(name).to_wire()
    assert from_wire(to_wire(name) + b"more") == from_labels(labels(name)) == kept


def test_one_name_in_several_writings_is_one_name() -> None:
    assert absolute("a\\.b", origin="example.") == absolute("A\\046\\066.example.") == "a\\046b.example."


def test_a_leading_asterisk_does_not_count_as_a_label() -> None:
    assert [label_count(name) for name in (".", "example.", "*.example.", "a.*.example.")] == [0, 1, 1, 3]
