#include "common/container/spec_json.h"

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

using Json = nlohmann::ordered_json;

// ---------------------------------------------------------------- the fields
//
// Each struct's fields, for writing and for reading. Needs: must be there. May:
// is left out if it is empty, zero or false.

// #region fields
template <typename Fields>
void Visit(Fields& fields, User& user) {
  fields.Needs("uid", user.uid);
  fields.Needs("gid", user.gid);
  fields.May("additionalGids", user.additional_gids);
}

template <typename Fields>
void Visit(Fields& fields, ResourceLimit& limit) {
  fields.Needs("type", limit.type);
  fields.Needs("soft", limit.soft);
  fields.Needs("hard", limit.hard);
}

template <typename Fields>
void Visit(Fields& fields, ProcessSpec& process) {
  fields.Needs("args", process.args);
  fields.May("env", process.env);
  fields.May("cwd", process.cwd);
  fields.Needs("user", process.user);
  fields.May("rlimits", process.rlimits);
}

template <typename Fields>
void Visit(Fields& fields, RootSpec& root) {
  fields.Needs("path", root.path);
  fields.May("readonly", root.readonly);
}

template <typename Fields>
void Visit(Fields& fields, MountSpec& mount) {
  fields.Needs("destination", mount.destination);
  fields.May("type", mount.type);
  fields.May("source", mount.source);
  fields.May("options", mount.options);
}

template <typename Fields>
void Visit(Fields& fields, NamespaceSpec& space) {
  fields.Needs("type", space.type);
}
// #endregion fields

// The parts of ResourceConfig that the OCI has as objects.
struct Memory {
  ResourceConfig& config;
};
struct Cpu {
  ResourceConfig& config;
};
struct Pids {
  ResourceConfig& config;
};

template <typename Fields>
void Visit(Fields& fields, Memory& memory) {
  fields.May("limit", memory.config.memory_limit);
}

template <typename Fields>
void Visit(Fields& fields, Cpu& cpu) {
  fields.May("shares", cpu.config.cpu_shares);
  fields.May("cpus", cpu.config.cpuset);
}

template <typename Fields>
void Visit(Fields& fields, Pids& pids) {
  fields.May("limit", pids.config.pids_limit);
}

template <typename Fields>
void Visit(Fields& fields, ResourceConfig& resources) {
  Memory memory = {resources};
  Cpu cpu = {resources};
  Pids pids = {resources};
  fields.May("memory", memory);
  fields.May("cpu", cpu);
  fields.May("pids", pids);
}

template <typename Fields>
void Visit(Fields& fields, LinuxSpec& linux_spec) {
  fields.May("cgroupsPath", linux_spec.cgroups_path);
  fields.May("namespaces", linux_spec.namespaces);
  fields.May("resources", linux_spec.resources);
}

template <typename Fields>
void Visit(Fields& fields, Spec& spec) {
  fields.Needs("ociVersion", spec.oci_version);
  fields.Needs("process", spec.process);
  fields.May("root", spec.root);
  fields.May("hostname", spec.hostname);
  fields.May("domainname", spec.domainname);
  fields.May("mounts", spec.mounts);
  fields.May("linux", spec.linux);
  fields.May("annotations", spec.annotations);
}

// ------------------------------------------------------------------ the text

// How a text stands in JSON. Errors: InvalidArgument, without the path.
struct Coding {
  absl::StatusOr<std::string> (*write)(const std::string& text);
  absl::StatusOr<std::string> (*read)(const std::string& text);
};

absl::StatusOr<std::string> WriteUtf8(const std::string& text) {
  try {
    [[maybe_unused]] const std::string dumped = Json(text).dump();
  } catch (const Json::type_error&) {
    return absl::InvalidArgumentError(
        "it is not UTF-8, which is all that JSON can hold");
  }
  return text;
}

absl::StatusOr<std::string> ReadUtf8(const std::string& text) {
  return text;  // The parser has checked it.
}

constexpr Coding kUtf8 = {WriteUtf8, ReadUtf8};

// #region bytes
// A byte from 0x80 on as the character of that number: two bytes of UTF-8.
constexpr unsigned char kFirstBeyondAscii = 0x80;
constexpr unsigned char kLowBits = 0x3f;

absl::StatusOr<std::string> WriteBytes(const std::string& text) {
  std::string wide;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < kFirstBeyondAscii) {
      wide.push_back(c);
    } else {
      wide.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      wide.push_back(static_cast<char>(kFirstBeyondAscii | (byte & kLowBits)));
    }
  }
  return wide;
}

absl::StatusOr<std::string> ReadBytes(const std::string& text) {
  std::string narrow;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < kFirstBeyondAscii) {
      narrow.push_back(text[i]);
      continue;
    }
    if ((byte & ~0x03U) != 0xc0) {
      return absl::InvalidArgumentError("it has a character beyond U+00FF");
    }
    // Valid UTF-8, so there is a second byte.
    ++i;
    narrow.push_back(
        static_cast<char>(((byte & 0x03U) << 6) |
                          (static_cast<unsigned char>(text[i]) & kLowBits)));
  }
  return narrow;
}
// #endregion bytes

constexpr Coding kBytes = {WriteBytes, ReadBytes};

// ------------------------------------------------------------------- writing

class Writer {
 public:
  Writer(const Coding& coding, std::string path, absl::Status& status)
      : coding_(coding), path_(std::move(path)), status_(status) {}

  template <typename T>
  void Needs(const char* name, T& value) {
    object_[name] = ToJson(value, PathOf(name));
  }

  template <typename T>
  void May(const char* name, T& value) {
    if (Json json = ToJson(value, PathOf(name)); !IsNothing(json)) {
      object_[name] = std::move(json);
    }
  }

  Json TakeObject() { return std::move(object_); }

 private:
  static bool IsNothing(const Json& json) {
    return json.is_string() ? json.get_ref<const std::string&>().empty()
           : json.is_number_unsigned() ? json == 0U
           : json.is_boolean()         ? json == false
                                       : json.empty();
  }

  std::string PathOf(absl::string_view name) const {
    return absl::StrCat(path_, path_.empty() ? "" : ".", name);
  }

  Json ToJson(std::string& text, const std::string& path) {
    absl::StatusOr<std::string> written = coding_.write(text);
    if (!written.ok()) {
      status_.Update(WithContext(path, written.status()));
      return "";
    }
    return *std::move(written);
  }

  template <typename T>
  Json ToJson(std::vector<T>& values, const std::string& path) {
    Json array = Json::array();
    for (size_t i = 0; i < values.size(); ++i) {
      array.push_back(ToJson(values[i], absl::StrCat(path, "[", i, "]")));
    }
    return array;
  }

  Json ToJson(std::map<std::string, std::string>& values,
              const std::string& path) {
    Json object = Json::object();
    for (auto& [name, value] : values) {
      const std::string below = absl::StrCat(path, ".", name);
      std::string key = name;
      object[ToJson(key, below).get<std::string>()] = ToJson(value, below);
    }
    return object;
  }

  template <typename T>
  Json ToJson(T& value, const std::string& path) {
    if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else {
      Writer below(coding_, path, status_);
      Visit(below, value);
      return below.TakeObject();
    }
  }

  const Coding& coding_;
  std::string path_;
  absl::Status& status_;  // The first error.
  Json object_ = Json::object();
};

// ------------------------------------------------------------------- reading

absl::Status Wrong(const std::string& path, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(path.empty() ? "the whole" : path, ": expected ", expected));
}

class Reader {
 public:
  Reader(const Coding& coding, const Json& object, std::string path,
         absl::Status& status)
      : coding_(coding),
        object_(object),
        path_(std::move(path)),
        status_(status) {}

  template <typename T>
  void Needs(const char* name, T& value) {
    if (object_.contains(name)) {
      May(name, value);
    } else {
      status_.Update(absl::InvalidArgumentError(
          absl::StrCat(PathOf(name), " is missing")));
    }
  }

  template <typename T>
  void May(const char* name, T& value) {
    if (const auto found = object_.find(name); found != object_.end()) {
      FromJson(*found, PathOf(name), value);
    }
  }

 private:
  std::string PathOf(absl::string_view name) const {
    return absl::StrCat(path_, path_.empty() ? "" : ".", name);
  }

  void FromJson(const Json& json, const std::string& path, std::string& text) {
    if (!json.is_string()) {
      status_.Update(Wrong(path, "a text"));
      return;
    }
    absl::StatusOr<std::string> read =
        coding_.read(json.get_ref<const std::string&>());
    if (!read.ok()) {
      status_.Update(WithContext(path, read.status()));
    } else if (read->find('\0') != std::string::npos) {
      status_.Update(absl::InvalidArgumentError(
          absl::StrCat(path, ": it has a NUL byte")));
    } else {
      text = *std::move(read);
    }
  }

  void FromJson(const Json& json, const std::string& path, bool& value) {
    if (json.is_boolean()) {
      value = json.get<bool>();
    } else {
      status_.Update(Wrong(path, "true or false"));
    }
  }

  template <typename T>
  void FromJson(const Json& json, const std::string& path,
                std::vector<T>& values) {
    if (!json.is_array()) {
      status_.Update(Wrong(path, "an array"));
      return;
    }
    for (size_t i = 0; i < json.size(); ++i) {
      FromJson(json[i], absl::StrCat(path, "[", i, "]"), values.emplace_back());
    }
  }

  void FromJson(const Json& json, const std::string& path,
                std::map<std::string, std::string>& values) {
    if (!json.is_object()) {
      status_.Update(Wrong(path, "an object"));
      return;
    }
    for (const auto& [key, value] : json.items()) {
      const std::string below = absl::StrCat(path, ".", key);
      std::string name;
      FromJson(Json(key), below, name);
      FromJson(value, below, values[name]);
    }
  }

  template <typename T>
  void FromJson(const Json& json, const std::string& path, T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      constexpr T kMost = std::numeric_limits<T>::max();
      if (json.is_number_unsigned() && json.get<uint64_t>() <= kMost) {
        value = json.get<T>();
      } else {
        status_.Update(
            Wrong(path, absl::StrCat("a whole number from 0 to ", kMost)));
      }
    } else if (json.is_object()) {
      Reader below(coding_, json, path, status_);
      Visit(below, value);
    } else {
      status_.Update(Wrong(path, "an object"));
    }
  }

  const Coding& coding_;
  const Json& object_;
  std::string path_;
  absl::Status& status_;  // The first error.
};

absl::StatusOr<std::string> Write(const Spec& spec, const Coding& coding,
                                  int indent) {
  absl::Status status;
  Writer writer(coding, "", status);
  Spec copy = spec;  // One Visit serves both ways, so it is not const.
  Visit(writer, copy);
  RETURN_IF_ERROR(status);
  return writer.TakeObject().dump(indent);
}

absl::StatusOr<Spec> Read(absl::string_view text, const Coding& coding) {
  Json json;
  try {
    json = Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is no JSON: see byte ", error.byte));
  }
  if (!json.is_object()) {
    return Wrong("", "an object");
  }
  Spec spec;
  absl::Status status;
  Reader reader(coding, json, "", status);
  Visit(reader, spec);
  RETURN_IF_ERROR(status);
  if (spec.process.args.empty()) {
    return Wrong("process.args", "the command");
  }
  return spec;
}

constexpr int kInOneLine = -1;
constexpr int kIndented = 2;

}  // namespace

absl::StatusOr<std::string> SpecToJson(const Spec& spec) {
  return Write(spec, kUtf8, kIndented);
}

absl::StatusOr<Spec> SpecFromJson(absl::string_view text) {
  return Read(text, kUtf8);
}

std::string EncodeSpec(const Spec& spec) {
  return *Write(spec, kBytes, kInOneLine);  // It can write any bytes.
}

absl::StatusOr<Spec> DecodeSpec(absl::string_view text) {
  return Read(text, kBytes);
}

}  // namespace mydocker
