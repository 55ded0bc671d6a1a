// Random file operations, to perform the same in two places.

#ifndef MYDOCKER_TESTS_SUPPORT_FILE_OPERATIONS_H_
#define MYDOCKER_TESTS_SUPPORT_FILE_OPERATIONS_H_

#include <sys/types.h>

#include <array>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace blackbox {

// Performs the operations in a directory, and holds some files open.
struct Actor {
  explicit Actor(std::string directory);
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor();

  std::string root;
  std::array<int, 4> held = {-1, -1, -1, -1};
};

// One operation and its arguments. The kind determines their meaning.
struct Step {
  size_t kind = 0;
  std::string path;
  std::string other;
  uint64_t number = 0;
  // Who performs it: root (0) or an ordinary user.
  uid_t user = 0;
};

// A sequence of steps that depends on the seed alone.
class FileOperations {
 public:
  explicit FileOperations(uint64_t seed) : random_(seed) {}

  // NextToMake returns a step that makes a file, Next one of any kind.
  Step NextToMake();
  Step Next();

  static size_t CountKinds();
  static size_t CountMakingKinds();

  // Performs it and returns the result: an errno's name, or what was read.
  static std::string Do(Actor& actor, const Step& step);
  // The step in words.
  static std::string Describe(const Step& step);

 private:
  std::string RandomPath();
  Step NextOf(size_t kinds);

  std::mt19937_64 random_;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_FILE_OPERATIONS_H_
