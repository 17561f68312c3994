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
        ({"a": [{"name": "A"}]}, {"a": [{"name": {}}]}, {"a": [{"name": {}}]}),
        ({"a": [{"name": "A"}]}, {"a": []}, {"a": []}),
        # A field replaces its alternatives.
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "valueSource": {"secretKeyRef": {"secret": "a"}}}]},
            {"env": [{"name": "A", "valueSource": {"secretKeyRef": {"secret": "a"}}}]},
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "1"}]},
        ),
        (
            {"probe": {"httpGet": {"path": "/"}, "periodSeconds": 1}},
            {"probe": {"tcpSocket": {"port": 80}}},
            {"probe": {"tcpSocket": {"port": 80}, "periodSeconds": 1}},
        ),
        # The keys of an object of texts, and the names in a list, are the user's.
        ({"labels": {"ref": "a"}}, {"labels": {"uri": "b"}}, {"labels": {"ref": "a", "uri": "b"}}),
        (
            {"volumes": [{"name": "secret", "emptyDir": {}}]},
            {"volumes": [{"name": "configMap", "emptyDir": {}}]},
            {"volumes": [{"name": "secret", "emptyDir": {}}, {"name": "configMap", "emptyDir": {}}]},
        ),
        # A volume can be mounted several times.
        (
            {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
            {"volumeMounts": [{"name": "data", "mountPath": "/in"}, {"name": "data", "mountPath": "/out"}]},
            {
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "data", "mountPath": "/in"},
                    {"name": "data", "mountPath": "/out"},
                ]
            },
        ),
    ],
)
def test_sections_are_merged_deeply(base: dict[str, Any], section: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merged(base, section) == expected


def test_the_values_that_are_merged_stay_as_they_are() -> None:
    base = {"a": {"b": [{"name": "A", "x": 1}]}}
    merged(base, {"a": {"b": [{"name": "A", "x": 2}]}})
    assert base == {"a": {"b": [{"name": "A", "x": 1}]}}
