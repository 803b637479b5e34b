// SPDX-License-Identifier: Apache-2.0
// Operations on mounts and on files below the container's root.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "io/child/context.hpp"

namespace lxr::io::child {

// MS_REC, MS_PRIVATE and MNT_DETACH of <sys/mount.h>, which clashes with <linux/mount.h> in glibc 2.36.
constexpr long ms_rec = 0x4000, ms_private = 1 << 18, umount_detach = 2;

static long move_onto(long mount, long target) {
  return call(SYS_move_mount, mount, word(""), target, word(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static long clone_tree(int base, const char* path) {
  return call(SYS_open_tree, base, word(path),
              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | at_symlink_nofollow | (path[0] == 0 ? at_empty_path : 0));
}

static long set_attributes(long mount, long set) {
  mount_attr attributes{};
  attributes.attr_set = static_cast<unsigned long>(set);
  return call(SYS_mount_setattr, mount, word(""), at_empty_path, word(&attributes), sizeof attributes);
}

static long set_readonly(long mount) { return set_attributes(mount, MOUNT_ATTR_RDONLY); }

// Makes a detached copy and adds attributes `set` to it: by open_tree_attr(2) or, before Linux 6.15, by two calls.
static long clone_tree_with(int base, const char* path, long set) {
  constexpr long open_tree_attr = 467;  // no header of glibc 2.36 has it
  mount_attr attributes{};
  attributes.attr_set = static_cast<unsigned long>(set);
  const long flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | at_symlink_nofollow | (path[0] == 0 ? at_empty_path : 0);
  long copy = call(open_tree_attr, base, word(path), flags, word(&attributes), sizeof attributes);
  if (copy != -ENOSYS) return copy;
  copy = clone_tree(base, path);
  if (copy < 0) return copy;
  const long done = set_attributes(copy, set);
  return done < 0 ? done : copy;
}

long run(context&, const ops::private_mounts&) noexcept {
  return call(SYS_mount, 0, word("/"), 0, ms_rec | ms_private, 0);
}

long run(context& c, const ops::make_filesystem& o) noexcept {
  const long fs = call(SYS_fsopen, word(text_of(c, o.type)), FSOPEN_CLOEXEC);
  if (fs < 0) return fs;
  const char* option = at(c, o.options.offset);
  const char* const end = option + o.options.size;
  while (option < end) {  // pairs: key, value; an empty value makes it a flag
    const char* value = option + length(option) + 1;
    const long done = value[0] == 0 ? call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, word(option), 0, 0)
                                    : call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, word(option), word(value), 0);
    if (done < 0) return done;
    option = value + length(value) + 1;
  }
  const long created = call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (created < 0) return created;
  const long mount = call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, o.attributes);
  close_fd(fs);
  if (mount < 0) return mount;
  fill(c, o.to, mount);
  return 0;
}

long run(context& c, const ops::clone_mount& o) noexcept {
  const long mount = clone_tree_with(AT_FDCWD, text_of(c, o.path), o.attributes);
  if (mount < 0) return mount;
  fill(c, o.to, mount);
  return 0;
}

// Makes the missing file or directory `name` in `parent`, and opens it. Not for writing: the descriptor stays open
// (close_fd()), and a mount with a writer cannot be made read-only.
static long make_one(long parent, const char* name, bool is_file) {
  if (is_file) return open_resolving(static_cast<int>(parent), name, O_RDONLY | O_CREAT | O_EXCL, resolve_strict, 0644);
  const long made = call(SYS_mkdirat, parent, word(name), 0755);
  return made < 0 ? made : open_resolving(static_cast<int>(parent), name, O_PATH | O_DIRECTORY, resolve_strict);
}

// Makes what is missing of `path` below `root`, as make_missing() does, up to a component that is a symbolic link: then
// it returns -EEXIST, and `link` is where in `path` the component begins. Writes NUL bytes into `path` and takes them
// back.
static long make_until_link(int root, char* path, bool is_file, unsigned long resolve, char*& link) {
  char* name = path + length(path);
  long at = -ENOENT;
  while (at == -ENOENT && name > path) {
    while (name > path && name[-1] != '/') --name;
    if (name == path) {
      at = open_resolving(root, ".", O_PATH | O_DIRECTORY, resolve);
    } else {
      *--name = 0;
      at = open_resolving(root, path, O_PATH | O_DIRECTORY, resolve);
      *name++ = '/';
      if (at == -ENOENT) --name;
    }
  }
  while (at >= 0 && *name != 0) {
    char* end = name;
    while (*end != '/' && *end != 0) ++end;
    const char saved = *end;
    *end = 0;
    const long made = make_one(at, name, is_file && saved == 0);
    *end = saved;
    if (made == -EEXIST) link = name;
    close_fd(at);
    at = made;
    name = saved == 0 ? end : end + 1;
  }
  return at;
}

constexpr std::size_t longest_path = 2048;

// Writes to `to` the path that the symbolic link at `link`, a component of `path`, leads to: what is before it, its
// target, and what is behind it.
static long follow_link(int root, char* path, char* link, char (&to)[longest_path]) {
  std::size_t size = static_cast<std::size_t>(link - path);
  if (length(path) >= longest_path) return -ENAMETOOLONG;
  for (std::size_t i = 0; i < size; ++i) to[i] = path[i];
  to[size] = '.';
  to[size + 1] = 0;
  const long parent = open_in_root(root, to, O_PATH | O_DIRECTORY);
  if (parent < 0) return parent;
  char* rest = link;
  while (*rest != '/' && *rest != 0) ++rest;
  char target[longest_path];
  const char saved = *rest;
  *rest = 0;
  const long got = call(SYS_readlinkat, parent, word(link), word(target), longest_path);
  *rest = saved;
  close_fd(parent);
  if (got < 0) return got == -EINVAL ? -EEXIST : got;
  long begin = 0;
  if (target[0] == '/') size = 0;  // paths begin below the root, without a slash
  while (begin < got && target[begin] == '/') ++begin;
  const std::size_t more = length(rest);
  if (size + static_cast<std::size_t>(got) + more + 1 > longest_path) return -ENAMETOOLONG;
  for (long i = begin; i < got; ++i) to[size++] = target[i];
  for (std::size_t i = 0; i <= more; ++i) to[size + i] = rest[i];
  return 0;
}

// Makes what is missing of `path` below `root`: directories and, with `is_file`, a file at its end. Returns a
// descriptor of the end. Finds the longest prefix that exists first. Symbolic links, also those that lead nowhere yet,
// are followed below the root, unless `resolve` forbids them.
static long make_missing(int root, char* path, bool is_file, unsigned long resolve) {
  constexpr int most_links = 40;  // as the kernel's (path_resolution(7))
  char paths[2][longest_path];
  for (int links = 0; links < most_links; ++links) {
    char* link = nullptr;
    const long made = make_until_link(root, path, is_file, resolve, link);
    if (made != -EEXIST || link == nullptr || resolve == resolve_strict) return made;
    char(&next)[longest_path] = paths[links % 2];
    const long followed = follow_link(root, path, link, next);
    if (followed < 0) return followed;
    path = next;
  }
  return -ELOOP;
}

// Whether both descriptors are of one mount, as far as the kernel tells (statx(2), Linux 5.8).
static bool is_same_mount(long a, long b) {
  constexpr unsigned mount_id = 0x1000;  // STATX_MNT_ID
  struct statx of_a{}, of_b{};
  if (call(SYS_statx, a, word(""), at_empty_path, mount_id, word(&of_a)) < 0) return false;
  if (call(SYS_statx, b, word(""), at_empty_path, mount_id, word(&of_b)) < 0) return false;
  return (of_a.stx_mask & of_b.stx_mask & mount_id) != 0 && of_a.stx_mnt_id == of_b.stx_mnt_id;
}

static long check_place(context& c, const ops::attach& o, long target) {
  struct statfs fs{};
  const long known = call(SYS_fstatfs, target, word(&fs));
  if (known < 0) return known;
  const bool is_kernels = fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
  return is_kernels || (o.dev >= 0 && is_same_mount(target, fd_of(c, o.dev))) ? -ELOOP : 0;
}

// Only a directory can be mounted over a directory; move_mount(2) says EINVAL.
static long explain_kind(long target, bool is_file) {
  struct stat st{};
  const bool known = call(SYS_newfstatat, target, word(""), word(&st), at_empty_path) == 0;
  if (!known || S_ISDIR(st.st_mode) != is_file) return -EINVAL;
  return is_file ? -EISDIR : -ENOTDIR;
}

// Gives the root of a new filesystem the mode of the directory that it will cover. A failure changes nothing.
static void take_mode(int mount, long target) {
  struct stat st{};
  if (call(SYS_newfstatat, target, word(""), word(&st), at_empty_path) < 0) return;
  const long top = open_resolving(mount, ".", O_RDONLY | O_DIRECTORY, 0);
  if (top < 0) return;
  call(SYS_fchmod, top, st.st_mode & 07777);
  close_fd(top);
}

long run(context& c, const ops::attach& o) noexcept {
  const unsigned long resolve = o.no_links != 0 ? resolve_strict : resolve_in_root;
  char* path = text_of(c, o.path);
  const int root = fd_of(c, o.root);
  long target = open_resolving(root, path, O_PATH, resolve);
  if (target >= 0 && o.takes_mode != 0) take_mode(fd_of(c, o.mount), target);
  if (target == -ENOENT) target = make_missing(root, path, o.is_file != 0, resolve);
  if (target < 0) return target;
  long done = o.no_links != 0 ? 0 : check_place(c, o, target);
  if (done == 0) done = move_onto(fd_of(c, o.mount), target);
  if (done == -EINVAL) done = explain_kind(target, o.is_file != 0);
  close_fd(target);
  return done;
}

long run(context& c, const ops::attach_over& o) noexcept {
  const long target = open_resolving(AT_FDCWD, text_of(c, o.directory), O_PATH | O_DIRECTORY, 0);
  if (target < 0) return target;
  const long moved = move_onto(fd_of(c, o.mount), target);
  close_fd(target);
  return moved;
}

long run(context& c, const ops::attach_file& o) noexcept {
  const char* path = text_of(c, o.path);
  const int base = fd_of(c, o.root);
  long target = open_in_root(base, path, O_PATH);
  if (target == -ENOENT) target = open_in_root(base, path, O_RDONLY | O_CREAT, 0644);
  if (target == -ENOENT || target == -ELOOP) {  // the directory is missing, or `path` is a link that cannot be followed
    const char* slash = path;
    for (const char* p = path; *p != 0; ++p) {
      if (*p == '/') slash = p;
    }
    char parent[64] = {};
    for (std::size_t i = 0; path + i < slash && i + 1 < sizeof parent; ++i) parent[i] = path[i];
    call(SYS_mkdirat, base, word(parent), 0755);
    const long dir = open_in_root(base, parent, O_PATH | O_DIRECTORY);
    if (dir < 0) return dir;
    if (!is_same_mount(dir, base)) {  // a directory of the host's or of a volume: its links are the user's
      close_fd(dir);
      return 0;
    }
    call(SYS_unlinkat, dir, word(slash + 1), 0);
    target = open_resolving(static_cast<int>(dir), slash + 1, O_RDONLY | O_CREAT | O_EXCL, resolve_strict, 0644);
    close_fd(dir);
  }
  if (target < 0) return target;
  const long moved = move_onto(fd_of(c, o.mount), target);
  close_fd(target);
  return moved;
}

// Attaches the mount to the first target, and a copy of it to each further one: before Linux 6.15 open_tree(2) copies
// attached mounts only.
static long cover(bool& is_attached, int mount, long target) {
  if (!is_attached) {
    is_attached = true;
    return move_onto(mount, target);
  }
  const long copy = clone_tree(mount, "");
  if (copy < 0) return copy;
  const long moved = move_onto(copy, target);
  close_fd(copy);
  return moved;
}

long run(context& c, const ops::mask& o) noexcept {
  const long target = open_in_root(fd_of(c, o.root), text_of(c, o.path), O_PATH);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (target < 0) return target;
  struct stat st{};
  const long known = call(SYS_newfstatat, target, word(""), word(&st), at_empty_path);
  if (known < 0) return known;
  const long moved = S_ISDIR(st.st_mode) ? cover(c.empty_attached, fd_of(c, o.empty), target)
                                         : cover(c.null_attached, fd_of(c, o.null), target);
  close_fd(target);
  return moved;
}

long run(context& c, const ops::make_readonly& o) noexcept {
  const long target = open_in_root(fd_of(c, o.root), text_of(c, o.path), O_PATH);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (target < 0) return target;
  const long mount = clone_tree_with(static_cast<int>(target), "", MOUNT_ATTR_RDONLY);
  if (mount < 0) return mount;
  const long done = move_onto(mount, target);
  close_fd(target);
  close_fd(mount);
  return done;
}

long run(context& c, const ops::set_readonly& o) noexcept { return set_readonly(fd_of(c, o.mount)); }

long run(context& c, const ops::make_directory& o) noexcept {
  return call(SYS_mkdirat, fd_of(c, o.directory), word(text_of(c, o.path)), 0755);
}

long run(context& c, const ops::make_node& o) noexcept {
  return call(SYS_mknodat, fd_of(c, o.directory), word(text_of(c, o.path)), o.mode,
              static_cast<long>(makedev(o.device_major, o.device_minor)));
}

// Opens the directory that `path` is in, makes it if it is missing, and sets `name` to the last component of `path`. A
// symbolic link is a failure, so that an image cannot direct the node to another directory.
static long open_parent(int root, char* path, char** name) {
  char* slash = nullptr;
  for (char* p = path; *p != 0; ++p) {
    if (*p == '/') slash = p;
  }
  *name = slash == nullptr ? path : slash + 1;
  if (slash == nullptr) return open_resolving(root, ".", O_PATH | O_DIRECTORY, resolve_strict);
  *slash = 0;
  long parent = open_resolving(root, path, O_PATH | O_DIRECTORY, resolve_strict);
  if (parent == -ENOENT) parent = make_missing(root, path, false, resolve_strict);
  *slash = '/';
  return parent;
}

long run(context& c, const ops::make_device& o) noexcept {
  char* name = nullptr;
  const long parent = open_parent(fd_of(c, o.root), text_of(c, o.path), &name);
  if (parent < 0) return parent;
  const long number = static_cast<long>(makedev(o.device_major, o.device_minor));
  long made = call(SYS_mknodat, parent, word(name), o.mode, number);
  if (made == -EEXIST) {
    struct stat st{};
    made = call(SYS_newfstatat, parent, word(name), word(&st), at_symlink_nofollow);
    if (made == 0 && (st.st_mode & S_IFMT) == (o.mode & S_IFMT) && static_cast<long>(st.st_rdev) == number) {
      close_fd(parent);
      return 0;
    }
    if (made == 0) made = call(SYS_unlinkat, parent, word(name), 0);
    if (made == 0) made = call(SYS_mknodat, parent, word(name), o.mode, number);
  }
  if (made == 0 && (o.uid != 0 || o.gid != 0))
    made = call(SYS_fchownat, parent, word(name), o.uid, o.gid, at_symlink_nofollow);
  close_fd(parent);
  return made;
}

long run(context& c, const ops::make_link& o) noexcept {
  return call(SYS_symlinkat, word(text_of(c, o.target)), fd_of(c, o.directory), word(text_of(c, o.path)));
}

long run(context& c, const ops::write_file& o) noexcept {
  const long fd = open_resolving(fd_of(c, o.directory), text_of(c, o.path), O_WRONLY, resolve_strict);
  if (fd < 0) return fd;
  const long put = call(SYS_write, fd, word(at(c, o.content.offset)), o.content.size);
  close_fd(fd);
  return put < 0 ? put : 0;
}

long run(context& c, const ops::enter_root& o) noexcept {
  long done = call(SYS_fchdir, fd_of(c, o.root));
  if (done == 0) done = call(SYS_pivot_root, word("."), word("."));
  // "." is now the old root, mounted over the new one (pivot_root(2), "pivot_root(".", ".")").
  if (done == 0) done = call(SYS_umount2, word("."), umount_detach);
  if (done == 0) done = call(SYS_chdir, word("/"));
  return done;
}

long run(context&, const ops::set_propagation& o) noexcept {
  return call(SYS_mount, 0, word("/"), 0, static_cast<long>(o.flags), 0);
}

}  // namespace lxr::io::child
