// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/etc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/rootfs/name_resolution.hpp"

namespace lxr::rootfs {
namespace {

// Creates a new file each time: root in the container may have changed owner and mode of the old one.
unique_fd make_file(int data, const std::string& name) {
  unique_fd fd(::openat(data, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd || errno != EEXIST) return fd;
  ::unlinkat(data, name.c_str(), 0);
  return file::open_at(data, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
}

unique_fd write_and_mount(int data, const std::string& name, const std::string& content, bool read_only) {
  const unique_fd fd = make_file(data, name);
  if (!fd) throw_errno("make", "/etc/" + name);
  file::write_all(fd.get(), content, "/etc/" + name);
  return io::mount::mount_file(data, name, read_only);
}

// Keeps the file itself, because the container has it mounted.
void renew(int data, const char* name, const std::string& content, std::uint64_t& hash) {
  quietly([&] {
    if (hash == 0 || hash_of(file::read_at(data, name).value_or("")) != hash) return;
    const unique_fd fd = file::open_at(data, name, O_WRONLY | O_TRUNC | O_NOFOLLOW);
    file::write_all(fd.get(), content, std::string("/etc/") + name);
    hash = hash_of(content);
  });
}

// The file of the container whose network this one has; an empty descriptor when that is gone.
unique_fd mount_joined(int data, const network_options& n, const char* name, bool read_only) {
  unique_fd out;
  if (n.mode != network_mode::container) return out;
  quietly([&] {
    const unique_fd other = file::open_at(data, "../" + n.joined, O_RDONLY | O_DIRECTORY);
    out = io::mount::mount_file(other.get(), name, read_only);
  });
  return out;
}

}  // namespace

std::uint64_t hash_of(std::string_view content) {
  const std::uint64_t out = fnv1a(content);
  return out == 0 ? 1 : out;
}

etc_files make_etc_files(int data, const container_config& config, const own_place& place) {
  const network_options& n = config.network;
  const bool read_only = config.rootfs.read_only;
  etc_files out;
  out.hostname = write_and_mount(data, "hostname", n.hostname + "\n", read_only);
  out.hosts = mount_joined(data, n, "hosts", read_only);
  out.resolv_conf = mount_joined(data, n, "resolv.conf", read_only);
  if (!out.hosts) {
    const std::string content = hosts_file(config, place);
    out.hosts = write_and_mount(data, "hosts", content, read_only);
    out.hosts_hash = hash_of(content);
  }
  if (!out.resolv_conf) {
    const std::string content = resolv_conf_here(n, place.resolver);
    out.resolv_conf = write_and_mount(data, "resolv.conf", content, read_only);
    out.resolv_conf_hash = hash_of(content);
  }
  return out;
}

void renew_etc_files(int data, const container_config& config, const own_place& place, container_state& state) {
  renew(data, "hosts", hosts_file(config, place), state.hosts_hash);
  renew(data, "resolv.conf", resolv_conf_here(config.network, place.resolver), state.resolv_conf_hash);
}

}  // namespace lxr::rootfs
