// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/blob_claims.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::store {
namespace {

constexpr const char* claims_file = "claims";

// Maps a blob to one byte of the file, by 60 bits of its digest. If two blobs map to the same byte, their pulls only
// wait for each other.
struct flock byte_of(const std::string& blob, short kind) {
  struct flock out{};
  out.l_type = kind;
  out.l_whence = SEEK_SET;
  out.l_start = static_cast<off_t>(std::strtoull(blob.substr(0, 15).c_str(), nullptr, 16));
  out.l_len = 1;
  return out;
}

bool lock(const unique_fd& file, const oci::digest& blob, short kind) {
  struct flock wanted = byte_of(blob.hex(), kind);
  if (::fcntl(file.get(), F_OFD_SETLK, &wanted) == 0) return true;
  if (errno != EAGAIN && errno != EACCES) throw_errno("lock", claims_file);
  return false;
}

}  // namespace

blob_claims::blob_claims(const instance& where)
    : file_(file::open_at(where.root_fd(), claims_file, O_RDWR | O_CREAT)) {}

bool blob_claims::fetch(const oci::digest& blob) { return lock(file_, blob, F_WRLCK); }

bool blob_claims::use(const oci::digest& blob) { return lock(file_, blob, F_RDLCK); }

std::set<std::string> claimed_layers(const instance& where) {
  std::set<std::string> out;
  const auto file = file::try_open_at(where.root_fd(), claims_file, O_RDWR);
  if (!file) return out;
  for (const std::string& blob : file::list_at(where.root_fd(), "blobs")) {
    struct flock held = byte_of(blob, F_WRLCK);
    if (::fcntl(file->get(), F_OFD_GETLK, &held) != 0 || held.l_type == F_UNLCK) continue;
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(where.root_fd(), ("blobs/" + blob).c_str(), target, sizeof target);
    const std::string path(target, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (!path.empty()) out.insert(path.substr(path.rfind('/') + 1));
  }
  return out;
}

}  // namespace lxr::store
