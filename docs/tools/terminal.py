"""A shell in a pseudo-terminal, in which the runner types commands.

Shells (bash, dash, busybox) take their prompt from the environment and expand
variables in it. So each prompt itself contains its shell and the exit status of
the last command. The runner waits for it, and never sleeps.
"""

import os
import re
import signal
import time

import pexpect

from needs import ORDINARY_USER

# DOCS_TERMINAL is not exported: only the shell that this program starts has it.
PS1 = "\x1e${DOCS_TERMINAL:-inside}:$?\x1f"
PROMPT = re.compile("\x1e(host|inside):([0-9]+)\x1f")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ANYTHING = re.compile(r".+", re.DOTALL)
ROWS, COLUMNS = 50, 100
CLOSING_SECONDS = 5
SHELL = ["--noprofile", "--norc", "--noediting", "-i"]
# As Debian sets it: an ordinary user's PATH lacks sysctl, for example.
ROOTS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USERS_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
# sudo(8) resets the environment, and with it the prompt. So does a container from
# chapter 12 on, unless told otherwise.
SUDO = (
    """sudo() { if [[ "$1 $2" = "./mydocker run" && " $* " = *" -ti "* ]] && ./mydocker run -help | grep -q '^ *-e,'; """
    """then set -- "$1" "$2" -e PS1 -e PS2 "${@:3}"; fi; """
    """if ((EUID == 0)); then env -- "$@"; else command sudo -n PS1="$PS1" PS2= "$@"; fi; }"""
)


class Stuck(Exception):
    """A typed command did not end as it should."""


def environment(home, ordinary_user):
    return {
        "PATH": USERS_PATH if ordinary_user else ROOTS_PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": str(COLUMNS),
        "TZ": "UTC",
        "PS1": PS1,
        "PS2": "",
    }


class Terminal:
    """One terminal with a shell of the host in it."""

    def __init__(self, project, timeout, prepare=None, ordinary_user=False):
        """`prepare` is called in the child, before the shell is executed."""

        def in_child():
            # Python ignores these signals, and its children inherit that. In a reader's terminal
            # they are not ignored.
            for name in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(name, signal.SIG_DFL)
            if prepare:
                prepare()
            if ordinary_user and os.geteuid() == 0:
                os.fchown(0, ORDINARY_USER, -1)
                os.setgroups([])
                os.setgid(ORDINARY_USER)
                os.setuid(ORDINARY_USER)

        self.where, self.status, self.timeout = "host", 0, timeout
        self.child = pexpect.spawn(
            "/bin/bash", SHELL, cwd=str(project), env=environment(project, ordinary_user), echo=False, encoding="utf-8",
            codec_errors="replace", dimensions=(ROWS, COLUMNS), preexec_fn=in_child, timeout=timeout)
        self.child.delaybeforesend = None
        # The prompt distinguishes the reader's shell from shells that it
        # starts; see PS1.
        self._wait("the shell's first prompt")
        self.run(f"DOCS_TERMINAL=host; unset HISTFILE PROMPT_COMMAND; {SUDO}")

    def _wait(self, what):
        """Reads up to the next prompt; returns the lines before it."""
        found = self.child.expect([PROMPT, pexpect.EOF, pexpect.TIMEOUT], timeout=self.timeout)
        lines = self._lines(self.child.before)
        if found == 1:
            raise Stuck(f"{what}: the terminal's own shell has ended" + so_far(lines))
        if found == 2:
            raise Stuck(f"{what}: no prompt came back in {self.timeout} s" + so_far(lines)
                        + "\n    (a shell inside has to be sh: it takes its prompt from PS1)")
        self.where, self.status = self.child.match[1], int(self.child.match[2])
        return lines

    @staticmethod
    def _lines(text):
        text = ESCAPES.sub("", text.replace("\r\n", "\n")).removesuffix("\n")
        return [line.rstrip() for line in text.split("\n")] if text else []

    def run(self, text):
        """Types it and returns its output."""
        self.child.send(text + "\n")
        return self._wait(f"`{text}`")

    def start(self, text, is_complete):
        """Types a command that stays in the foreground, and waits until is_complete(lines so far)."""
        shell = os.tcgetpgrp(self.child.fileno())
        self.child.send(text + "\n")
        seen, deadline = "", time.monotonic() + self.timeout
        # Up to the end of a line: the output after ^C must not begin with this line end as an empty
        # line.
        while not is_complete(self._lines(seen)) or seen and not seen.endswith("\n"):
            # Any output, a piece at a time.
            found = self.child.expect([ANYTHING, pexpect.EOF, pexpect.TIMEOUT],
                                      timeout=max(0.0, deadline - time.monotonic()))
            seen += self.child.match[0] if found == 0 else ""
            ended = PROMPT.search(seen)
            if found != 0 or ended:
                how = "it ended before ^C" if ended else f"it did not print what the page shows in {self.timeout} s"
                raise Stuck(f"`{text}`: {how}" + so_far(self._lines(PROMPT.sub("", seen))))
        # ^C goes to the foreground, which must no longer be the shell.
        while os.tcgetpgrp(self.child.fileno()) == shell:
            if time.monotonic() > deadline:
                raise Stuck(f"`{text}`: it did not come to the foreground in {self.timeout} s")
            time.sleep(0.01)  # no event reports it
        return self._lines(seen)

    def interrupt(self):
        """Presses Ctrl-C."""
        self.child.send("\x03")
        return self._wait("^C")

    def close(self):
        """Ends the shell; its background processes stay, for the leftover check to find."""
        try:
            deadline = time.monotonic() + CLOSING_SECONDS
            self.child.send("exit\n")
            # A background process keeps the terminal open when the shell has ended.
            while self.child.isalive() and time.monotonic() < deadline:
                if self.child.expect([pexpect.EOF, PROMPT, pexpect.TIMEOUT], timeout=0.1) == 1:
                    break  # a shell inside has ended
        except (OSError, pexpect.ExceptionPexpect):
            pass
        self.child.close(force=True)


def so_far(lines):
    return ("; it printed:\n" + "\n".join("    " + line for line in lines[-20:])) if lines else "; it printed nothing"
