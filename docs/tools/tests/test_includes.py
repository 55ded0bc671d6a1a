"""scripts/check-includes.sh: the tests break the order of the chapters, and expect an error."""

import subprocess

from project import TOOLS, ProjectTest

CHECK = TOOLS.parents[1] / "scripts" / "check-includes.sh"


class IncludesTest(ProjectTest):
    def setUp(self):
        super().setUp()
        self.write("common/base/early.h", "// From chapter 1.\n")
        self.write("common/base/early.cc", '#include "common/base/early.h"\n')
        self.write("common/base/late.h", "// From chapter 2.\n")
        self.write("common/base/later.h", '// From chapter 2.\n#include "common/base/early.h"\n')
        self.write("chapters/00-zero/main.cc", '#include "common/base/late.h"\n')
        self.write("chapters/01-one/main.cc", '#include "common/base/early.h"\n#include "chapters/01-one/own.h"\n')
        self.write("chapters/01-one/own.h", "")
        self.write("chapters/02-two/main.cc", '#include "common/base/late.h"\n')

    def check(self):
        """Its exit status and output."""
        done = subprocess.run([CHECK, self.root], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def caught(self, line):
        self.assertEqual(self.check(), (1, line + "\n"))

    def test_a_true_order_passes(self):
        self.assertEqual(self.check(), (0, ""))

    def test_header_of_a_later_chapter(self):
        self.change("chapters/01-one/main.cc", "common/base/early.h", "common/base/late.h")
        self.caught("chapters/01-one/main.cc (chapter 1) includes common/base/late.h, which chapter 2 introduces")

    def test_header_of_a_later_chapter_in_the_library(self):
        self.change("common/base/early.cc", "common/base/early.h", "common/base/late.h")
        self.caught("common/base/early.cc (chapter 1) includes common/base/late.h, which chapter 2 introduces")

    def test_header_of_another_chapter(self):
        self.change("chapters/02-two/main.cc", "common/base/late.h", "chapters/01-one/own.h")
        self.caught("chapters/02-two/main.cc includes another chapter's chapters/01-one/own.h")

    def test_header_of_the_doctor(self):
        self.write("doctor/trial.h", '#include "common/base/late.h"\n')
        self.write("doctor/chapters/one.cc", '#include "doctor/trial.h"\n')
        self.assertEqual(self.check(), (0, ""))
        self.change("chapters/02-two/main.cc", "common/base/late.h", "doctor/trial.h")
        self.caught("chapters/02-two/main.cc includes the doctor's doctor/trial.h")

    def test_header_of_chapter_0_is_for_the_doctor_too(self):
        self.write("common/base/report.h", "// From chapter 0.\n")
        self.write("chapters/00-zero/main.cc", '#include "common/base/report.h"\n')
        self.write("doctor/main.cc", '#include "common/base/report.h"\n')
        self.assertEqual(self.check(), (0, ""))
        self.change("chapters/02-two/main.cc", "common/base/late.h", "common/base/report.h")
        self.caught("chapters/02-two/main.cc includes common/base/report.h, which is for chapter 0 and the doctor")

    def test_header_of_a_chapter_in_the_doctor(self):
        self.write("doctor/main.cc", '#include "chapters/01-one/own.h"\n')
        self.caught("doctor/main.cc includes another chapter's chapters/01-one/own.h")

    def test_header_that_is_not_there(self):
        self.change("chapters/02-two/main.cc", "common/base/late.h", "common/base/none.h")
        self.caught("chapters/02-two/main.cc includes common/base/none.h, which is not there")

    def test_header_without_its_chapter(self):
        self.change("common/base/late.h", "// From chapter 2.", "// Later.")
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn('common/base/late.h: the first line must be "// From chapter N."', output)

    def test_header_of_a_higher_floor(self):
        self.write("common/container/high.h", "// From chapter 1.\n")
        self.change("common/base/early.cc", "common/base/early.h", "common/container/high.h")
        self.caught("common/base/early.cc (floor 0) includes common/container/high.h, from floor 3")

    def test_header_in_no_room(self):
        self.write("common/stairs.h", "// From chapter 1.\n")
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("common/stairs.h: it is in no room of common/", output)

    def test_names_that_the_makefile_does_not_find(self):
        for name, complaint in (
            ("common/base/alone.cc", "there is no common/base/alone.h"),
            ("tests/common/early_test.cc", "the tests of common/ROOM/TOPIC.h are tests/common/ROOM/TOPIC_test.cc"),
            ("tests/common/base/early_unittest.cc",
             "the tests of common/ROOM/TOPIC.h are tests/common/ROOM/TOPIC_test.cc"),
        ):  # fmt: skip
            self.write(name, "")
            self.caught(f"{name}: {complaint}")
            (self.root / name).unlink()

    def test_path_that_begins_elsewhere(self):
        self.write("common/base/early.cc", '#include "../base/late.h"\n')
        self.caught('common/base/early.cc:#include "../base/late.h": a path begins at the top directory')

    def test_black_box_test_that_looks_inside(self):
        self.write("tests/chapters/one_test.cc", '#include "common/base/early.h"\n')
        self.caught('tests/chapters/one_test.cc:#include "common/base/early.h": the black-box tests include nothing of common/')

    def test_circle(self):
        self.write("common/base/other.h", '// From chapter 1.\n#include "common/base/early.h"\n')
        self.write("common/base/early.h", '// From chapter 1.\n#include "common/base/other.h"\n')
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("include each other in a circle", output)
        self.assertIn("common/base/other", output)
