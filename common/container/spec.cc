#include "common/container/spec.h"

namespace mydocker {

std::string Annotation(const Spec& spec, const std::string& name) {
  const auto found = spec.annotations.find(name);
  return found == spec.annotations.end() ? "" : found->second;
}

}  // namespace mydocker
