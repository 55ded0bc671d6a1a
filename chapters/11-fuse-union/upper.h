// Changes of the upper directory, each of which is there as a whole or not at
// all: a process that is killed in the middle leaves no half of it to be seen.
// What takes more than one system call happens in the work directory, and one
// rename(2) shows it.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_UPPER_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_UPPER_H_

#include <atomic>
#include <functional>
#include <string>

#include "chapters/11-fuse-union/layers.h"

namespace mydocker {

// Makes something called `name` in `directory`; returns an errno.
using Maker = std::function<int(int directory, const char* name)>;

// All functions return an errno, 0 if it is done. `parent` is a directory in
// the upper one.
class Upper {
 public:
  explicit Upper(const Layers& layers) : layers_(layers) {}

  // A name in the work directory that nothing has.
  std::string NewName();
  int work() const { return layers_.work.get(); }

  // Lets `maker` make `name` in `parent`, where nothing of that name is to be
  // seen. If that is so because of a whiteout, the new file takes its place,
  // and a directory does not show what it hid.
  int Make(int parent, const std::string& name, const Maker& maker);

  // Moves `temporary` from the work directory to `name` in `parent`. There may
  // be a whiteout.
  int MoveIn(const std::string& temporary, int parent, const std::string& name);

  // Removes what `parent` has under that name, a file or a directory with
  // nothing but whiteouts in it. If a layer below has the name (`below`), a
  // whiteout takes its place.
  int Remove(int parent, const std::string& name, bool below);

  // Puts a whiteout where `parent` has nothing.
  int AddWhiteout(int parent, const std::string& name);

  // Renames within the upper directory, with the flags of renameat2(2). If a
  // layer below has the old name, a whiteout takes its place.
  int Rename(int parent, const std::string& name, int new_parent,
             const std::string& new_name, unsigned flags, bool below);

  // Removes the mark beside `name` that something has been put over.
  void RemoveMark(int parent, const std::string& name);

  // Marks a directory: nothing below it is to be seen.
  int HideBelow(int parent, const std::string& name) {
    return MakeOpaque(layers_.forms, parent, name);
  }

  bool MarksWithDevices() const {
    return layers_.forms.whiteout == MarkForms::Whiteout::kDevice;
  }

 private:
  int MakeNest(int parent, const std::string& nest);
  int ShowThrough(int from, const std::string& temporary, int parent,
                  const std::string& name);

  const Layers& layers_;
  std::atomic<uint64_t> next_ = 0;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_UPPER_H_
