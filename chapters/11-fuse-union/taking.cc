#include "chapters/11-fuse-union/taking.h"

#include <errno.h>

#include <vector>

#include "chapters/11-fuse-union/operations.h"

namespace mydocker {

Taking::Taking(Union& all, Node& parent, const std::string& name)
    : all_(all), name_{&parent, name} {
  fuse_entry_param entry = {};
  error_ = LookUp(all, parent, name, entry);
  if (error_ == 0) {
    node_ = &NodeOf(all, entry.ino);
  }
}

Taking::~Taking() {
  if (node_ != nullptr) {
    all_.nodes.Forget(*node_, 1);
  }
}

int Taking::CheckEmpty() const {
  std::vector<Entry> inside;
  const int error = IsDirectory() ? List(*node_->directory, inside) : 0;
  return error != 0 ? error : inside.empty() ? 0 : ENOTEMPTY;
}

// #region detach
int Taking::Detach() {
  const std::vector<Name>& names = node_->names;
  const bool is_last =
      names.empty() || (names.size() == 1 && names.front() == name_);
  if (!is_last || node_->nameless.valid()) {
    return 0;
  }
  UniqueFd opened = OpenAt(SpotOf(*node_), O_PATH);
  if (!opened.valid()) {
    return errno;
  }
  node_->nameless = std::move(opened);
  detached_ = true;
  return 0;
}
// #endregion detach

void Taking::Reattach() {
  if (detached_) {
    node_->nameless.Close();
    detached_ = false;
  }
}

void Taking::RemoveName() { all_.nodes.RemoveName(*node_, name_); }

void Taking::ChangeName(Node& parent, const std::string& name) {
  RemoveName();
  all_.nodes.AddName(*node_, {&parent, name});
}

}  // namespace mydocker
