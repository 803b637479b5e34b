// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/child/plan_places.hpp"
#include "io/child/process_attributes.hpp"

// The launch plan: the list of operations that a new process performs, in order, between clone3(2) and execve(2). It is
// one block of memory with offsets (bytes from its begin) in the place of pointers. So it is valid at any address: the
// child reads it in the parent's memory or in a copy of that, and lxr-init maps it from a memfd.
// In the parent io/process/plan_builder makes it; in the child run_plan() performs it.
namespace lxr::io::child {

enum class op : std::uint32_t {
  join_cgroup,
  join_namespaces,
  become_root,
  unshare,
  write_setting,
  private_mounts,
  change_root,
  fork_again,
  receive,
  tell,
  make_filesystem,
  clone_mount,
  attach,
  attach_over,
  attach_file,
  mask,
  make_readonly,
  set_readonly,
  make_directory,
  make_node,
  make_device,
  make_link,
  write_file,
  enter_root,
  set_propagation,
  set_hostname,
  set_domainname,
  open_route,
  configure_network,
  await_links,
  open_terminal,
  bind_console,
  use_terminal,
  use_streams,
  become_init,
  wait_start,
  close_others,
  become_process,
  exec,
};

// A point at which the child waits for a message of the parent (ops::receive). The message names its barrier; the child
// fails with EPROTO when it gets the message of another one.
enum class barrier : std::uint32_t {
  ids,    // the parent has written uid_map and gid_map of the child's new user namespace
  hooks,  // the parent has run the hooks that come before enter_root
  root,   // the message carries the descriptors of the root, lxr-init, the standard streams and the files of /etc
  link,   // the veth exists in the child's network namespace
};

// One message of the child to the parent, over a SOCK_SEQPACKET socket pair (unix(7)).
struct child_report {
  enum kind : std::uint32_t {
    failed,     // operation `index` failed with errno `error`; the child exits
    separated,  // the child has joined and made its namespaces
    prepared,   // the child has done what needs no root, and waits at barrier `root`
    mounted,    // all mounts are attached below the root; the child has not entered it, and waits at barrier `hooks`
    forked,     // `error` holds the pid of the process that continues the plan (fork_again)
    terminal,   // the message carries the master of the pty (open_terminal)
    waiting,    // lxr-init waits for a connection on its listener (wait_start)
    about_to_exec,  // execve(2) is next. End of file after this report: it succeeded. Without it: the child died
  };
  std::uint32_t what;   // a kind
  std::uint32_t index;  // number of the operation that the child is at
  std::int32_t error;
  op code;             // of that operation
  std::uint32_t step;  // process_step, when that is become_process
};

// The operands of the operations; `code` says of which. An operation fails with the errno of the system call it makes.
// "Below a root" means that symbolic links and ".." are resolved inside that directory (openat2(2), RESOLVE_IN_ROOT).
namespace ops {

// Moves the child into a group of cgroup v1: writes "0" to its `tasks` file. A thread that moves only itself does not
// take the kernel's lock cgroup_threadgroup_rwsem, for which starts would wait for each other.
struct join_cgroup {
  static constexpr op code = op::join_cgroup;
  slot tasks;
};
struct join_namespaces {  // setns(2)
  static constexpr op code = op::join_namespaces;
  slot of;              // a pidfd, or a descriptor of /proc/PID/ns/...
  std::uint32_t kinds;  // CLONE_NEW*
};
// Sets uid and gid to 0 in the child's user namespace, and gives up the supplementary groups.
struct become_root {
  static constexpr op code = op::become_root;
};
struct unshare {  // unshare(2)
  static constexpr op code = op::unshare;
  std::uint32_t kinds;  // CLONE_NEW*
};
// Writes to a file of /proc that sets a property of the child's own namespaces, as /proc/self/timens_offsets does.
struct write_setting {
  static constexpr op code = op::write_setting;
  text path;
  bytes value;
  bool is_required;  // false: a missing file or a refused value is no failure
};
// Makes all mounts of the child's mount namespace private, so that no mount spreads from it to the host or back
// (mount_namespaces(7)).
struct private_mounts {
  static constexpr op code = op::private_mounts;
};
// chroot(2) to the root directory of the container's first process. setns(2) has changed to the root of the mount
// namespace, which is another directory if lxr ran in a chroot when it made the container.
struct change_root {
  static constexpr op code = op::change_root;
  slot root;
};
// Continues the plan in a new process, and exits: a process that joins or makes a pid namespace stays outside of it,
// only its children are inside (pid_namespaces(7)). The new process is a child of the parent, too.
struct fork_again {
  static constexpr op code = op::fork_again;
};
// Waits at a barrier. Stores the `count` descriptors of the parent's messages in the slots from number `first` on.
struct receive {
  static constexpr op code = op::receive;
  barrier which;
  slot first;
  std::int32_t count;
};
struct tell {  // sends a report
  static constexpr op code = op::tell;
  std::uint32_t what;  // child_report::kind
};
// Makes a filesystem and a detached mount of it: fsopen(2), fsconfig(2), fsmount(2), Linux 5.2. `options` holds pairs
// of NUL-terminated strings, key and value; an empty value makes the key a flag.
struct make_filesystem {
  static constexpr op code = op::make_filesystem;
  slot to;
  text type;
  bytes options;
  std::uint32_t attributes;  // MOUNT_ATTR_*
};
// Makes a detached copy of the mount that holds the host's `path`, with `path` as its root and without the mounts below
// (open_tree(2)), and adds attributes to it.
struct clone_mount {
  static constexpr op code = op::clone_mount;
  slot to;
  text path;
  std::uint32_t attributes;  // MOUNT_ATTR_*
};
// Attaches a detached mount to `path` below `root` (move_mount(2)). Makes what is missing of the path: directories
// (mode 0755) and, with is_file, a file (0644) at its end. Without no_links a target inside the filesystem `dev`, a
// proc or a sysfs is an error: only a symbolic link of an image leads there (CVE-2019-19921).
struct attach {  // a file over a directory gives EISDIR, the other way round ENOTDIR
  static constexpr op code = op::attach;
  slot mount, root, dev;
  text path;
  // no_links: a symbolic link in the path is an error. takes_mode: the mount's root gets the mode of what it covers.
  std::uint32_t is_file : 1, no_links : 1, takes_mode : 1;
};
// Attaches a detached mount to a directory of the child's mount namespace as it is before enter_root.
struct attach_over {
  static constexpr op code = op::attach_over;
  slot mount;
  text directory;
};
// Attaches a file that lxr provides. Makes the file at `path`, and one missing directory above it. Where `path` is a
// symbolic link that leads nowhere, it makes the link's target or, if that is impossible, replaces the link.
struct attach_file {
  static constexpr op code = op::attach_file;
  slot mount, root;
  text path;
};
// Hides `path` below `root` by a mount: a directory by the filesystem `empty`, any other file by the mount `null` of a
// null device. A missing path is no failure.
struct mask {
  static constexpr op code = op::mask;
  slot root, null, empty;
  text path;
};
// Mounts a read-only copy of `path` below `root` over it. A missing path is no failure.
struct make_readonly {
  static constexpr op code = op::make_readonly;
  slot root;
  text path;
};
struct set_readonly {  // makes `mount` read-only, not the mounts below it
  static constexpr op code = op::set_readonly;
  slot mount;
};
struct make_directory {  // mode 0755
  static constexpr op code = op::make_directory;
  slot directory;
  text path;
};
struct make_node {  // mknodat(2); `mode` is not changed by a umask
  static constexpr op code = op::make_node;
  slot directory;
  text path;
  std::uint32_t mode;
  std::uint32_t device_major, device_minor;
};
// Makes a device or FIFO at `path` below `root`, and missing directories (mode 0755). A symbolic link among the
// directories is a failure. An existing file at `path` is replaced; the same device stays unchanged.
struct make_device {
  static constexpr op code = op::make_device;
  slot root;
  text path;
  std::uint32_t mode;
  std::uint32_t device_major, device_minor;
  std::uint32_t uid, gid;
};
struct make_link {  // symlinkat(2)
  static constexpr op code = op::make_link;
  slot directory;
  text path, target;
};
struct write_file {  // writes to a file that exists
  static constexpr op code = op::write_file;
  slot directory;
  text path;
  bytes content;
};
struct enter_root {  // makes the mount the root of the mount namespace (pivot_root(2)), and detaches the old root
  static constexpr op code = op::enter_root;
  slot root;
};
struct set_propagation {  // of the root, after enter_root
  static constexpr op code = op::set_propagation;
  std::uint64_t flags;  // MS_SHARED, MS_SLAVE or MS_UNBINDABLE; with MS_REC also of the mounts below
};
struct set_hostname {
  static constexpr op code = op::set_hostname;
  text name;
};
struct set_domainname {
  static constexpr op code = op::set_domainname;
  text name;
};
// Opens an rtnetlink(7) socket of the network namespace that the child is in at this point of the plan.
struct open_route {
  static constexpr op code = op::open_route;
  slot to;
};
struct configure_network {  // sends rtnetlink messages in the child's network namespace
  static constexpr op code = op::configure_network;
  bytes messages;
  std::uint32_t count;  // of the acknowledgements (NLMSG_ERROR) to wait for
};
// Waits until `count` links are up, at most about 2 s; a link that is still down then is no failure. Closes `route`.
struct await_links {
  static constexpr op code = op::await_links;
  slot route;       // made by open_route
  bytes questions;  // one RTM_GETLINK message for each link
  std::uint32_t count;
};
struct open_terminal {  // makes a pty (pty(7)), and sends its master to the parent (child_report::terminal)
  static constexpr op code = op::open_terminal;
  slot devpts;                  // the filesystem to make it in; -1: /dev/pts
  slot to;                      // gets the replica (/dev/pts/N)
  std::uint16_t rows, columns;  // both 0: the size is not set
};
struct bind_console {  // mounts the terminal on a new file `console` in the directory `dev`
  static constexpr op code = op::bind_console;
  slot terminal, dev;
};
struct use_terminal {  // makes it the standard streams and the controlling terminal of a new session
  static constexpr op code = op::use_terminal;
  slot terminal;
};
struct use_streams {  // makes these descriptors 0, 1 and 2, in a new session
  static constexpr op code = op::use_streams;
  slot input, output, errors;
};
// Executes lxr-init from `program`, its sealed copy. lxr-init maps the plan from the memfd `memory` and continues with
// the next operation. `listener`: the socket for wait_start; -1: none.
struct become_init {
  static constexpr op code = op::become_init;
  slot program, memory, listener;
};
// Only in lxr-init: waits until a process connects to the listener. That process gets all further reports too.
struct wait_start {
  static constexpr op code = op::wait_start;
};
// Closes all descriptors above 2 but `preserved` ones from 3 on, and those to the parent, the listener and the starter.
struct close_others {
  static constexpr op code = op::close_others;
  std::int32_t preserved;
};
struct become_process {  // gives the child ids, limits and rights of the user's process: the steps of process_step
  static constexpr op code = op::become_process;
  std::uint32_t attributes;  // offset of process_attributes
};
struct exec {  // execve(2)
  static constexpr op code = op::exec;
  bytes candidates;  // NUL-terminated paths, tried in turn as by execvp(3)
  string_list argv, envp;
  std::uint64_t ignored_signals = 0;  // bit n - 1: signal n, which the parent ignores, gets its default action back
  bool under_init = false;            // lxr-init stays as the parent of the program (become_reaper())
  text directory;                     // of a program that is no container's: changes to it, and to umask 022; none: no
};

}  // namespace ops

struct plan_op {
  op code;
  std::uint32_t reserved = 0;
  alignas(8) std::byte operands[48];  // a struct of namespace ops
};

inline constexpr int message_limit = 250;                // descriptors in one message; the kernel allows 253 (unix(7))
inline constexpr std::uint32_t plan_magic = 0x4c585232;  // "LXR2"

// The begin of the block.
struct launch_plan {
  std::uint32_t magic;
  std::uint32_t size;  // bytes of the whole block
  std::uint32_t op_count;
  std::uint32_t ops;  // offset of plan_op[op_count]
  std::uint32_t slot_count;
  std::uint32_t slots;  // offset of int[slot_count]
  // An int that the child shares with its parent: fork_again puts the pid there before that process begins.
  volatile int* successor;
};

// The parent's message for a barrier, sent again with the next descriptors if there are more than message_limit.
struct barrier_message {
  barrier which;
};

// Performs the operations from number `first` on, in the calling process. `channel` is the child's end of the channel
// to the parent, `listener` the socket for wait_start (-1: none). Makes only raw system calls, so that a child can run
// it in the memory of a process with threads.
// Failure: sends the report `failed` and ends the process with exit status 127.
[[noreturn]] void run_plan(launch_plan* plan, std::uint32_t first, int channel, int listener) noexcept;

}  // namespace lxr::io::child
