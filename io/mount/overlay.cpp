// SPDX-License-Identifier: Apache-2.0
#include "io/mount/overlay.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "core/base/error.hpp"

namespace lxr::io::mount {
namespace {

constexpr unsigned attr_nodev = 0x4;  // MOUNT_ATTR_NODEV
constexpr std::size_t option_limit = 255;

std::string fd_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// Returns the kernel's message about refused options (fsopen(2): they are read from the descriptor of the filesystem).
std::string kernel_message(int fs) {
  char text[256];
  const ssize_t got = ::read(fs, text, sizeof text - 1);
  if (got <= 2) return {};
  std::string message(text + 2, static_cast<std::size_t>(got) - 2);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

int set_fd(int fs, const char* key, int fd) { return ::fsconfig(fs, FSCONFIG_SET_FD, key, nullptr, fd); }
int set_string(int fs, const char* key, const std::string& value) {
  return ::fsconfig(fs, FSCONFIG_SET_STRING, key, value.c_str(), 0);
}

bool configure_by_fd(int fs, const overlay_layers& layers) {
  for (const int lower : layers.lowers) {
    if (set_fd(fs, "lowerdir+", lower) != 0) return false;
  }
  return layers.upper < 0 || (set_fd(fs, "upperdir", layers.upper) == 0 && set_fd(fs, "workdir", layers.work) == 0);
}

bool configure_upper_by_path(int fs, const overlay_layers& layers) {
  return layers.upper < 0 || (set_string(fs, "upperdir", fd_path(layers.upper)) == 0 &&
                              set_string(fs, "workdir", fd_path(layers.work)) == 0);
}

bool configure_by_path(int fs, const overlay_layers& layers) {
  for (const int lower : layers.lowers) {
    if (set_string(fs, "lowerdir+", fd_path(lower)) != 0) return false;
  }
  return configure_upper_by_path(fs, layers);
}

// While an object of this class lives, the working directory is /proc/thread-self/fd, and a relative path is a
// descriptor number: one option of 255 bytes then names some 60 layers instead of 15.
// Lifecycle: the constructor first gives the calling thread a working directory of its own (CLONE_FS), so that paths of
//   other threads are not affected; the destructor changes back.
// Runs on: one thread.
class inside_descriptors {
 public:
  inside_descriptors() : before_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (::unshare(CLONE_FS) != 0 || ::chdir("/proc/thread-self/fd") != 0) throw_errno("enter", "/proc/thread-self/fd");
  }
  ~inside_descriptors() {
    if (::fchdir(before_.get()) != 0) static_cast<void>(!::chdir("/"));
  }
  inside_descriptors(const inside_descriptors&) = delete;
  inside_descriptors& operator=(const inside_descriptors&) = delete;

 private:
  unique_fd before_;
};

bool configure_by_string(int fs, const overlay_layers& layers) {
  std::string lowers;
  for (const int lower : layers.lowers) lowers += (lowers.empty() ? "" : ":") + std::to_string(lower);
  if (lowers.size() > option_limit) {
    throw error(errc::exhausted, "mount image", "",
                "it has " + std::to_string(layers.lowers.size()) + " layers, too many for this kernel",
                "Linux 6.8 or newer takes up to 500");
  }
  return set_string(fs, "lowerdir", lowers) == 0 && configure_upper_by_path(fs, layers);
}

// Tries one way to configure overlayfs. Returns nullopt when the kernel does not know it.
std::optional<unique_fd> try_mount(const overlay_layers& layers, overlay_api api) {
  const unique_fd fs(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!fs && (errno == ENODEV || errno == ENOSYS)) {
    throw error(errc::unsupported, "mount container root", "",
                "this kernel has no overlay filesystem (CONFIG_OVERLAY_FS)", "load it with: modprobe overlay");
  }
  if (!fs && errno == EPERM) throw error(errc::not_permitted, "mount container root", "", {}, "run lxr as root");
  if (!fs) throw_errno("open", "overlay filesystem");
  // Kernels before 5.10 refuse the flag: ignored.
  if (layers.is_volatile) ::fsconfig(fs.get(), FSCONFIG_SET_FLAG, "volatile", nullptr, 0);
  std::optional<inside_descriptors> directory;
  if (api == overlay_api::one_string) directory.emplace();
  const bool accepted = api == overlay_api::descriptors ? configure_by_fd(fs.get(), layers)
                        : api == overlay_api::paths     ? configure_by_path(fs.get(), layers)
                                                        : configure_by_string(fs.get(), layers);
  // Kernels before 6.5 accept any option and report an unknown one only at FSCONFIG_CMD_CREATE.
  if (!accepted || ::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int code = errno;
    if ((code == EINVAL || code == ENOENT || code == EOPNOTSUPP) && api != overlay_api::one_string) return std::nullopt;
    throw error(std::error_code(code, std::generic_category()), "mount", "container root", kernel_message(fs.get()));
  }
  unique_fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, attr_nodev));
  if (!mount) throw_errno("mount", "container root");
  return mount;
}

}  // namespace

unique_fd mount_overlay(const overlay_layers& layers, overlay_api newest) {
  for (const overlay_api api : {overlay_api::descriptors, overlay_api::paths, overlay_api::one_string}) {
    if (api < newest) continue;
    if (auto mount = try_mount(layers, api)) return std::move(*mount);
  }
  throw error(errc::unsupported, "mount container root", "",
              "this kernel's overlay filesystem takes none of the known options");
}

unique_fd mount_file(int dir, const std::string& name, bool read_only) {
  unique_fd mount(::open_tree(dir, name.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
  if (!mount) throw_errno("clone mount of", name);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | (read_only ? MOUNT_ATTR_RDONLY : 0);
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    throw_errno("protect mount of", name);
  return mount;
}

}  // namespace lxr::io::mount
