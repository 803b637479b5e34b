// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/etc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
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
void renew(int data, const char* name, const std::string& before, const std::string& now) {
  if (before == now || file::read_at(data, name) != before) return;
  const unique_fd fd = file::open_at(data, name, O_WRONLY | O_TRUNC | O_NOFOLLOW);
  file::write_all(fd.get(), now, std::string("/etc/") + name);
}

}  // namespace

etc_files make_etc_files(int data, const container_config& config, const own_place& place) {
  const network_options& n = config.network;
  std::string hosts, resolvers;
  if (n.mode == network_mode::container) {
    hosts = file::read_at(data, "../" + n.joined + "/hosts").value_or("");
    resolvers = file::read_at(data, "../" + n.joined + "/resolv.conf").value_or("");
  }
  if (hosts.empty()) hosts = hosts_file(config, place);
  if (resolvers.empty()) resolvers = resolv_conf_here(n, place.resolver);
  return {write_and_mount(data, "hosts", hosts, config.rootfs.read_only),
          write_and_mount(data, "hostname", n.hostname + "\n", config.rootfs.read_only),
          write_and_mount(data, "resolv.conf", resolvers, config.rootfs.read_only)};
}

void renew_etc_files(int data, const etc_inputs& before, const etc_inputs& now) {
  renew(data, "hosts", hosts_file(before.config, before.place), hosts_file(now.config, now.place));
  renew(data, "resolv.conf", resolv_conf_here(before.config.network, before.place.resolver),
        resolv_conf_here(now.config.network, now.place.resolver));
}

}  // namespace lxr::rootfs
