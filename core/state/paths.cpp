#include "core/state/paths.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <initializer_list>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/state/names.hpp"

namespace lxr {
namespace {

std::string hash_tag(const std::string& text) {
  std::uint64_t h = 14695981039346656037u;  // FNV-1a
  for (const unsigned char c : text) h = (h ^ c) * 1099511628211u;
  char out[9];
  std::snprintf(out, sizeof out, "%08x", static_cast<unsigned>(h ^ (h >> 32)));
  return out;
}

std::string normalised(const std::string& path) {
  std::string out = std::filesystem::absolute(path).lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

// Nothing to do where the last one is there.
void make_all(int parent, std::initializer_list<const char*> names) {
  if (::faccessat(parent, *(names.end() - 1), F_OK, 0) == 0) return;
  for (const char* name : names) file::make_directory_at(parent, name);
}

}  // namespace

instance instance::open(std::string root, std::string state) {
  instance i;
  i.root_ = normalised(root);
  i.state_ = normalised(state);
  if (i.state_ != default_state) i.tag_ = hash_tag(i.state_);
  i.root_fd_ = file::make_directories(i.root_);
  make_all(i.root_fd(), {"layers", "blobs", "images", "refs", "ingest", "containers", "trash"});
  i.state_fd_ = file::make_directories(i.state_);
  make_all(i.state_fd(), {"containers", "networks", "mounts", "trash"});
  if (file::make_directory_at(i.state_fd(), "names")) restore_names(i);  // new, or lost in a reboot
  return i;
}

}  // namespace lxr
