"""What Python tells about the imports of a function, summed up by packages."""

from __future__ import annotations

from funcpack.playground.introspection import ImportTime, import_times

LOG = """\
import time: self [us] | cumulative | imported package
import time:      9000 |       9000 | funcpack_invoker.app
import time: begin
import time:       100 |        100 |   numbers
a line of the function
import time:      2000 |       2100 | decimal
import time:       300 |        300 |     shop.prices
import time:       700 |       1000 |   shop
import time: end 5000
import time:      8000 |       8000 | flask
""".splitlines()


def test_packages_are_sorted_by_their_own_time() -> None:
    assert import_times(LOG, "handler.handler") == [
        ImportTime("decimal", 2.0, 1),
        ImportTime("handler", 1.9, 1),
        ImportTime("shop", 1.0, 2),
        ImportTime("numbers", 0.1, 1),
    ]


def test_module_in_a_package_is_a_part_of_it() -> None:
    assert import_times(LOG, "shop.orders:handler")[0] == ImportTime("shop", 2.9, 3)


def test_import_that_was_not_seen_has_no_times() -> None:
    assert import_times(LOG[:2], "handler.handler") == []
