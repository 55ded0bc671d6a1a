#include "tests/support/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "gtest/gtest.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

struct PipeEnds {
  int read = -1;
  int write = -1;
};

PipeEnds MakePipe() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0) << strerror(errno);
  return {ends[0], ends[1]};
}

void CloseIfOpen(int& fd) {
  if (fd >= 0) {
    close(fd);
    fd = -1;
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Result& result) {
  if (result.signal != -1) {
    stream << "killed by signal " << result.signal;
  } else {
    stream << "exit status " << result.exit_status;
  }
  return stream << "\n  standard output: \"" << result.out
                << "\"\n  standard error: \"" << result.err << "\"";
}

Process::Process(const Invocation& invocation) : input_(invocation.input) {
  PipeEnds input = MakePipe();
  PipeEnds out = MakePipe();
  PipeEnds err = MakePipe();
  pid_ = fork();
  if (pid_ == 0) {
    dup2(input.read, STDIN_FILENO);
    dup2(out.write, STDOUT_FILENO);
    dup2(err.write, STDERR_FILENO);
    BecomeProgram(invocation);
    dprintf(err.write, "the test could not start the program: %s\n",
            strerror(errno));
    _exit(EXIT_FAILURE);
  }
  EXPECT_GT(pid_, 0) << "fork: " << strerror(errno);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  CloseIfOpen(input.read);
  CloseIfOpen(out.write);
  CloseIfOpen(err.write);
  input_fd_ = input.write;
  out_fd_ = out.read;
  err_fd_ = err.read;
  for (const int fd : {input_fd_, out_fd_, err_fd_}) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
}

Process::~Process() {
  if (!reaped_) {
    Signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&pidfd_, &input_fd_, &out_fd_, &err_fd_}) {
    CloseIfOpen(*fd);
  }
}

void Process::Drain(Stream stream) {
  char buffer[65536];
  ssize_t size = 0;
  while (*stream.fd >= 0 &&
         (size = read(*stream.fd, buffer, sizeof(buffer))) > 0) {
    stream.text->append(buffer, size);
  }
  if (size == 0) {
    CloseIfOpen(*stream.fd);
  }
}

void Process::Feed() {
  while (input_fd_ >= 0 && !input_.empty()) {
    const ssize_t written = write(input_fd_, input_.data(), input_.size());
    if (written < 0 && errno == EAGAIN) {
      return;
    }
    if (written < 0) {  // Nobody reads it any more.
      CloseIfOpen(input_fd_);
      return;
    }
    input_.erase(0, written);
  }
  if (close_input_) {
    CloseIfOpen(input_fd_);
  }
}

bool Process::PumpUntil(const std::function<bool()>& done) {
  const Deadline deadline;
  while (true) {
    Feed();
    Drain({&out_fd_, &out_});
    Drain({&err_fd_, &err_});
    if (done()) {
      return true;
    }
    if (deadline.IsOver()) {
      return false;
    }
    pollfd events[] = {{out_fd_, POLLIN, 0},
                       {err_fd_, POLLIN, 0},
                       {pidfd_, POLLIN, 0},
                       // Poll for writing only if there is input left.
                       {input_.empty() ? -1 : input_fd_, POLLOUT, 0}};
    poll(events, std::size(events), deadline.MillisecondsLeft());
  }
}

std::string Process::TakeLine(Stream stream, const char* name) {
  size_t end = std::string::npos;
  PumpUntil([&] {
    end = stream.text->find('\n');
    return end != std::string::npos || *stream.fd < 0;
  });
  if (end == std::string::npos) {
    ADD_FAILURE() << "waited for a line on " << name << "; so far\n"
                  << Result{.out = out_, .err = err_};
    return "";
  }
  const std::string line = stream.text->substr(0, end);
  stream.text->erase(0, end + 1);
  return line;
}

std::string Process::ReadLine() {
  return TakeLine({&out_fd_, &out_}, "standard output");
}

std::string Process::ReadErrorLine() {
  return TakeLine({&err_fd_, &err_}, "standard error");
}

void Process::Write(const std::string& text) {
  input_ += text;
  Feed();
}

void Process::CloseInput() {
  close_input_ = true;
  Feed();
}

void Process::Signal(int signal) {
  syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
}

Result Process::Wait() {
  CloseInput();
  siginfo_t info = {};
  const bool ended = PumpUntil([&] {
    waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == pid_;
  });
  if (!ended) {
    ADD_FAILURE() << "the program does not end";
    Signal(SIGKILL);
  }
  waitid(P_PID, pid_, &info, WEXITED);
  reaped_ = true;
  // Whatever it has written is in the pipes by now. Do not wait for their end:
  // a process that the program has left behind may hold them open.
  Drain({&out_fd_, &out_});
  Drain({&err_fd_, &err_});
  Result result = {.out = out_, .err = err_};
  (info.si_code == CLD_EXITED ? result.exit_status : result.signal) =
      info.si_status;
  return result;
}

Result Execute(const Invocation& invocation) {
  return Process(invocation).Wait();
}

Result RunOnHost(const std::string& script) {
  return Execute({.args = {"-c", script}, .program = "sh"});
}

void ExpectRefused(const std::vector<std::string>& args,
                   const std::vector<std::string>& mentions) {
  SCOPED_TRACE(testing::PrintToString(args));
  const Result result = Execute({.args = args});
  EXPECT_THAT(result, FailsInOneLine(125, testing::HasSubstr("mydocker")));
  for (const std::string& word : mentions) {
    // Not a part of another: "m" is not in "mydocker".
    EXPECT_THAT(result.err, testing::ContainsRegex(absl::StrCat(
                                "(^|[^[:alnum:]])", word, "([^[:alnum:]]|$)")));
  }
}

}  // namespace blackbox
