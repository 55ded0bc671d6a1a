// From chapter 1.
//
// Who has the terminal: whom Ctrl-C is for, and who may read from it.

#ifndef MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_
#define MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_

#include <signal.h>

namespace mydocker {

// Returns whether standard input is a terminal, and the caller's process group
// its foreground: the one that Ctrl-C goes to and that may read
// (credentials(7), "Process group").
bool IsInForeground();

// Makes the caller the leader of a process group of its own, and that group the
// foreground of the terminal, if standard input is one.
//
// For the first process of a PID namespace: its parent's group has no number
// there, and a shell that asks who has the terminal, so as to give it back at
// its end, would get no answer and fail.
void BecomeForegroundGroup();

// Makes the caller's group the foreground again if the one that is has died. If
// there is no terminal, or somebody alive has it, does nothing.
void TakeTerminalBack();

// While it lives, the signals of the keyboard, SIGINT (Ctrl-C) and SIGQUIT
// (Ctrl-\), are ignored.
class KeyboardSignalsIgnored {
 public:
  KeyboardSignalsIgnored();
  KeyboardSignalsIgnored(const KeyboardSignalsIgnored&) = delete;
  KeyboardSignalsIgnored& operator=(const KeyboardSignalsIgnored&) = delete;
  ~KeyboardSignalsIgnored() { Restore(); }

  // Makes the signals do again what they did before, in the calling process:
  // for a child, which begins with what its parent ignores.
  void Restore() const;

 private:
  struct sigaction on_interrupt_;
  struct sigaction on_quit_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_
