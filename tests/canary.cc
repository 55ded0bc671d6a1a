// Two programs that are wrong, for tests/canary.sh: what `make test-sanitizers`
// builds must notice them, or it notices nothing.
//
//     canary heap   writes behind the end of what it has allocated
//     canary int    adds 1 to the largest int
//
// Without a sanitizer both go unnoticed, with exit status 0.

#include <climits>
#include <cstring>
#include <memory>

int main(int argc, char* argv[]) {
  // What the compiler cannot foresee, it does not warn of, or leave out.
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
