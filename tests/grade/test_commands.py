#!/usr/bin/python3
"""The commands around grading: what they keep, refuse and print. `make grade-fidelity` calls this."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"


class CommandTest(unittest.TestCase):
    """With its own workshop, which must be in the project."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=BUILD, prefix="commands-")
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)
        self.workshop = self.scratch / "workshop"

    def run_command(self, *command):
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**os.environ, "MAKEFLAGS": "", "MAKELEVEL": "0"}, check=False)

    def call(self, *words):
        """Runs grade.py; returns its status and output."""
        workshop = self.workshop.relative_to(ROOT)
        done = self.run_command(sys.executable, HERE / "grade.py", "--workshop", workshop, *words)
        return done.returncode, done.stdout + done.stderr

    def make(self, *words):
        done = self.run_command("make", "-s", f"WORKSHOP={self.workshop.relative_to(ROOT)}",
                                f"WORKSHOP_BUILD={(self.scratch / 'objects').relative_to(ROOT)}", *words)
        return done.returncode, done.stdout, done.stderr

    def expect(self, answer, status, *said):
        self.assertEqual(answer[0], status, answer[1])
        for text in said:
            self.assertIn(text, answer[1])

    def begin(self, number, program):
        """A workshop in which `program` is what was built."""
        self.expect(self.call("start", str(number)), 0)
        [folder] = self.workshop.glob(f"{number:02}-*")
        shutil.copy(program, folder / "run")
        return folder


OURS = BUILD / "chapters/01-uts-ns/run"
FULL, PART = "15/15, full score", HERE / "wrong/unshare-1.sh"


class StartTest(CommandTest):
    def test_work_is_never_overwritten(self):
        self.expect(self.call("start", "3"), 0, "TASK.md says what to do")
        main = self.workshop / "03-pid-ns/main.cc"
        main.write_text("mine")
        (self.workshop / "03-pid-ns/TASK.md").unlink()
        self.expect(self.call("start", "3"), 1, "it stays as it is", "mv ")
        self.assertEqual(main.read_text(), "mine")
        self.assertFalse((self.workshop / "03-pid-ns/TASK.md").exists())

    def test_an_empty_folder_is_work_too(self):
        (self.workshop / "03-pid-ns").mkdir(parents=True)
        self.expect(self.call("start", "3"), 1, "it stays as it is")
        self.assertEqual(list((self.workshop / "03-pid-ns").iterdir()), [])

    def test_task_names_all_checks(self):
        self.call("start", "1")
        task = (self.workshop / "01-uts-ns/TASK.md").read_text()
        for what in ("a host name set inside is not seen outside", "Ctrl-C is for the command", "nothing stays behind"):
            self.assertIn(f"- {what}\n", task)

    def test_there_is_no_such_chapter(self):
        for number in ("0", "99"):
            self.expect(self.call("start", number), 1, "there is nothing to grade for chapter " + number)


class ScoreTest(CommandTest):
    def test_begun_and_not_begun(self):
        self.call("start", "1")
        self.expect(self.call("progress"), 0, "begun: make grade1", "make start2")

    def test_full_score_opens_the_solution(self):
        self.begin(1, PART)
        self.expect(self.call("solution", "1"), 1, "it is not graded yet", "ANYWAY=1")
        self.expect(self.call("grade", "1"), 1, "Score 13/15")
        self.expect(self.call("solution", "1"), 1, "13/15 so far")
        self.expect(self.call("solution", "1", "--anyway"), 0, "CLONE_NEWUTS")
        shutil.copy(OURS, self.workshop / "01-uts-ns/run")
        self.expect(self.call("grade", "1"), 0, "Score 15/15", "`make solution1` shows")
        self.expect(self.call("solution", "1"), 0, "CLONE_NEWUTS", "common/process/child.h")
        self.expect(self.call("progress"), 0, FULL)

    def test_best_score_stays(self):
        folder = self.begin(1, OURS)
        self.call("grade", "1")
        shutil.copy(PART, folder / "run")
        self.call("grade", "1")
        self.expect(self.call("progress"), 0, FULL + " (last 13/15)")
        self.expect(self.call("solution", "1"), 0)

    def test_other_programs_have_scores_of_their_own(self):
        self.call("start", "1")
        self.expect(self.call("grade", "1", "--run", str(OURS)), 0, "Score 15/15")
        self.expect(self.call("progress"), 0, "begun: make grade1", f"{OURS}: {FULL}")
        self.expect(self.call("solution", "1"), 1, "it is not graded yet")

    def test_own_program_by_its_name(self):
        folder = self.begin(1, OURS)
        answer = self.call("grade", "1", "--run", str(folder.relative_to(ROOT) / "run"))
        self.expect(answer, 0, "`make solution1` shows")
        self.expect(self.call("solution", "1"), 0)

    def test_exercises_are_told_apart(self):
        self.begin(1, HERE / "solved/1.sh")
        self.expect(self.call("grade", "1", "--exercise", "2"), 0, "exercise 2: a domain name too", "Score 1/1")
        self.expect(self.call("progress"), 0, "exercises 2 of 3")
        self.expect(self.call("solution", "1"), 1, "it is not graded yet")

    def test_one_check_is_no_score(self):
        self.begin(1, OURS)
        self.expect(self.call("grade", "1", "--check", "CommandRuns"), 0, "Score 1/1")
        self.expect(self.call("progress"), 0, "begun: make grade1")

    def test_spoiled_progress_is_not_lost(self):
        self.begin(1, OURS)
        (self.workshop / "progress.json").write_text("{")
        self.expect(self.call("progress"), 1, "makes no sense")
        self.expect(self.call("grade", "1", "--check", "CommandRuns"), 1, "makes no sense")
        self.assertEqual((self.workshop / "progress.json").read_text(), "{")


class JsonTest(CommandTest):
    def grade(self, *words):
        status, text = self.call("grade", "1", "--run", str(PART), "-json", *words)
        return status, json.loads(text)

    def test_report(self):
        status, report = self.grade()
        self.assertEqual((status, report["score"], report["total"]), (1, 13, 15))
        self.assertEqual((report["chapter"], report["exercise"], report["program"]), (1, None, str(PART)))
        results = {check["name"]: check["result"] for check in report["checks"]}
        self.assertEqual({name for name, result in results.items() if result == "fail"},
                         {"NoOtherFilesAreOpen", "RefusedWithoutRoot"})

    def test_second_failure_has_the_stronger_hint(self):
        hints = []
        for _ in range(3):
            _, report = self.grade("--check", "NoOtherFilesAreOpen")
            hints.append(report["checks"][0]["hint"])
        self.assertIn("What happens to an open file on execve?", hints[0])
        self.assertIn("close_range(2)", hints[1])
        self.assertEqual(hints[1], hints[2])


class RefusalTest(CommandTest):
    def test_nothing_to_grade(self):
        self.expect(self.call("grade", "1"), 1, "`make start1` makes a beginning")

    def test_bad_programs(self):
        text = self.scratch / "text"
        text.write_text("no program")
        for program, said in ((self.scratch / "nowhere", "there is no such file"), (self.scratch, "that is no program"),
                              (text, "chmod +x")):
            with self.subTest(program=program):
                self.expect(self.call("grade", "1", "--run", str(program)), 1, f"RUN={program}", said)

    def test_bad_exercises(self):
        for number in ("0", "-1", "4"):
            self.expect(self.call("grade", "1", "--run", str(OURS), "--exercise", number), 1,
                        f"EX={number}: chapter 1 has the exercises 1 to 3")
        self.expect(self.call("grade", "1", "--run", str(OURS), "--exercise", "x"), 2, "'x'")

    def test_no_time_at_all(self):
        self.expect(self.call("grade", "1", "--run", str(OURS), "--time-limit", "0"), 1, "at least one second")

    def test_no_such_check(self):
        self.expect(self.call("grade", "1", "--run", str(OURS), "--check", "X"), 1,
                    "there is no check X", "CommandRuns")


class MakeTest(CommandTest):
    """What make passes on."""

    def test_from_start_to_grade(self):
        self.assertEqual(self.make("start1")[0], 0)
        self.assertEqual(self.make("start1")[0], 2)
        status, report, complaints = self.make("grade1", "JSON=1", "TIME_LIMIT=20")
        self.assertEqual((status, complaints.count("Error")), (2, 1), complaints)
        self.assertEqual(json.loads(report)["score"], 5)
        status, _, complaints = self.make("grade1", f"RUN={OURS}", "EX=9")
        self.assertEqual(status, 2)
        self.assertIn("EX=9: chapter 1 has the exercises 1 to 3", complaints)
        status, said, _ = self.make("solution1", "ANYWAY=1")
        self.assertEqual(status, 0)
        self.assertIn("CLONE_NEWUTS", said)
        self.assertIn("5/15", self.make("progress")[1])


if __name__ == "__main__":
    unittest.main()
