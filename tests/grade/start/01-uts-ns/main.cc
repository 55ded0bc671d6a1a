// Runs a command, in no container at all: the beginning of chapter 1.
//
//     make workshop1 && sudo workshop/01-uts-ns/run echo hello
//
// It keeps the host's name, and does not report how the command ends.

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char* argv[]) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s COMMAND [ARG...]\n", argv[0]);
    return 1;
  }
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return 0;
}
