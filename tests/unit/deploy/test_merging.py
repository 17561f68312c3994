"""Sections merged into resources."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.settings.merging import merged


@pytest.mark.parametrize(
    ("base", "section", "expected"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "C", "value": "3"}, {"name": "A", "value": "4"}]},
            {"env": [{"name": "A", "value": "4"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}]},
        ),
        (
            {"containers": [{"name": "user", "env": [{"name": "A", "value": "1"}]}]},
            {"containers": [{"name": "user", "env": [{"name": "B", "value": "2"}]}]},
            {"containers": [{"name": "user", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]},
        ),
        # Without a name for each, nothing says which item is meant.
        ({"a": [{"name": "A"}]}, {"a": [{"name": "B"}, {"image": "c"}]}, {"a": [{"name": "B"}, {"image": "c"}]}),
        ({"a": [{"name": "A"}]}, {"a": [{"name": "B"}, {"name": "B"}]}, {"a": [{"name": "B"}, {"name": "B"}]}),
        ({"a": [{"name": "A"}]}, {"a": []}, {"a": []}),
    ],
)
def test_sections_are_merged_deeply(base: dict[str, Any], section: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merged(base, section) == expected


def test_the_values_that_are_merged_stay_as_they_are() -> None:
    base = {"a": {"b": [{"name": "A", "x": 1}]}}
    merged(base, {"a": {"b": [{"name": "A", "x": 2}]}})
    assert base == {"a": {"b": [{"name": "A", "x": 1}]}}
