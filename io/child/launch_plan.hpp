// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// The launch plan: the flat list of operations that a new process does between clone3(2) and execve(2), in order. It is
// one block of memory without pointers (offsets only), so that it can be shared by clone or handed to lxr-init in a
// memfd.
// Built by io/process/plan_builder in the parent, interpreted by run_plan(). No other lxr header may be included from
// here.
namespace lxr::io::child {

// A descriptor, by its place in the plan's table of slots; -1: none.
using slot = std::int32_t;
// A NUL-terminated string in the block; offset 0: none.
struct text {
  std::uint32_t offset = 0;
};
struct bytes {
  std::uint32_t offset = 0, size = 0;
};
// A vector of strings for execve(2): an offset of each at `offsets`, and room for count + 1 pointers at `pointers`.
struct string_list {
  std::uint32_t count = 0, offsets = 0, pointers = 0;
};

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

// Where the child waits for a message of the parent. A message names its barrier, so that neither side can be a step
// ahead unnoticed.
enum class barrier : std::uint32_t {
  ids,    // the id maps of the new user namespace are written
  hooks,  // the hooks that come before the root is entered have been run
  root,   // carries every descriptor that exists only then: the root, the files of /etc, the standard streams, lxr-init
  link,   // the veth exists
};

// What the child tells the parent, on its end of a SOCK_SEQPACKET pair, one message each.
struct child_report {
  enum kind : std::uint32_t {
    failed,         // `error` at operation `index`; the child is gone
    separated,      // it is in its new namespaces
    prepared,       // everything before the next barrier is done
    mounted,        // the mounts lie in the root, which is not entered yet
    forked,         // `error` holds the pid that goes on
    terminal,       // carries the pty master
    waiting,        // lxr-init runs and waits for a connection on its listener
    about_to_exec,  // end of file after this one: exec succeeded. End of file without it: the child died
  };
  std::uint32_t what;
  std::uint32_t index;  // of the operation
  std::int32_t error;   // errno
  op code;              // of that operation
  std::uint32_t step;   // of become_process: a process_step
};

// The operands of each operation. `code` names it.
namespace ops {

// Writes "0" to a cgroup v1 `tasks` file (moving only oneself takes no global lock).
struct join_cgroup {
  static constexpr op code = op::join_cgroup;
  slot tasks;
};
struct join_namespaces {  // setns(2)
  static constexpr op code = op::join_namespaces;
  slot of;              // a pidfd or a file of a namespace
  std::uint32_t kinds;  // CLONE_NEW*
};
struct become_root {  // uid 0, gid 0 and no other groups, as the maps of the user namespace have them
  static constexpr op code = op::become_root;
};
struct unshare {  // unshare(2)
  static constexpr op code = op::unshare;
  std::uint32_t kinds;
};
// Writes to a file of the host's /proc that stands for the caller's own namespaces.
struct write_setting {
  static constexpr op code = op::write_setting;
  text path;
  bytes value;
  bool is_required;  // else a kernel without it is passed over
};
struct private_mounts {  // stops propagation of the copied mount tree
  static constexpr op code = op::private_mounts;
};
// The root directory becomes that of another process. setns(2) leads to the root of the mount namespace, which is
// another one when the container was made in a chroot.
struct change_root {
  static constexpr op code = op::change_root;
  slot root;
};
struct fork_again {  // goes on as a child of the parent that is inside the joined pid namespace
  static constexpr op code = op::fork_again;
};
// Waits for the parent's message about a barrier; its `count` descriptors go to slots first, first + 1, ...
struct receive {
  static constexpr op code = op::receive;
  barrier which;
  slot first;
  std::int32_t count;
};
struct tell {
  static constexpr op code = op::tell;
  std::uint32_t what;  // child_report::kind
};
// A new filesystem, detached: fsopen(2), fsconfig(2) each pair of NUL-terminated strings in `options`, fsmount(2).
struct make_filesystem {
  static constexpr op code = op::make_filesystem;
  slot to;
  text type;
  bytes options;
  std::uint32_t attributes;  // MOUNT_ATTR_*
};
struct clone_mount {  // a detached copy of the mount at a path of the host, from there on, with attributes added
  static constexpr op code = op::clone_mount;
  slot to;
  text path;
  std::uint32_t attributes;
};
// Moves a detached mount onto `path` below `root`, in-root; missing directories, or the file, are made (0755, 0644).
struct attach {
  static constexpr op code = op::attach;
  slot mount, root;
  text path;
  std::uint32_t is_file : 1, no_links : 1;  // no_links: a symbolic link anywhere in the path is an error
};
struct attach_over {  // moves a detached mount onto a directory of the copied mount tree
  static constexpr op code = op::attach_over;
  slot mount;
  text directory;
};
// attach of a file that lxr provides: a dangling link in its place is replaced by a file.
struct attach_file {
  static constexpr op code = op::attach_file;
  slot mount, root;
  text path;
};
// Hides `path` below `root`: files by /null of the filesystem `dev`, directories by the filesystem `empty`. Missing
// ones are fine.
struct mask {
  static constexpr op code = op::mask;
  slot root, dev, empty;
  text path;
};
struct make_readonly {  // remounts `path` below `root`; a missing one is fine
  static constexpr op code = op::make_readonly;
  slot root;
  text path;
};
struct set_readonly {  // the mount itself
  static constexpr op code = op::set_readonly;
  slot mount;
};
struct make_directory {  // mode 0755
  static constexpr op code = op::make_directory;
  slot directory;
  text path;
};
struct make_node {  // mknodat(2); the umask is 0
  static constexpr op code = op::make_node;
  slot directory;
  text path;
  std::uint32_t mode;
  std::uint32_t device_major, device_minor;
};
// mknodat(2) at a path below `root` without symbolic links; missing directories are made (0755). What is there already
// is replaced, unless it is the same device.
struct make_device {
  static constexpr op code = op::make_device;
  slot root;
  text path;
  std::uint32_t mode;
  std::uint32_t device_major, device_minor;
  std::uint32_t uid, gid;
};
struct make_link {
  static constexpr op code = op::make_link;
  slot directory;
  text path, target;
};
struct write_file {  // one that is there
  static constexpr op code = op::write_file;
  slot directory;
  text path;
  bytes content;
};
struct enter_root {  // pivot_root(2) to the mount, and off with the old root
  static constexpr op code = op::enter_root;
  slot root;
};
struct set_propagation {  // of the root that was entered: MS_SHARED, MS_SLAVE, ..., perhaps with MS_REC
  static constexpr op code = op::set_propagation;
  std::uint64_t flags;
};
struct set_hostname {
  static constexpr op code = op::set_hostname;
  text name;
};
struct set_domainname {
  static constexpr op code = op::set_domainname;
  text name;
};
struct open_route {  // an rtnetlink socket of the network namespace that the child is in
  static constexpr op code = op::open_route;
  slot to;
};
struct configure_network {  // sends rtnetlink messages, expects `count` acknowledgements
  static constexpr op code = op::configure_network;
  bytes messages;
  std::uint32_t count;
};
struct await_links {  // asks (RTM_GETLINK) by `route` until `count` links are up; closes it
  static constexpr op code = op::await_links;
  slot route;
  bytes questions;
  std::uint32_t count;
};
struct open_terminal {  // a new pty; its master goes to the parent (child_report::terminal)
  static constexpr op code = op::open_terminal;
  slot devpts;                  // -1: /dev/pts of the mount namespace
  slot to;                      // the replica
  std::uint16_t rows, columns;  // 0: not set
};
struct bind_console {  // mounts the terminal on `console` below the directory
  static constexpr op code = op::bind_console;
  slot terminal, dev;
};
struct use_terminal {  // as descriptors 0, 1, 2, and as the controlling terminal
  static constexpr op code = op::use_terminal;
  slot terminal;
};
struct use_streams {
  static constexpr op code = op::use_streams;
  slot input, output, errors;
};
// execs lxr-init from its sealed copy; it maps the plan from `memory` and goes on with the next operation.
struct become_init {
  static constexpr op code = op::become_init;
  slot program, memory, listener;
};
struct wait_start {  // of lxr-init: waits for a connection on the listener; who connects gets the reports too
  static constexpr op code = op::wait_start;
};
struct close_others {  // every descriptor above 2 but the channels
  static constexpr op code = op::close_others;
};
struct become_process {  // everything that makes this process the user's
  static constexpr op code = op::become_process;
  std::uint32_t attributes;  // offset of process_attributes
};
struct exec {
  static constexpr op code = op::exec;
  bytes candidates;  // NUL-terminated paths, tried in turn as execvp(3) does
  string_list argv, envp;
  std::uint64_t ignored_signals = 0;  // bit n - 1: signal n, ignored by the parent, gets its default action again
};

}  // namespace ops

// What become_process does, in this order.
enum class process_step : std::uint32_t {
  keyring,
  personality,
  oom_score,
  resource_limits,
  scheduler,
  io_priority,
  working_directory,
  early_seccomp,
  bounding_set,
  ids,
  capabilities,
  no_new_privileges,
  seccomp,
};

struct resource_limit {
  std::uint32_t resource;  // RLIMIT_*
  std::uint32_t reserved = 0;
  std::uint64_t soft, hard;
};

struct process_attributes {
  std::uint32_t uid = 0, gid = 0;
  bytes groups;                                                                            // gid_t each
  std::uint64_t bounding = 0, effective = 0, permitted = 0, inheritable = 0, ambient = 0;  // bit n: capability n
  bytes limits;                                                                            // resource_limit each
  text oom_score;    // what is written to oom_score_adj; none: as it is
  text keyring;      // the name of a session keyring of its own (keyrings(7)); none: the caller's
  text directory;    // the working directory
  bytes filter;      // of seccomp: struct sock_filter each; none: no filter
  bytes scheduling;  // struct sched_attr (sched_setattr(2)); none: as it is
  std::uint32_t umask = 022;
  std::uint32_t personality = ~0u;  // personality(2); all bits: as it is
  std::uint32_t filter_flags = 0;   // SECCOMP_FILTER_FLAG_*
  std::int32_t io_priority = 0;     // ioprio_set(2)
  bool oom_score_required = false;  // else a refusal is passed over
  bool makes_directory = false;     // a missing working directory is made
  bool sets_io_priority = false;
  bool no_new_privileges = false;  // without it the filter is loaded before capabilities are given up (seccomp(2))
};

struct plan_op {
  op code;
  std::uint32_t reserved = 0;
  alignas(8) std::byte operands[48];
};

inline constexpr int message_limit = 250;                // descriptors in one message: SCM_MAX_FD is 253
inline constexpr std::uint32_t plan_magic = 0x4c585232;  // "LXR2"

struct launch_plan {
  std::uint32_t magic;
  std::uint32_t size;  // bytes of the whole block
  std::uint32_t op_count;
  std::uint32_t ops;  // offset of plan_op[op_count]
  std::uint32_t slot_count;
  std::uint32_t slots;  // offset of int[slot_count]
};

// What the parent sends for a barrier, in one or several messages with at most message_limit descriptors each.
struct barrier_message {
  barrier which;
};

// Runs the plan from operation `first`; never returns. `channel` is the child's end of the pair, `listener` lxr-init's
// socket (or -1). Only raw system calls: safe after clone3(2) in a process with threads, and in memory that is shared
// with it.
[[noreturn]] void run_plan(launch_plan* plan, std::uint32_t first, int channel, int listener) noexcept;

}  // namespace lxr::io::child
