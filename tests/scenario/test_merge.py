"""Tables are merged, lists replaced."""

from __future__ import annotations

from harness.scenario.merge import merge


def test_tables_are_merged_at_every_depth() -> None:
    base = {"route": {"modes": {"domain": "unaware"}, "disabled": True}, "title": "old"}
    change = {"route": {"modes": {"other": "mandatory"}}, "title": "new"}
    assert merge(base, change) == {
        "route": {"modes": {"domain": "unaware", "other": "mandatory"}, "disabled": True},
        "title": "new",
    }


def test_lists_are_replaced_also_lists_of_tables() -> None:
    assert merge({"mx": [{"key": "a", "tlsa": ["3 1 1"]}]}, {"mx": [{"key": "b"}]}) == {"mx": [{"key": "b"}]}


def test_a_value_of_another_kind_replaces_the_old_one() -> None:
    assert merge({"cert": "root"}, {"cert": {"key": "p-384"}}) == {"cert": {"key": "p-384"}}
    assert merge({"cert": {"key": "p-384"}}, {"cert": "root"}) == {"cert": "root"}


def test_neither_argument_is_altered() -> None:
    base, change = {"a": {"b": 1}}, {"a": {"c": 2}}
    merge(base, change)
    assert (base, change) == ({"a": {"b": 1}}, {"a": {"c": 2}})
