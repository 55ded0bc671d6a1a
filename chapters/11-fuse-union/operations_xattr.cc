// getxattr, listxattr, setxattr, removexattr.

#include <errno.h>

#include <shared_mutex>

#include "absl/strings/match.h"
#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/operations.h"

namespace mydocker {
namespace {

// Answers with `text`, or with its length if the caller asked for that (size
// 0).
void ReplyText(fuse_req_t request, int error, const std::string& text,
               size_t size) {
  if (error != 0) {
    fuse_reply_err(request, error);
  } else if (size == 0) {
    fuse_reply_xattr(request, text.size());
  } else if (text.size() > size) {
    fuse_reply_err(request, ERANGE);
  } else {
    fuse_reply_buf(request, text.data(), text.size());
  }
}

void GetXattr(fuse_req_t request, fuse_ino_t id, const char* name,
              size_t size) {
  Node& node = NodeOf(request, id);
  std::string value;
  int error = ENODATA;
  if (!IsMarkAttribute(name)) {
    const std::shared_lock place(node.place);
    error = GetAttribute(SpotOf(node), name, value);
  }
  ReplyText(request, error, value, size);
}

void ListXattr(fuse_req_t request, fuse_ino_t id, size_t size) {
  Node& node = NodeOf(request, id);
  std::string list;
  int error = 0;
  {
    const std::shared_lock place(node.place);
    error = ListAttributes(SpotOf(node), list);
  }
  // The kernel hides these from everyone but root, but when it asks us it does
  // not know for whom.
  const bool hides_trusted = fuse_req_ctx(request)->uid != 0;
  std::string shown;
  for (size_t at = 0; at < list.size(); at = list.find('\0', at) + 1) {
    const std::string name = list.c_str() + at;
    if (!IsMarkAttribute(name) &&
        !(hides_trusted && absl::StartsWith(name, "trusted."))) {
      shown += name + '\0';
    }
  }
  ReplyText(request, error, shown, size);
}

// #region set-xattr
void SetXattr(fuse_req_t request, fuse_ino_t id, const char* name,
              const char* value, size_t size, int flags) {
  Node& node = NodeOf(request, id);
  int error = IsMarkAttribute(name) ? EPERM : CopyUp(UnionOf(request), node);
  if (error == 0) {
    const std::shared_lock place(node.place);
    error = SetAttribute(SpotOf(node), name, std::string(value, size), flags);
  }
  fuse_reply_err(request, error);
}
// #endregion set-xattr

void RemoveXattr(fuse_req_t request, fuse_ino_t id, const char* name) {
  Node& node = NodeOf(request, id);
  std::string value;
  int error = ENODATA;
  if (!IsMarkAttribute(name)) {
    // If the attribute is not there, nothing needs to be copied up.
    const std::shared_lock place(node.place);
    error = GetAttribute(SpotOf(node), name, value);
  }
  if (error == 0) {
    error = CopyUp(UnionOf(request), node);
  }
  if (error == 0) {
    const std::shared_lock place(node.place);
    error = RemoveAttribute(SpotOf(node), name);
  }
  fuse_reply_err(request, error);
}

}  // namespace

void AddAttributes(fuse_lowlevel_ops& operations) {
  operations.getxattr = GetXattr;
  operations.listxattr = ListXattr;
  operations.setxattr = SetXattr;
  operations.removexattr = RemoveXattr;
}

}  // namespace mydocker
