"""`book.py test` and `update` with real shells in real pseudo-terminals."""

import os
import pathlib
import sys
import time
import unittest

from project import TOOLS, ProjectTest

sys.path.insert(0, str(TOOLS))

import needs  # noqa: E402

root_only = unittest.skipUnless(os.geteuid() == 0, "wants root")


def block(body, words=""):
    return f"<!-- session: {words} -->\n```console\n{body}\n```\n\n"


class SessionTest(ProjectTest):
    def run_page(self, *blocks, status=0, command="test", **environment):
        """Runs a page of only these blocks; returns the output."""
        self.write("docs/page.md", "# Page\n\n" + "".join(blocks))
        return self.book(command, "page", status=status, **environment)

    def passes(self, body, words="", sessions=1):
        output = self.run_page(block(body, words))
        self.assertIn(f"{sessions} passed, 0 failed, 0 skipped", output)
        return output

    def fails(self, body, words="", *wanted):
        output = self.run_page(block(body, words), status=1)
        self.assertIn("0 passed, 1 failed, 0 skipped", output)
        for text in wanted:
            self.assertIn(text, output)
        return output

    # --- outputs and exit statuses

    def test_all_pages(self):
        output = self.book("test")
        self.assertIn("docs/01-one.md: 2 code blocks, 4 sessions run, 5 commands, 0 skipped", output)
        self.assertIn("4 passed, 0 failed, 0 skipped", output)

    def test_number_in_an_output(self):
        self.fails("$ seq 3\n1\n5\n3", "", "docs/page.md:5: `seq 3` did not print what the page shows",
                   "      1\n    - 5\n    + 2\n      3")

    def test_output_that_is_missing_or_too_much(self):
        self.fails("$ echo a", "", "+ a")
        self.fails("$ true\na", "", "- a")

    def test_ellipsis(self):
        self.passes("$ seq 100\n1\n...\n99\n100")
        self.fails("$ seq 100\n1\n...\n98\n100")

    def test_exit_status(self):
        self.passes("$ sh -c 'echo a; exit 3'\na\n[3]\n$ true")
        self.fails("$ sh -c 'echo a; exit 3'\na", "", "`sh -c 'echo a; exit 3'` ended with exit status 3, the page says 0",
                   "it printed:\n    a")
        self.fails("$ true\n[1]", "", "exit status 0, the page says 1")

    def test_continuation_comment_and_output_without_newline(self):
        self.passes("$ for i in 1 2; do\n>   echo $i\n> done\n1\n2\n$ false\n[1]\n$ # says nothing\n$ printf abc\nabc")

    def test_terminal(self):
        self.passes("$ test -t 0 && test -t 1 && tput cols\n100\n$ echo $LANG $TERM\nC.UTF-8 dumb")

    def test_signals_are_a_terminals(self):
        # The signals that this runner itself was started with do not matter
        # here.
        ignored = "$((0x$(grep SigIgn /proc/self/status | cut -f2) & 0x1001000))"  # SIGPIPE, SIGXFSZ
        self.passes(f"$ yes | head -n 1\ny\n$ echo {ignored}\n0")

    def test_sessions_share_the_copy_and_not_the_project(self):
        self.run_page(block("$ echo new >> README.md; mkdir there"), block("$ tail -1 README.md; ls -d there\nnew\nthere"))
        self.assertFalse((self.root / "there").exists())
        self.assertNotIn("new", self.read("README.md"))
        self.assertEqual(list((self.root / "build" / "docs").iterdir()), [])

    # --- the shell inside, the second terminal, ^C

    def test_shell_inside(self):
        inside = "$" if os.geteuid() else "#"
        self.passes(f"$ sh\n{inside} echo $((6 * 7))\n42\n{inside} cd /; pwd\n/\n{inside} false\n[1]\n{inside} exit 4\n[4]\n"
                    "$ echo out\nout", f"inside={inside}")

    def test_wrong_prompt(self):
        self.fails("$ true\n# echo a\na", "", "docs/page.md:6: `echo a` is for the shell inside")
        self.fails("$ sh\n$ echo a\na", "", "docs/page.md:6: `echo a` is for the host's shell")
        self.fails("$ sh\n# echo a\na", "", "ends inside of what it started")

    def test_shell_that_ends(self):
        self.fails("$ exit", "", "`exit`: the terminal's own shell has ended")

    def test_second_terminal(self):
        self.passes("$ sh\n# echo a > file\nhost$ cat file; cd /\na\n# pwd | tail -c 9\nmydocker\nhost$ pwd\n/\n# exit")

    def test_retry(self):
        self.passes("$ sh -c 'sleep 0.5; echo late > file' &\n...\nhost$ cat file\nlate", "retry")

    def test_interrupt(self):
        self.passes("$ sh -c 'echo begun; sleep 100'\nbegun\nhost$ echo meanwhile\nmeanwhile\n^C\n[130]\n$ echo after\nafter")
        self.fails("$ echo begun\nbegun\nmore\n^C\n[130]", "", "it ended before ^C")

    def test_continues(self):
        output = self.run_page(block("$ sh\n# a=1"), "Prose.\n\n", block("# echo $a\n1\n# exit", "continues"))
        self.assertIn("2 passed", output)

    def test_hang_is_bounded(self):
        start = time.monotonic()
        self.fails("$ echo begun; sleep 1000\nbegun\n$ true", "timeout=1",
                   "docs/page.md:5: `echo begun; sleep 1000`: no prompt came back in 1 s; it printed:\n    begun")
        self.assertLess(time.monotonic() - start, 30)

    # --- values

    def test_masks_and_what_is_typed(self):
        self.passes("$ sleep 100 & echo $!\n[1] 31337\n31337\n$ kill -0 31337; kill 31337; wait\n"
                    "[1]+  Terminated              sleep 100", "mask=pid")
        self.fails("$ echo 123 4\n999 5", "mask=pid", "- 999 5", "+ 123 4")

    def test_namespaces_that_must_differ(self):
        body = "$ readlink /proc/self/ns/pid\npid:[4026531836]\n$ readlink /proc/$$/ns/pid\npid:[{}]"
        self.passes(body.format("4026531836"), "mask=ns")
        self.fails(body.format("4026532201"), "mask=ns", "only values differ")

    def test_captures(self):
        first = block("$ echo host is $(cat name)\nhost is lab", r'capture="name:is (\w+)"')
        prepare = block("$ echo farm > name; echo barn > other")
        output = self.run_page(prepare, first, block("$ cat name\nlab"))
        self.assertIn("3 passed", output)
        output = self.run_page(prepare, first, block("$ cat other\nlab"), status=1)
        self.assertIn("2 passed, 1 failed", output)
        other = block("$ echo two is $(cat name)\ntwo is shop", r'capture="two:is (\w+)" differ=name,two')
        self.assertIn("differ=name,two does not hold in the run: name=farm, two=farm",
                      self.run_page(prepare, first, other, status=1))
        self.assertIn("3 passed", self.run_page(prepare, first, other.replace("cat name", "cat other")))
        self.assertIn("no output on the page matches", self.run_page(block("$ true", "capture=a:(x)"), status=1))

    # --- needs and skips

    def test_missing_need(self):
        output = self.run_page(block("$ true", "needs=tool:no-such,linux:99.0"), block("$ true", "continues"), block("$ true"))
        self.assertIn("skipped docs/page.md:3: the program no-such is missing; this is Linux", output)
        self.assertIn("it continues a session that is skipped", output)
        self.assertIn("1 passed, 0 failed, 2 skipped", output)

    def test_more_skips_than_committed(self):
        self.change("docs/01-one.md", "session: ", "session: needs=tool:no-such ")
        self.write("docs/tools/skips.txt", "# a comment\nci 0\nv2 1\n")
        self.assertIn("3 passed, 0 failed, 1 skipped", self.book("test"))
        self.assertIn("FAIL 1 sessions were skipped, and 0 may be (docs/tools/skips.txt, ci)",
                      self.book("test", CI="true", status=1))
        self.book("test", MYDOCKER_LAB="v2")
        self.book("test", "--max-skips", "0", status=1)
        self.write("docs/tools/skips.txt", "ci 2\n")
        self.assertIn("allows 2 skips for ci: write 1 there", self.book("test", CI="true"))

    def test_page_that_is_not_there(self):
        self.assertIn("no page is called none", self.book("test", "none", status=1))

    # --- leftovers

    def test_process(self):
        self.fails("$ sleep 1234 &\n...", "", "docs/page.md:3: left behind (and removed now): process", ": sleep 1234")
        self.assertFalse(any(b"sleep\x001234" in file.read_bytes() for file in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                             if file.exists()))

    def test_orphan(self):
        self.fails("$ setsid -f sleep 1235", "", "left behind", ": sleep 1235")

    @root_only
    def test_file_mount_and_the_machine(self):
        before = pathlib.Path("/proc/self/mountinfo").read_text()
        self.fails("$ touch /tmp/left; ls /tmp\nleft\nmydocker", "", "file /tmp/left")
        self.fails("$ mkdir m; sudo mount -t tmpfs none m; touch m/x", "", "mount /tmp/mydocker/m (tmpfs)")
        self.assertEqual(before, pathlib.Path("/proc/self/mountinfo").read_text())
        self.assertFalse(pathlib.Path("/tmp/left").exists())

    @root_only
    def test_cgroup(self):
        place = next((mount for version in ("cgroup", "cgroup2") for mount, _ in needs.cgroup_mounts(version)
                      if os.access(mount, os.W_OK)), None)
        if place is None:
            self.skipTest("no cgroup hierarchy to write to")
        directory = f"{place}/book-test-{os.getpid()}"
        self.fails(f"$ mkdir {directory}", "", f"cgroup {directory}")
        self.assertFalse(os.path.exists(directory))

    @root_only
    def test_message_queue(self):
        self.fails("$ ipcmk -Q\nMessage queue id: 0", "mask=num", "System V queue")

    @root_only
    def test_host_mounts(self):
        own, host = (os.readlink("/proc/self/ns/mnt"), "$ readlink /proc/self/ns/mnt\n")
        self.run_page(block(host + own, "host"))
        self.run_page(block(host + own), status=1)
        before = pathlib.Path("/proc/self/mountinfo").read_text()
        self.fails("$ mkdir m; sudo mount -t tmpfs none m", "host", "tmp/mydocker/m (tmpfs)")
        self.assertEqual(before, pathlib.Path("/proc/self/mountinfo").read_text())

    @root_only
    def test_ordinary_user(self):
        self.passes(f"$ id -u; id -g\n{needs.ORDINARY_USER}\n{needs.ORDINARY_USER}\n$ echo mine > new; cat new\nmine\n"
                    "$ test -w /\n[1]\n$ echo $PATH | grep sbin\n[1]", "needs=user")

    # --- update

    def test_update_writes_what_came_out(self):
        page = block("$ echo a\nb\n$ (exit 2)\n$ seq 9\n1\n...\n8", "mask=num") + block("$ echo 77\n5", "mask=num")
        self.assertIn("wrote docs/page.md", self.run_page(page, command="update"))
        text = self.read("docs/page.md")
        self.assertIn("$ echo a\na\n$ (exit 2)\n[2]\n$ seq 9\n1\n...\n8\n", text)
        self.assertIn("$ echo 77\n5\n", text)  # masked, and still valid
        self.assertIn("2 passed", self.book("test", "page"))

    def test_update_reports_what_it_cannot_write(self):
        self.assertIn("left behind", self.run_page(block("$ setsid -f sleep 1236"), command="update", status=1))


if __name__ == "__main__":
    unittest.main()
