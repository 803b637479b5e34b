// Child code: everything here runs between clone3 and exec, or in lxr-init. Only raw system calls on the launch plan;
// no allocation, exception, lock, log or destructor. tests/architecture_test checks what this file includes. Longer than
// other files on purpose: what a container's process does before exec is to be read, and fenced, in one place.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <initializer_list>

#include "io/child/launch_plan.hpp"
#include "core/base/in_root.hpp"
#include "core/base/raw_syscall.hpp"

namespace lxr::io::process {
namespace {

using raw::call;
using raw::word;

// Headers of glibc 2.36 that clash with <linux/mount.h> are left out; these are the kernel's values.
constexpr long ms_rec = 0x4000, ms_private = 1 << 18, umount_detach = 2;
constexpr int at_empty_path = 0x1000;
constexpr unsigned long resolve_strict = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

struct context {
  launch_plan* plan;
  const plan_op* ops;
  int channel;
  int listener;
  std::uint32_t index;
  int starter;  // lxr-init: whoever asked for the start also gets the reports
  bool empty_attached;
};

char* at(const context& c, std::uint32_t offset) { return reinterpret_cast<char*>(c.plan) + offset; }
const char* text_of(const context& c, const plan_op& o) { return o.text == 0 ? "" : at(c, o.text); }
int slot(const context& c, long n) { return n < 0 ? -1 : c.plan->slots[n]; }

std::size_t length(const char* s) {
  std::size_t n = 0;
  while (s[n] != 0) ++n;
  return n;
}

void close_fd(long fd) { call(SYS_close, fd); }

void send_report(const context& c, std::uint32_t what, int error) {
  const child_report r{what, c.index, error, c.ops[c.index].code, 0};
  call(SYS_sendto, c.channel, word(&r), sizeof r, MSG_NOSIGNAL, 0, 0);
  if (c.starter >= 0) call(SYS_sendto, c.starter, word(&r), sizeof r, MSG_NOSIGNAL, 0, 0);
}

[[noreturn]] void leave(int status) {
  for (;;) call(SYS_exit_group, status);
}

long open_in(int base, const char* path, unsigned long flags, unsigned long resolve, unsigned long mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  return call(SYS_openat2, base, word(path), word(&how), sizeof how);
}

long move_onto(long mount, long target) {
  return call(SYS_move_mount, mount, word(""), target, word(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

long clone_tree(int base, const char* path) {
  return call(SYS_open_tree, base, word(path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
                                                   (path[0] == 0 ? at_empty_path : 0));
}

long set_attributes(long mount, long set) {
  mount_attr attributes{};
  attributes.attr_set = static_cast<unsigned long>(set);
  return call(SYS_mount_setattr, mount, word(""), at_empty_path, word(&attributes), sizeof attributes);
}

long set_readonly(long mount) { return set_attributes(mount, MOUNT_ATTR_RDONLY); }

long join_cgroup(const context& c, const plan_op& o) {
  const long put = call(SYS_write, slot(c, o.a), word("0"), 1);
  return put < 0 ? put : 0;
}

long unshare(const context& c, const plan_op& o) {
  const long done = call(SYS_unshare, o.a);
  if (done < 0) return done;
  // Before the parent can make a link: links take their settings from what is written here when they are born.
  const long setting = o.data_size == 0 ? -ENOENT : call(SYS_openat, AT_FDCWD, word(text_of(c, o)), O_WRONLY | O_CLOEXEC);
  if (setting >= 0) {
    call(SYS_write, setting, word(at(c, o.data)), o.data_size);
    close_fd(setting);
  }
  send_report(c, child_report::apart, 0);
  return 0;
}

long tell_ready(const context& c) {
  send_report(c, child_report::ready, 0);
  return 0;
}

long receive(context& c, const plan_op& o) {
  char byte = 0;
  iovec vec{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * handed_limit)];
  msghdr message{};
  message.msg_iov = &vec;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  long got;
  do {
    got = call(SYS_recvmsg, c.channel, word(&message), MSG_CMSG_CLOEXEC);
  } while (got == -EINTR);
  if (got < 0) return got;
  if (got == 0) leave(1);  // the parent is gone or gave up: nobody to report to
  if (o.b == 0) return 0;
  const auto* header = message.msg_controllen >= sizeof(cmsghdr) ? reinterpret_cast<const cmsghdr*>(control) : nullptr;
  if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(int) * static_cast<unsigned>(o.b))) return -EPROTO;
  const auto* fds = reinterpret_cast<const int*>(CMSG_DATA(header));
  for (int i = 0; i < o.b; ++i) c.plan->slots[o.a + i] = fds[i];
  return 0;
}

long make_mount(context& c, const plan_op& o) {
  const long fs = call(SYS_fsopen, word(text_of(c, o)), FSOPEN_CLOEXEC);
  if (fs < 0) return fs;
  const char* option = at(c, o.data);
  const char* const end = option + o.data_size;
  while (option < end) {  // pairs: key, value; an empty value makes it a flag
    const char* value = option + length(option) + 1;
    const long done = value[0] == 0 ? call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, word(option), 0, 0)
                                    : call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, word(option), word(value), 0);
    if (done < 0) return done;
    option = value + length(value) + 1;
  }
  const long created = call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (created < 0) return created;
  const long mount = call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, o.b);
  close_fd(fs);
  if (mount < 0) return mount;
  c.plan->slots[o.a] = static_cast<int>(mount);
  return 0;
}

long clone_mount(context& c, const plan_op& o) {
  const long mount = clone_tree(AT_FDCWD, text_of(c, o));
  if (mount < 0) return mount;
  c.plan->slots[o.a] = static_cast<int>(mount);
  return set_attributes(mount, o.b);
}

// A rootfs may hold anything: a mount point that is a symbolic link is refused, never followed.
long attach(const context& c, const plan_op& o) {
  const char* path = text_of(c, o);
  long target = open_in(slot(c, o.b), path, O_PATH | O_DIRECTORY, resolve_strict);
  if (target == -ENOENT) {
    const long made = call(SYS_mkdirat, slot(c, o.b), word(path), 0755);
    if (made < 0) return made;
    target = open_in(slot(c, o.b), path, O_PATH | O_DIRECTORY, resolve_strict);
  }
  if (target < 0) return target;
  const long moved = move_onto(slot(c, o.a), target);
  close_fd(target);
  return moved;
}

long attach_over(const context& c, const plan_op& o) {
  const long target = open_in(AT_FDCWD, text_of(c, o), O_PATH | O_DIRECTORY, 0);
  if (target < 0) return target;
  const long moved = move_onto(slot(c, o.a), target);
  close_fd(target);
  return moved;
}

long bind_file(const context& c, const plan_op& o) {
  const char* path = text_of(c, o);
  const int base = slot(c, o.b);
  long target = open_in_root(base, path, O_PATH);
  if (target == -ENOENT) target = open_in_root(base, path, O_WRONLY | O_CREAT, 0644);
  if (target == -ENOENT || target == -ELOOP) {  // a link that leads nowhere, or a directory that is missing
    const char* slash = path;
    for (const char* p = path; *p != 0; ++p) {
      if (*p == '/') slash = p;
    }
    char parent[64] = {};
    for (std::size_t i = 0; path + i < slash && i + 1 < sizeof parent; ++i) parent[i] = path[i];
    call(SYS_mkdirat, base, word(parent), 0755);
    const long dir = open_in_root(base, parent, O_PATH | O_DIRECTORY);
    if (dir < 0) return dir;
    call(SYS_unlinkat, dir, word(slash + 1), 0);
    target = open_in(static_cast<int>(dir), slash + 1, O_WRONLY | O_CREAT | O_EXCL, resolve_strict, 0644);
    close_fd(dir);
  }
  if (target < 0) return target;
  const long moved = move_onto(slot(c, o.a), target);
  close_fd(target);
  return moved;
}

// Older kernels clone only mounts that are attached, so the first directory takes the empty mount itself.
long cover_directory(context& c, int empty, long target) {
  if (!c.empty_attached) {
    c.empty_attached = true;
    return move_onto(empty, target);
  }
  const long copy = clone_tree(empty, "");
  if (copy < 0) return copy;
  const long moved = move_onto(copy, target);
  close_fd(copy);
  return moved;
}

long cover_file(int dev, long target) {
  const long null = clone_tree(dev, "null");
  if (null < 0) return null;
  const long moved = move_onto(null, target);
  close_fd(null);
  return moved;
}

long mask(context& c, const plan_op& o) {
  const long target = open_in(slot(c, o.a), text_of(c, o), O_PATH, resolve_strict);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (target < 0) return target;
  struct stat st {};
  const long known = call(SYS_newfstatat, target, word(""), word(&st), at_empty_path);
  if (known < 0) return known;
  const long moved = S_ISDIR(st.st_mode) ? cover_directory(c, slot(c, o.c), target) : cover_file(slot(c, o.b), target);
  close_fd(target);
  return moved;
}

long make_readonly(const context& c, const plan_op& o) {
  const long mount = clone_tree(slot(c, o.a), text_of(c, o));
  if (mount == -ENOENT) return 0;
  if (mount < 0) return mount;
  long done = set_readonly(mount);
  if (done == 0) {
    done = call(SYS_move_mount, mount, word(""), slot(c, o.a), word(text_of(c, o)), MOVE_MOUNT_F_EMPTY_PATH);
  }
  close_fd(mount);
  return done;
}

long make_node(const context& c, const plan_op& o) {
  const long made = call(SYS_mknodat, slot(c, o.a), word(text_of(c, o)), o.b, o.c);
  if (made < 0) return made;
  return call(SYS_fchmodat, slot(c, o.a), word(text_of(c, o)), o.b & 07777);
}

long write_file(const context& c, const plan_op& o) {
  const long fd = open_in(slot(c, o.a), text_of(c, o), O_WRONLY, resolve_strict);
  if (fd < 0) return fd;
  const long put = call(SYS_write, fd, word(at(c, o.data)), o.data_size);
  close_fd(fd);
  return put < 0 ? put : 0;
}

long enter_root(const context& c, const plan_op& o) {
  long done = call(SYS_fchdir, slot(c, o.a));
  if (done == 0) done = call(SYS_pivot_root, word("."), word("."));
  // "." is now the old root, stacked over the new one; taking it off leaves only the container's own mounts.
  if (done == 0) done = call(SYS_umount2, word("."), umount_detach);
  if (done == 0) done = call(SYS_chdir, word("/"));
  return done;
}

long configure_network(const context& c, const plan_op& o) {
  const long fd = call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return fd;
  const long sent = call(SYS_sendto, fd, word(at(c, o.data)), o.data_size, 0, 0, 0);
  if (sent < 0) return sent;
  long missing = o.c;
  alignas(nlmsghdr) char buffer[8192];
  while (missing > 0) {
    long left = call(SYS_recvfrom, fd, word(buffer), sizeof buffer, 0, 0, 0);
    if (left == -EINTR) continue;
    if (left < 0) return left;
    for (const char* p = buffer; left >= static_cast<long>(sizeof(nlmsghdr));) {
      const auto* header = reinterpret_cast<const nlmsghdr*>(p);
      const long size = NLMSG_ALIGN(header->nlmsg_len);
      if (header->nlmsg_len < sizeof(nlmsghdr) || size > left) break;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int error = reinterpret_cast<const nlmsgerr*>(p + NLMSG_HDRLEN)->error;
        if (error != 0) return error;
        --missing;
      }
      p += size;
      left -= size;
    }
  }
  close_fd(fd);
  return 0;
}

long open_route(context& c, const plan_op& o) {
  const long fd = call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return fd;
  c.plan->slots[o.a] = static_cast<int>(fd);
  return 0;
}

// Whether an answer to RTM_GETLINK says that the link works (RFC 2863's operational status).
bool is_up(const nlmsghdr* answer) {
  constexpr std::uint16_t type_mask = 0x3fff;
  const char* p = reinterpret_cast<const char*>(answer) + NLMSG_LENGTH(NLMSG_ALIGN(sizeof(ifinfomsg)));
  const char* const end = reinterpret_cast<const char*>(answer) + answer->nlmsg_len;
  while (end - p >= static_cast<long>(sizeof(nlattr))) {
    const auto* a = reinterpret_cast<const nlattr*>(p);
    if (a->nla_len < sizeof *a || a->nla_len > end - p) return false;
    if ((a->nla_type & type_mask) == IFLA_OPERSTATE) return p[sizeof *a] == IF_OPER_UP;
    p += NLA_ALIGN(a->nla_len);
  }
  return false;
}

// Asks once for all links; 1: all are up, 0: not yet.
long ask_for_links(long fd, const char* questions, long size, long count) {
  const long sent = call(SYS_sendto, fd, word(questions), size, 0, 0, 0);
  if (sent < 0) return sent;
  bool all = true;
  alignas(nlmsghdr) char buffer[8192];
  for (long i = 0; i < count; ++i) {  // each answer is a message of its own
    long got;
    do {
      got = call(SYS_recvfrom, fd, word(buffer), sizeof buffer, 0, 0, 0);
    } while (got == -EINTR);
    if (got < 0) return got;
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
    if (got < static_cast<long>(sizeof *header) || header->nlmsg_len > got) return -EPROTO;
    if (header->nlmsg_type == NLMSG_ERROR) return reinterpret_cast<const nlmsgerr*>(buffer + NLMSG_HDRLEN)->error;
    all = all && is_up(header);
  }
  return all ? 1 : 0;
}

// The kernel makes a link that has got its carrier work in a job of its own (linkwatch), some time later; a question makes
// it do that at once (Linux 6.8), older kernels are asked again. A bridge that somebody took down must not keep
// containers from starting: after two seconds this goes on.
long await_links(const context& c, const plan_op& o) {
  const int fd = slot(c, o.a);
  long up = 0;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    up = ask_for_links(fd, at(c, o.data), o.data_size, o.c);
    if (up != 0) break;
    const timespec millisecond{0, 1'000'000};
    call(SYS_ppoll, 0, 0, word(&millisecond), 0, 0);
  }
  close_fd(fd);
  return up < 0 ? up : 0;
}

long open_ptmx(int devpts) {
  const long ptmx = devpts >= 0 ? open_in(devpts, "ptmx", O_RDWR | O_NOCTTY, resolve_strict)
                                : open_in(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (ptmx < 0) return ptmx;
  struct statfs fs {};
  const long known = call(SYS_fstatfs, ptmx, word(&fs));
  if (known < 0) return known;
  return fs.f_type == DEVPTS_SUPER_MAGIC ? ptmx : -ENODEV;
}

long open_console(context& c, const plan_op& o) {
  const long master = open_ptmx(slot(c, o.a));
  if (master < 0) return master;
  int unlock = 0;
  long done = call(SYS_ioctl, master, TIOCSPTLCK, word(&unlock));
  if (done < 0) return done;
  const long replica = call(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (replica < 0) return replica;
  c.plan->slots[o.b] = static_cast<int>(replica);
  if (o.c != 0) {  // before the program begins: many ask for it only once
    const unsigned short size[4] = {static_cast<unsigned short>(o.c >> 16), static_cast<unsigned short>(o.c), 0, 0};
    call(SYS_ioctl, replica, TIOCSWINSZ, word(size));
  }
  child_report report{child_report::console, c.index, 0, o.code, 0};
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

long bind_console(const context& c, const plan_op& o) {
  const int dev = slot(c, o.b);
  const long file = open_in(dev, "console", O_WRONLY | O_CREAT | O_EXCL, resolve_strict, 0600);
  if (file < 0) return file;
  const long mount = clone_tree(slot(c, o.a), "");
  if (mount < 0) return mount;
  const long moved = move_onto(mount, file);
  close_fd(mount);
  close_fd(file);
  return moved;
}

long set_stdio(const context& c, const plan_op& o) {
  call(SYS_setsid);
  const bool terminal = o.b < 0;
  const int sources[3] = {slot(c, o.a), slot(c, terminal ? o.a : o.b), slot(c, terminal ? o.a : o.c)};
  for (int target = 0; target < 3; ++target) {
    if (sources[target] == target) {  // dup3 refuses equal numbers; the descriptor only has to survive exec
      call(SYS_fcntl, target, F_SETFD, 0);
      continue;
    }
    const long done = call(SYS_dup3, sources[target], target, 0);
    if (done < 0) return done;
  }
  return terminal ? call(SYS_ioctl, 0, TIOCSCTTY, 0) : 0;
}

// The process that joined a pid namespace stays outside; its child is inside. CLONE_PARENT makes that child the
// engine's own, so that the engine can wait for it. The outer one sleeps until the inner one has left this memory; its
// number, as the engine sees it, is there before it runs.
long fork_again(const context& c) {
  volatile int outside = 0;
  clone_args args{};
  args.flags = CLONE_PARENT | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID;
  args.parent_tid = reinterpret_cast<std::uint64_t>(&outside);
  const long pid = call(SYS_clone3, word(&args), sizeof args);
  if (pid < 0) return pid;
  if (pid > 0) leave(0);
  send_report(c, child_report::forked, outside);
  return 0;
}

char* print_number(char* end, long n) {
  *--end = 0;
  do {
    *--end = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n > 0);
  return end;
}

long become_init(const context& c, const plan_op& o) {
  const int init = slot(c, o.a), memory = slot(c, o.b), listener = slot(c, o.c);
  for (const int fd : {memory, listener, c.channel}) {
    if (fd < 0) continue;
    const long kept = call(SYS_fcntl, fd, F_SETFD, 0);
    if (kept < 0) return kept;
  }
  call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);  // from here on the container outlives the engine
  char numbers[4][16];
  char name[] = "lxr-init";
  char* argv[6] = {name,
                   print_number(numbers[0] + 16, memory),
                   print_number(numbers[1] + 16, c.index + 1),
                   print_number(numbers[2] + 16, c.channel),
                   listener < 0 ? nullptr : print_number(numbers[3] + 16, listener),
                   nullptr};
  char* envp[1] = {nullptr};
  return call(SYS_execveat, init, word(""), word(argv), word(envp), at_empty_path);
}

long wait_start(context& c) {
  call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);  // it waits for `lxr start`, whether its monitor lives or not
  send_report(c, child_report::waiting, 0);
  for (;;) {
    const long peer = call(SYS_accept4, c.listener, 0, 0, SOCK_CLOEXEC);
    if (peer == -EINTR || peer == -ECONNABORTED) continue;
    if (peer < 0) return peer;
    c.starter = static_cast<int>(peer);
    return 0;
  }
}

// Not only marked close-on-exec: a working directory of /proc/self/fd/N would reach the host's directories by what is
// still open (CVE-2024-21626).
long close_others(const context& c) {
  int kept[3] = {c.channel, c.listener, c.starter};
  for (int pass = 0; pass < 2; ++pass) {  // sorted
    for (int i = 0; i < 2; ++i) {
      if (kept[i] > kept[i + 1]) {
        const int larger = kept[i];
        kept[i] = kept[i + 1];
        kept[i + 1] = larger;
      }
    }
  }
  long from = 3;
  for (const int fd : kept) {
    if (fd < from) continue;
    if (fd > from) {
      const long done = call(SYS_close_range, from, fd - 1, 0);
      if (done < 0) return done;
    }
    from = fd + 1;
  }
  return call(SYS_close_range, from, ~0u, 0);
}

// The kernel names a directory that is not below our root "(unreachable)/...".
long check_inside() {
  char name[4096];
  const long size = call(SYS_getcwd, word(name), sizeof name);
  if (size < 0) return size;
  return name[0] == '/' ? 0 : -EXDEV;
}

long change_directory(const context& c, const plan_op& o) {
  char* path = at(c, o.text);
  long done = call(SYS_chdir, word(path));
  if (done == 0) return check_inside();
  if (done != -ENOENT || o.a == 0) return done;
  for (char* p = path + 1;; ++p) {  // we are inside the root already, so plain paths cannot leave it
    if (*p != '/' && *p != 0) continue;
    const char saved = *p;
    *p = 0;
    done = call(SYS_mkdirat, AT_FDCWD, word(path), 0755);
    *p = saved;
    if (done < 0 && done != -EEXIST) return done;
    if (saved == 0) break;
  }
  done = call(SYS_chdir, word(path));
  return done == 0 ? check_inside() : done;
}

long set_ids(const context& c, const plan_op& o) {
  long done = call(SYS_setgroups, o.data_size / sizeof(gid_t), word(at(c, o.data)));
  const auto gid = static_cast<unsigned>(o.a), uid = static_cast<unsigned>(o.b);
  if (done == 0) done = call(SYS_setresgid, gid, gid, gid);
  if (done == 0) done = call(SYS_setresuid, uid, uid, uid);
  return done;
}

long set_capabilities(const context& c, const plan_op& o) {
  std::uint64_t mask = 0;
  for (std::uint32_t i = 0; i < sizeof mask; ++i) reinterpret_cast<char*>(&mask)[i] = at(c, o.data)[i];
  if (o.a == 0) {  // before the ids change: the bounding set needs CAP_SETPCAP
    for (long capability = 0; capability < 64; ++capability) {
      if ((mask >> capability & 1) != 0) continue;
      const long done = call(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
      if (done == -EINVAL) break;  // past the last one this kernel knows
      if (done < 0) return done;
    }
    return 0;
  }
  if (call(SYS_geteuid) != 0) mask = 0;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (int half = 0; half < 2; ++half) {
    sets[half].effective = sets[half].permitted = static_cast<__u32>(mask >> (32 * half));
  }
  return call(SYS_capset, word(&header), word(sets));
}

// Inside the container's root: /proc is the one that lxr mounted over whatever the image has there.
long set_oom_score(const context& c, const plan_op& o) {
  const long fd = open_in(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return o.a != 0 ? fd : 0;
  const char* text = text_of(c, o);
  const long put = call(SYS_write, fd, word(text), static_cast<long>(length(text)));
  close_fd(fd);
  return put < 0 && o.a != 0 ? put : 0;
}

long limit_descriptors(const plan_op& o) {
  const std::uint64_t soft_and_hard[2] = {static_cast<std::uint64_t>(o.b), static_cast<std::uint64_t>(o.c)};
  constexpr long rlimit_nofile = 7;
  return call(SYS_prlimit64, 0, rlimit_nofile, word(soft_and_hard), 0);
}

long load_seccomp(const context& c, const plan_op& o) {
  sock_fprog program{static_cast<unsigned short>(o.data_size / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(at(c, o.data))};
  return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, word(&program));
}

char** pointers_of(const context& c, std::uint32_t offset) {
  const auto* list = reinterpret_cast<const string_list*>(at(c, offset));
  const auto* offsets = reinterpret_cast<const std::uint32_t*>(at(c, list->offsets));
  auto** pointers = reinterpret_cast<char**>(at(c, list->pointers));
  for (std::uint32_t i = 0; i < list->count; ++i) pointers[i] = at(c, offsets[i]);
  pointers[list->count] = nullptr;
  return pointers;
}

void reset_signals() {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    unsigned long mask;
  } standard{};
  for (int number = 1; number <= 64; ++number) {
    if (number != SIGKILL && number != SIGSTOP) call(SYS_rt_sigaction, number, word(&standard), 0, 8);
  }
  const unsigned long none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, word(&none), 0, 8);
}

// execvp's rule: a candidate that is missing is passed over; "permission denied" is remembered and told at the end.
long exec(const context& c, const plan_op& o) {
  char** argv = pointers_of(c, o.text);
  char** envp = pointers_of(c, o.more);
  reset_signals();
  call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
  call(SYS_umask, 022);
  send_report(c, child_report::about_to_exec, 0);
  long result = -ENOENT;
  const char* candidate = at(c, o.data);
  const char* const end = candidate + o.data_size;
  for (; candidate < end; candidate += length(candidate) + 1) {
    const long failed = call(SYS_execve, word(candidate), word(argv), word(envp));
    if (failed != -ENOENT && failed != -ENOTDIR && failed != -EACCES) return failed;
    if (failed == -EACCES) result = failed;
  }
  return result;
}

long perform(context& c, const plan_op& o) {
  switch (o.code) {
    case op::join_cgroup: return join_cgroup(c, o);
    case op::unshare: return unshare(c, o);
    case op::tell_ready: return tell_ready(c);
    case op::private_mounts: return call(SYS_mount, 0, word("/"), 0, ms_rec | ms_private, 0);
    case op::receive: return receive(c, o);
    case op::make_mount: return make_mount(c, o);
    case op::clone_mount: return clone_mount(c, o);
    case op::attach: return attach(c, o);
    case op::attach_over: return attach_over(c, o);
    case op::bind_file: return bind_file(c, o);
    case op::mask: return mask(c, o);
    case op::make_readonly: return make_readonly(c, o);
    case op::set_readonly: return set_readonly(slot(c, o.a));
    case op::make_node: return make_node(c, o);
    case op::make_link: return call(SYS_symlinkat, word(at(c, o.more)), slot(c, o.a), word(text_of(c, o)));
    case op::write_file: return write_file(c, o);
    case op::enter_root: return enter_root(c, o);
    case op::set_hostname: return call(SYS_sethostname, word(text_of(c, o)), static_cast<long>(length(text_of(c, o))));
    case op::open_route: return open_route(c, o);
    case op::configure_network: return configure_network(c, o);
    case op::await_links: return await_links(c, o);
    case op::open_console: return open_console(c, o);
    case op::bind_console: return bind_console(c, o);
    case op::set_stdio: return set_stdio(c, o);
    case op::join_namespaces: return call(SYS_setns, slot(c, o.a), o.b);
    case op::fork_again: return fork_again(c);
    case op::become_init: return become_init(c, o);
    case op::wait_start: return wait_start(c);
    case op::change_directory: return change_directory(c, o);
    case op::set_ids: return set_ids(c, o);
    case op::set_capabilities: return set_capabilities(c, o);
    case op::set_oom_score: return set_oom_score(c, o);
    case op::limit_descriptors: return limit_descriptors(o);
    case op::no_new_privileges: return call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    case op::load_seccomp: return load_seccomp(c, o);
    case op::close_others: return close_others(c);
    case op::exec: return exec(c, o);
  }
  return -ENOSYS;
}

}  // namespace

void run_plan(launch_plan* plan, std::uint32_t first, int channel, int listener) noexcept {
  context c{plan, nullptr, channel, listener, first, -1, false};
  c.ops = reinterpret_cast<const plan_op*>(at(c, plan->ops));
  call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);  // nobody inside may look into what is still lxr
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // what is being set up dies with who sets it up
  call(SYS_umask, 0);
  for (; c.index < plan->op_count; ++c.index) {
    const long result = perform(c, c.ops[c.index]);
    if (result < 0) {
      send_report(c, child_report::failed, static_cast<int>(-result));
      leave(127);
    }
  }
  leave(127);
}

}  // namespace lxr::io::process
