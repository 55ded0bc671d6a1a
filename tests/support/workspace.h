// Directories for a test, made for each one and removed after it.

#ifndef MYDOCKER_TESTS_SUPPORT_WORKSPACE_H_
#define MYDOCKER_TESTS_SUPPORT_WORKSPACE_H_

#include <string>

namespace blackbox {

// Makes the directories below. ContainerTest does this before each test.
void MakeWorkspace();
// Removes them. Everything in them must be unmounted.
void RemoveWorkspace();

// Returns a directory for the test's own files, which every user may enter.
std::string TestDirectory();

// Returns the directory in which programs start, and the one that is their
// TMPDIR. Everybody may write there, and nobody should: any file left there
// after the test is a leak.
std::string WatchedDirectory();
std::string WatchedTemporaryDirectory();

// Returns the path of a copy of `program` that every user may execute. The
// project itself may be in a home directory that nobody else may enter.
std::string CopyForEverybody(const std::string& program);

// Writes a file with these permissions into TestDirectory(), and returns its
// path.
std::string MakeFile(const std::string& name, const std::string& content,
                     unsigned permissions);

// Returns a word that no other test, run or machine has used: 12 letters after
// the prefix "t". A program cannot make up an answer that contains it.
std::string RandomName();

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_WORKSPACE_H_
