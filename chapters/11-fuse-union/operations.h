// The kernel's questions and the answers: the functions of libfuse's low-level
// interface (fuse_lowlevel.h), in groups. Each takes its arguments from the
// request, works through a function that returns an errno, and answers.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_OPERATIONS_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_OPERATIONS_H_

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include <string>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/thread.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

// Each adds the functions of one group.
void AddLookups(fuse_lowlevel_ops& operations);      // operations_lookup.cc
void AddDirectories(fuse_lowlevel_ops& operations);  // operations_directory.cc
void AddFiles(fuse_lowlevel_ops& operations);        // operations_file.cc
void AddNames(fuse_lowlevel_ops& operations);        // operations_names.cc
void AddRenames(fuse_lowlevel_ops& operations);      // operations_rename.cc
void AddChanges(fuse_lowlevel_ops& operations);      // operations_change.cc
void AddAttributes(fuse_lowlevel_ops& operations);   // operations_xattr.cc

// The parts of a request.
inline Union& UnionOf(fuse_req_t request) {
  return *static_cast<Union*>(fuse_req_userdata(request));
}
inline Node& NodeOf(Union& all, fuse_ino_t id) {
  return id == FUSE_ROOT_ID ? all.nodes.root()
                            // NOLINTNEXTLINE(performance-no-int-to-ptr)
                            : *reinterpret_cast<Node*>(id);
}
inline Node& NodeOf(fuse_req_t request, fuse_ino_t id) {
  return NodeOf(UnionOf(request), id);
}
inline ActingAs CallerOf(fuse_req_t request) {
  const fuse_ctx* context = fuse_req_ctx(request);
  return {context->uid, context->gid, context->umask};
}

// The functions below return an errno, 0 on success.

// Looks `name` up and sets `entry` to the answer for the kernel. This counts as
// one lookup. The caller holds `parent.entries`.
int LookUp(Union& all, Node& parent, const std::string& name,
           fuse_entry_param& entry);

// Reads what stat(2) shows for the file. The size does not include writes that
// the kernel has not sent yet.
int StatNode(Node& node, struct stat& attributes);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_OPERATIONS_H_
