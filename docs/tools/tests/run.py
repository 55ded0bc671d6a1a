#!/usr/bin/python3
"""Runs all tests of docs/tools; the last line counts."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent

result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE)))
for test, reason in result.skipped:
    print(f"skipped {test}: {reason}")
bad = len(result.failures) + len(result.errors)
print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
sys.exit(1 if bad or not result.testsRun else 0)
