#include "tests/support/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

// The other side of the terminal, as the controlling one of a new session.
void TakeTerminal(int terminal) {
  setsid();
  ioctl(terminal, TIOCSCTTY, 0);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    dup2(terminal, stream);
  }
}

// Opens the side that programs see. By descriptor: in a new root or on a new
// mount of /dev/pts its name may belong to another terminal.
int OpenProgramsSide(int keyboard) {
  const int terminal =
      ioctl(keyboard, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings;
  EXPECT_EQ(tcgetattr(terminal, &settings), 0) << strerror(errno);
  settings.c_lflag &= ~ECHO;
  // Otherwise Ctrl-C makes the kernel drop output on its way to the screen, and
  // that may be the program's answer.
  settings.c_lflag |= NOFLSH;
  EXPECT_EQ(tcsetattr(terminal, TCSANOW, &settings), 0) << strerror(errno);
  return terminal;
}

}  // namespace

Terminal::Terminal(const Invocation& invocation) {
  keyboard_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_TRUE(keyboard_ >= 0 && grantpt(keyboard_) == 0 &&
              unlockpt(keyboard_) == 0)
      << "make a pseudoterminal: " << strerror(errno);
  // Open the terminal here before the program does: a terminal that nobody has
  // open looks like one whose last program has ended.
  const int terminal = OpenProgramsSide(keyboard_);
  pid_ = fork();
  if (pid_ == 0) {
    TakeTerminal(terminal);
    BecomeProgram(invocation);
    dprintf(STDERR_FILENO, "the test could not start the program: %s\n",
            strerror(errno));
    _exit(EXIT_FAILURE);
  }
  EXPECT_GT(pid_, 0) << "fork: " << strerror(errno);
  close(terminal);
}

Terminal::~Terminal() {
  if (!reaped_) {
    if (pid_ > 0) kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(keyboard_);
}

void Terminal::Type(const std::string& text) {
  EXPECT_EQ(write(keyboard_, text.data(), text.size()),
            static_cast<ssize_t>(text.size()))
      << strerror(errno);
}

bool Terminal::Read() {
  char buffer[4096];
  const ssize_t size = read(keyboard_, buffer, sizeof(buffer));
  if (size > 0) {
    screen_.append(buffer, size);
  }
  return size > 0;  // At the end, read(2) fails with EIO.
}

std::string Terminal::Expect(const std::string& text) {
  size_t found = std::string::npos;
  while ((found = screen_.find(text)) == std::string::npos) {
    if (!WaitReadable(keyboard_) || !Read()) {
      ADD_FAILURE() << "waited for \"" << text << "\" on the terminal; there is"
                    << " \"" << screen_ << "\"";
      return "";
    }
  }
  const std::string read = screen_.substr(0, found + text.size());
  screen_.erase(0, read.size());
  return read;
}

Result Terminal::Wait() {
  siginfo_t info = {};
  if (!WaitUntil([&] {
        // The program may be blocked in a write to a full terminal.
        pollfd event = {keyboard_, POLLIN, 0};
        if (poll(&event, 1, 0) == 1) {
          Read();
        }
        waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT);
        return info.si_pid == pid_;
      })) {
    ADD_FAILURE() << "the program on the terminal does not end; there is \""
                  << screen_ << "\"";
    if (pid_ > 0) kill(pid_, SIGKILL);
  }
  waitid(P_PID, pid_, &info, WEXITED);
  reaped_ = true;
  // Reads what is left, but does not wait for more: a process that the program
  // has left behind may have the terminal open.
  pollfd event = {keyboard_, POLLIN, 0};
  while (poll(&event, 1, 0) == 1 && Read()) {
  }
  Result result = {.out = screen_};
  (info.si_code == CLD_EXITED ? result.exit_status : result.signal) =
      info.si_status;
  return result;
}

}  // namespace blackbox
