// The check by which a fuzz target tests the code that it calls.
//
// A target is a file tests/fuzz/NAME_fuzz.cc with libFuzzer's entry point; its
// initial inputs are the files in tests/fuzz/corpus/NAME. `make fuzz-smoke`
// runs all of them, `make fuzz TARGET=NAME` one for longer.

#ifndef MYDOCKER_TESTS_FUZZ_PROPERTY_H_
#define MYDOCKER_TESTS_FUZZ_PROPERTY_H_

#include <stdio.h>
#include <stdlib.h>

// Aborts if `condition` does not hold: libFuzzer sees a crash, and keeps the
// input.
#define PROPERTY(condition)                                           \
  if (!(condition)) {                                                 \
    fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
            #condition);                                              \
    abort();                                                          \
  }                                                                   \
  static_assert(true, "")

#endif  // MYDOCKER_TESTS_FUZZ_PROPERTY_H_
