// SPDX-License-Identifier: Apache-2.0
// Operations on terminals and standard streams.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>

#include "io/child/context.hpp"

namespace lxr::io::child {

// Opens ptmx, and checks that it is of a devpts: in a container another filesystem may be mounted at /dev/pts.
static long open_ptmx(int devpts) {
  const long ptmx = devpts >= 0 ? open_resolving(devpts, "ptmx", O_RDWR | O_NOCTTY, resolve_strict)
                                : open_resolving(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY,
                                                 RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (ptmx < 0) return ptmx;
  struct statfs fs{};
  const long known = call(SYS_fstatfs, ptmx, word(&fs));
  if (known < 0) return known;
  return fs.f_type == DEVPTS_SUPER_MAGIC ? ptmx : -ENODEV;
}

long run(context& c, const ops::open_terminal& o) noexcept {
  const long master = open_ptmx(fd_of(c, o.devpts));
  if (master < 0) return master;
  int unlock = 0;
  long done = call(SYS_ioctl, master, TIOCSPTLCK, word(&unlock));
  if (done < 0) return done;
  const long replica = call(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (replica < 0) return replica;
  fill(c, o.to, replica);
  if (o.rows != 0 || o.columns != 0) {  // now, because many programs read the size only when they begin
    const unsigned short size[4] = {o.rows, o.columns, 0, 0};
    call(SYS_ioctl, replica, TIOCSWINSZ, word(size));
  }
  child_report report{child_report::terminal, c.index, 0, op::open_terminal, 0};
  iovec vec{&report, sizeof report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  auto* header = reinterpret_cast<cmsghdr*>(control);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  *reinterpret_cast<int*>(CMSG_DATA(header)) = static_cast<int>(master);
  msghdr message{};
  message.msg_iov = &vec;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  done = call(SYS_sendmsg, c.channel, word(&message), MSG_NOSIGNAL);
  close_fd(master);
  return done < 0 ? done : 0;
}

long run(context& c, const ops::bind_console& o) noexcept {
  const int dev = fd_of(c, o.dev);
  const long file = open_resolving(dev, "console", O_WRONLY | O_CREAT | O_EXCL, resolve_strict, 0600);
  if (file < 0) return file;
  const long mount =
      call(SYS_open_tree, fd_of(c, o.terminal), word(""), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | at_empty_path);
  if (mount < 0) return mount;
  const long moved =
      call(SYS_move_mount, mount, word(""), file, word(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  close_fd(mount);
  close_fd(file);
  return moved;
}

static long become_streams(const int (&sources)[3]) {
  call(SYS_setsid);
  for (int target = 0; target < 3; ++target) {
    if (sources[target] == target) {  // dup3(2) refuses equal numbers
      call(SYS_fcntl, target, F_SETFD, 0);
      continue;
    }
    const long done = call(SYS_dup3, sources[target], target, 0);
    if (done < 0) return done;
  }
  return 0;
}

long run(context& c, const ops::use_streams& o) noexcept {
  return become_streams({fd_of(c, o.input), fd_of(c, o.output), fd_of(c, o.errors)});
}

long run(context& c, const ops::use_terminal& o) noexcept {
  const int terminal = fd_of(c, o.terminal);
  const long done = become_streams({terminal, terminal, terminal});
  return done < 0 ? done : call(SYS_ioctl, 0, TIOCSCTTY, 0);
}

}  // namespace lxr::io::child
