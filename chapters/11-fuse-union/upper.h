// Changes of the upper directory. Each happens completely or not at all: a
// process killed in the middle leaves nothing half done to be seen. Changes
// that take several system calls are made in the work directory, and one
// rename(2) shows the result.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_UPPER_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_UPPER_H_

#include <atomic>
#include <functional>
#include <string>

#include "chapters/11-fuse-union/layers.h"

namespace mydocker {

// Makes something called `name` in `directory`; returns an errno.
using Maker = std::function<int(int directory, const char* name)>;

// All functions return an errno, 0 on success. `parent` is the upper directory
// or one in it.
class Upper {
 public:
  explicit Upper(const Layers& layers) : layers_(layers) {}

  // Returns an unused name for the work directory.
  std::string NewName();
  int work() const { return layers_.work.get(); }

  // Lets `maker` make `name` in `parent`, where the union shows nothing of that
  // name. If a whiteout is there, the new file takes its place, and a new
  // directory does not show what the whiteout hid.
  int Make(int parent, const std::string& name, const Maker& maker);

  // Moves `temporary` from the work directory to `name` in `parent`, over a
  // whiteout if there is one.
  int MoveIn(const std::string& temporary, int parent, const std::string& name);

  // Removes `name` from `parent`: a file, or a directory that holds only
  // whiteouts. If a layer below has the name (`below`), a whiteout takes its
  // place.
  int Remove(int parent, const std::string& name, bool below);

  // Puts a whiteout into `parent`, which has nothing of that name.
  int AddWhiteout(int parent, const std::string& name);

  // Renames within the upper directory, with the flags of renameat2(2). If a
  // layer below has the old name, a whiteout takes its place.
  int Rename(int parent, const std::string& name, int new_parent,
             const std::string& new_name, unsigned flags, bool below);

  // Removes the whiteout file of `name`, where a new file is now.
  void RemoveMark(int parent, const std::string& name);

  // Marks a directory as hiding those below it.
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
