"""Masks, captures and `...`, without a terminal."""

import re
import sys
import unittest

from project import TOOLS

sys.path.insert(0, str(TOOLS))

from compare import Comparison  # noqa: E402
from masks import Values  # noqa: E402


def compare(shown, got, kinds=(), values=None):
    return Comparison(shown.split("\n"), got.split("\n"), kinds, values or Values())


class MaskTest(unittest.TestCase):
    def same(self, shown, got, *kinds):
        self.assertFalse(compare(shown, got).matches(), "without a mask they differ")
        self.assertTrue(compare(shown, got, kinds).matches(), (shown, got))

    def test_each_mask(self):
        self.same("  PID CMD\n  234 sh(1)", "    PID CMD\n  87234 sh(1)", "pid")
        self.same("/proc/234/ns", "/proc/5678/ns", "pid")
        self.same("pid:[4026531836]", "pid:[4026532201]", "ns")
        self.same("10:23:11 0.5 s 12 ms Nov 22 07:03", "9:01:00 11.25 s 1 ms Jan  3  2024", "time")
        self.same("mydocker/0123456789ab", "mydocker/ba9876543210", "id")
        self.same("/home/you/mydocker/run x", "/tmp/mydocker/run x", "path")
        self.same("99.9 MiB of 100M", "1 KiB of 7G", "size")
        self.same("104857600", "4096", "mem")
        self.same("5 of 1.25", "1234567 of 9", "num")
        self.same("pts/0", "pts/13", "tty")
        self.same("Linux 6.1.0-18-amd64", "Linux 6.18.44-fc", "kernel")

    def test_what_a_mask_leaves(self):
        self.assertFalse(compare("sh(1)", "sh(2)", ["pid"]).matches())
        self.assertFalse(compare("a 234", "b 234", ["pid"]).matches())
        self.assertFalse(compare("/sys/fs/cgroup/mydocker", "/sys/mydocker", ["path"]).matches())

    def test_one_to_one(self):
        shown = "pid:[4026531836]\npid:[4026532201]\npid:[4026531836]"
        self.assertTrue(compare(shown, "pid:[4026531999]\npid:[4026532000]\npid:[4026531999]", ["ns"]).matches())
        merged = compare(shown, "pid:[4026531999]\npid:[4026531999]\npid:[4026531999]", ["ns"])
        self.assertFalse(merged.matches())
        self.assertIn("only values differ", merged.difference())
        self.assertFalse(compare(shown, "pid:[4026531999]\npid:[4026532000]\npid:[4026532001]", ["ns"]).matches())

    def test_what_was_learnt_is_typed(self):
        values = Values()
        self.assertTrue(compare("234\n10", "5678\n11", ["pid"], values).matches())
        self.assertEqual(values.to_type("ls /proc/234/ns; sleep 10; echo 2345"), "ls /proc/5678/ns; sleep 10; echo 2345")
        self.assertEqual(values.for_page("5678"), "234")


class CaptureTest(unittest.TestCase):
    def setUp(self):
        self.values = Values()

    def capture(self, name, shown, got):
        return self.values.capture(name, re.compile(r"is (\w+)"), [shown], [got])

    def test_captured_values_stand_for_each_other(self):
        self.assertEqual(self.capture("host", "it is lab", "it is farm"), "")
        self.assertTrue(compare("on lab now", "on farm now", (), self.values).matches())
        self.assertFalse(compare("on lab now", "on lab now", (), self.values).matches())
        self.assertEqual(self.values.to_type("ping lab labour"), "ping farm labour")

    def test_demanded_again(self):
        self.capture("a", "is x", "is 1")
        self.assertEqual(self.capture("a", "is x", "is 1"), "")
        self.assertIn("'a' was", self.capture("a", "is x", "is 2"))

    def test_not_in_the_run(self):
        self.assertIsNone(self.capture("a", "nothing", "is 1"))
        self.assertIn("nothing in the output matches", self.capture("a", "is x", "none"))

    def test_same_and_differ(self):
        self.capture("a", "is x", "is 1")
        self.capture("b", "is y", "is 1")
        self.assertIn("differ=a,b does not hold in the run: a=1, b=1", self.values.relation(["a", "b"], False))
        self.assertIn("same=a,b does not hold on the page", self.values.relation(["a", "b"], True))
        self.capture("c", "is z", "is 3")
        self.assertIsNone(self.values.relation(["a", "c"], False))
        self.assertIn("no session before captured 'd'", self.values.relation(["d"], True))


class EllipsisTest(unittest.TestCase):
    def test_any_number_of_lines(self):
        for got in ("a\nz", "a\nb\nz", "a\nz\nb\nz"):
            self.assertTrue(compare("a\n...\nz", got).matches(), got)
        for got in ("a", "z", "a\nb", "b\na\nz", "a\nz\nb"):
            self.assertFalse(compare("a\n...\nz", got).matches(), got)

    def test_values_choose_among_lines(self):
        """The first line of that shape is the wrong one: earlier values decide."""
        self.assertTrue(compare("234\n...\n234 sh\n...", "77\n55 sh\n77 sh\n88 sh", ["pid"]).matches())

    def test_difference_shows_both(self):
        told = compare("a\nb 1\n...\nz", "a\nb 2\nc\nz")
        self.assertFalse(told.matches())
        self.assertIn("- b 1", told.difference())
        self.assertIn("+ b 2", told.difference())


class MergeTest(unittest.TestCase):
    def merged(self, shown, got, kinds=()):
        comparison = compare(shown, got, kinds)
        self.assertFalse(comparison.matches())
        return "\n".join(comparison.merged())

    def test_lines_that_still_hold_stay(self):
        self.assertEqual(self.merged("234 sh\nold", "77 sh\nnew of 77", ["pid"]), "234 sh\nnew of 234")

    def test_ellipsis_stays(self):
        self.assertEqual(self.merged("a\n...\nz", "b\nc\nd\nz"), "b\n...\nz")
        self.assertEqual(self.merged("a\n...", "b\nc\nd"), "b\n...")
        self.assertEqual(self.merged("...\na", "b\nc\nd"), "...\nd")


if __name__ == "__main__":
    unittest.main()
