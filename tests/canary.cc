// Two faulty programs, for tests/canary.sh: the build of `make test-sanitizers`
// must catch both, or it catches nothing.
//
//     canary heap   writes past the end of what it has allocated
//     canary int    adds 1 to the largest int
//
// Without a sanitizer both go unnoticed, with exit status 0.

#include <climits>
#include <cstring>
#include <memory>

int main(int argc, char* argv[]) {
  // Volatile, so that the compiler neither warns of the fault nor removes it.
  volatile int one = 1;
  if (argc > 1 && strcmp(argv[1], "heap") == 0) {
    const std::unique_ptr<char[]> bytes(new char[16]);
    const_cast<volatile char*>(bytes.get())[15 + one] = 'x';
  } else if (argc > 1 && strcmp(argv[1], "int") == 0) {
    volatile int sum = INT_MAX;
    sum = sum + one;
  }
  return 0;
}
