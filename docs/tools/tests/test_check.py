"""`book.py check` and `write`: the tests damage the book, and expect an error."""

import hashlib
import shutil
import sys
import unittest

from project import TOOLS, ProjectTest

sys.path.insert(0, str(TOOLS))

import links  # noqa: E402


class CheckTest(ProjectTest):
    def caught(self, *words):
        """check fails with one line that contains all these words."""
        output = self.book("check", status=1)
        lines = [line for line in output.splitlines() if line.startswith("FAIL ")]
        self.assertTrue(any(all(word in line for word in words) for line in lines), output)
        return output

    def test_a_true_book_passes(self):
        output = self.book("check")
        self.assertIn("docs/01-one.md: 2 code blocks, 4 sessions", output)
        self.assertIn("0 problems", output)

    # --- code

    def test_one_character_of_a_shown_region(self):
        self.change("chapters/01-one/main.cc", "int one = 1;", "int one = 2;")
        before = self.read("docs/01-one.md")
        output = self.caught("docs/01-one.md:11", "chapters/01-one/main.cc", "region 'body'")
        self.assertIn("-int one = 1;", output)
        self.assertIn("+int one = 2;", output)
        self.assertEqual(before, self.read("docs/01-one.md"))

    def test_one_character_of_the_page(self):
        self.change("docs/01-one.md", "return one;\n", "return  one;\n")
        self.caught("docs/01-one.md:11", "region 'body'")

    def test_write_mends_the_page(self):
        self.change("chapters/01-one/main.cc", "int one = 1;", "int one = 2;\n\n    // Indented.")
        self.book("write")
        self.assertIn("```cpp\nint one = 2;\n\n  // Indented.\nreturn one;\n```", self.read("docs/01-one.md"))
        self.book("check")

    def test_region_that_is_missing(self):
        self.change("docs/01-one.md", "region=inner", "region=other")
        self.caught("docs/01-one.md:", "no region 'other'", "body, inner")

    def test_file_that_is_missing(self):
        self.change("docs/01-one.md", "main.cc region=inner", "none.cc")
        self.caught("docs/01-one.md:", "no source file chapters/01-one/none.cc")

    def test_region_that_no_page_uses(self):
        self.write("common/lonely.h", "// #region lonely\nint a;\n// #endregion lonely\n")
        self.caught("common/lonely.h: region 'lonely' is used by no page")

    def test_doubled_region(self):
        self.write("scripts/x.sh", "# #region a\n:\n# #endregion a\n# #region a\n:\n# #endregion a\n")
        self.caught("scripts/x.sh:4: region 'a' is doubled: line 1")

    def test_region_that_is_never_closed(self):
        self.write("Makefile", "# #region a\nall:\n")
        self.caught("Makefile:1: region 'a' is never closed")

    def test_end_of_a_region_that_is_not_open(self):
        self.write("Makefile", "all:\n# #endregion a\n")
        self.caught("Makefile:2: #endregion a ends a region that is not open")

    def test_whole_file_and_longer_fence(self):
        self.write("scripts/x.sh", "#!/bin/sh\n# #region a\necho '```'\n# #endregion a\n")
        self.write("docs/more.md", "<!-- code: scripts/x.sh -->\n````sh\n````\n\n"
                                   "- in a list\n\n  <!-- code: scripts/x.sh region=a -->\n  ````sh\n  ````\n")
        self.book("write")
        text = self.read("docs/more.md")
        self.assertIn("````sh\n#!/bin/sh\necho '```'\n````", text)
        self.assertIn("  ````sh\n  echo '```'\n  ````", text)
        self.book("check")

    # --- blocks

    def test_block_that_nothing_checks(self):
        self.write("docs/more.md", "text\n\n```sh\nrm x\n```\n")
        self.caught("docs/more.md:3: nothing checks this block")

    def test_indented_code(self):
        self.write("docs/more.md", "text\n\n    rm x\n\n- a list\n\n    its text\n")
        output = self.caught("docs/more.md:3", "only indented")
        self.assertNotIn("docs/more.md:7", output)

    def test_not_run(self):
        block = "<!-- not-run: wants three machines -->\n```sh\nx\n```\n\n"
        self.write("docs/more.md", block * 5)
        self.book("check")
        self.write("docs/more.md", block * 6)
        self.caught("6 blocks are marked not-run, of 5")
        self.write("docs/more.md", block.replace("wants three machines", ""))
        self.caught("docs/more.md:1", "wants a reason")

    def test_comment_without_a_block(self):
        self.write("docs/more.md", "<!-- session: needs=root -->\n\n```console\n$ true\n```\n")
        self.caught("docs/more.md:1: no fenced block follows")

    def test_block_that_is_never_closed(self):
        self.write("docs/more.md", "```sh\n")
        self.caught("docs/more.md:1", "never closed")

    def test_sessions_that_cannot_be_read(self):
        for words, body, wanted in (
            ("needs=rot", "$ true", "no need 'rot'"),
            ("mask=pidd", "$ true", "no mask 'pidd'"),
            ("need=root", "$ true", "a session has no need"),
            ("capture=x", "$ true", "capture=NAME:REGEX"),
            ("capture=x:(", "$ true", "capture=x:("),
            ("timeout=long", "$ true", "timeout=long"),
            ("continues", "$ true", "no session before it"),
            ("needs=user", "$ sudo true", "cannot use sudo"),
            ("", "output", "begins with a prompt"),
            ("", "$ false\n[1]\nmore", "after the exit status"),
        ):
            with self.subTest(wanted):
                self.write("docs/more.md", f"<!-- session: {words} -->\n```console\n{body}\n```\n")
                self.caught("docs/more.md:", wanted)

    def test_block_of_the_readme(self):
        self.change("README.md", "# Project\n", "# Project\n\n```sh\nrm x\n```\n")
        self.caught("README.md:3: nothing checks this block")

    def test_sleep_is_no_way_to_wait(self):
        def page(typed):
            self.write("docs/more.md", f"<!-- session: -->\n```console\n$ true\n{typed}\n```\n")

        for typed in ("$ sleep 1", "$ sleep 1; cat x", "$ run & sleep 0.5 && kill %1", "$ sh -c 'sleep 1; cat x'",
                      "host$ sleep 2", "$ (sleep 1; kill $pid) &", "$ if run; then sleep 1; fi"):
            with self.subTest(typed):
                page(typed)
                self.caught("docs/more.md:4: sleep waits for a time")
        for typed in ("$ until test -e x; do sleep 0.1; done", "$ while sleep 0.1; grep -q x y; do", "$ (run sleep 9 &)",
                      "$ sudo ./run sh -c 'sleep 60'", "$ sleep 100 &", "$ sh -c 'sleep 60 & sleep 60 & true'",
                      "$ # sleep 1"):
            with self.subTest(typed):
                page(typed)
                self.book("check")

    def test_mask_that_hides_nothing(self):
        self.write("docs/more.md", "<!-- session: mask=num,pid -->\n```console\n$ echo 1\n1\n```\n")
        output = self.caught("docs/more.md:1: mask=pid is for nothing")
        self.assertNotIn("mask=num", output)

    # --- the table of sources

    def test_sources(self):
        def table(cell):
            self.write("docs/sources.md", "`no table`\n\n| section | page | file: function |\n| --- | --- | --- |\n"
                       f"| `a`: b | 1 | {cell} |\n\n`not one any more`\n")

        self.write("common/fd.h", "class UniqueFd { void Close(); };\n")
        for cell in ("–", "`fd.h`", "`fd.h`: `UniqueFd::Close`; `chapters/01-one/main.cc`: `Shown` (`make one`)"):
            table(cell)
            self.book("check")
        for cell, wanted in (("`none.h`: `Shown`", "there is no file none.h"), ("`fd.h`: `Shown`", "fd.h has no Shown"),
                             ("`fd.h`: `UniqueFd::Open`", "fd.h has no Open"), ("`fd.h`: `Clos`", "fd.h has no Clos"),
                             ("`Shown`", "neither a file nor a function"), ("`fd.h`: `not a name`", "neither a file")):
            with self.subTest(cell):
                table(cell)
                self.caught("docs/sources.md:5", wanted)

    # --- chapters

    def test_what_a_chapter_has(self):
        self.write("chapters/02-two-ns/run.cc", "\n")
        output = self.caught("chapters/02-two-ns has no page, docs/02-two-ns.md")
        for what in ("program, main.cc", "test, tests/chapters/two_ns*_test.cc or tests/grade/two_ns_checks.cc", "row in README.md"):
            self.assertIn(f"chapters/02-two-ns has no {what}", output)

    def test_flag_that_no_page_names(self):
        self.write("common/container/own_flags.h", "// From chapter 1.\n")
        self.write("common/container/own_flags.cc", 'ABSL_FLAG(std::string, its_own, "",\n')
        self.change("docs/01-one.md", "## Break it\n", "## Break it\n\n`-its-own-thing`\n")
        self.caught("common/container/own_flags.cc: the flag -its-own is named nowhere on the page of chapter 1")
        self.change("docs/01-one.md", "`-its-own-thing`", "`-its-own`")
        self.book("check")

    def test_parts_of_a_page(self):
        self.change("docs/01-one.md", "## Break it\n", "")
        self.caught("docs/01-one.md: the heading '## Break it' is missing")
        self.change("docs/01-one.md", "## Where we are", "## Break it\n## Where we are")
        self.caught("docs/01-one.md: its parts are not in the book's order")

    def test_sessions_and_pictures_of_a_page(self):
        self.change("docs/01-one.md", "<!-- session: -->\n```console\n$ echo one\none\n```\n", "")
        self.change("docs/01-one.md", "![one](img/one.svg)", "words")
        output = self.caught("docs/01-one.md: 3 sessions; a chapter's page has at least 4")
        self.assertIn("docs/01-one.md: a chapter's page has a picture", output)

    # --- links and pictures

    def test_links(self):
        self.write("docs/more.md", "# A `b_c`: d, e\n## Twice\n## Twice\n"
                   "[a](#a-b_c-d-e) [b](#twice-1) [c](01-one.md#break-it) [d](../README.md) [e](https://x.y/z)\n"
                   "[f](../chapters/01-one/main.cc#L8) `[no](link)`\n")
        self.book("check")
        for link, wanted in (("#twice-2", "anchor 'twice-2'"), ("01-one.md#nothing", "anchor 'nothing'"),
                             ("none.md", "no such file"), ("img/none.svg", "no such file"),
                             ("../chapters/01-one/main.cc#L9", "no line 9"), ("/README.md", "absolute")):
            with self.subTest(link):
                self.write("docs/more.md", f"# T\n## Twice\n## Twice\n\ntext ![x]({link}) text\n")
                self.caught("docs/more.md:5", link, wanted)

    def test_anchors_as_github_makes_them(self):
        for heading, anchor in (("What's new? (v2)", "whats-new-v2"), ("`/proc/PID/ns`", "procpidns"),
                                ("A - b", "a---b"), ("容器 and [link](x.md)", "容器-and-link"), ("a_b *c*", "a_b-c")):
            self.assertEqual(links.anchors(f"## {heading}\n"), {anchor})

    def test_picture_that_is_older_than_its_source(self):
        dot = "digraph { a -> b }\n"
        self.write("docs/img/two.dot", dot)
        self.caught("docs/img/two.svg is not drawn from two.dot")
        digest = hashlib.sha256(dot.encode()).hexdigest()
        self.write("docs/img/two.svg", f"<svg/>\n<!-- drawn from two.dot, sha256 {digest} -->\n")
        self.book("check")
        self.write("docs/img/two.dot", dot.replace("b", "c"))
        self.caught("docs/img/two.svg is not drawn from two.dot")
        if not shutil.which("dot"):
            self.assertIn("install graphviz", self.book("write", status=1))
            self.skipTest("graphviz is not installed: only its absence was tested")
        self.book("write")
        self.assertIn("<svg", self.read("docs/img/two.svg"))
        self.book("check")


if __name__ == "__main__":
    unittest.main()
