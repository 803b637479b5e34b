#pragma once

#include <cstddef>
#include <cstdint>

// The launch plan: the flat list of what a new process does between clone3 and exec, in order. It is one block of
// memory without pointers (offsets only), so that it can be inherited by clone or handed to lxr-init in a memfd.
// Built by plan_builder in the parent, interpreted by child.cpp. No other lxr header may be included from here.
namespace lxr::io::process {

// What one operation does. "slot n" is plan.slots[n], a descriptor; "text", "more" and "data" are offsets into the block.
enum class op : std::uint16_t {
  join_cgroup,     // write "0" to slot a (a cgroup v1 `tasks` file: moving only oneself takes no global lock)
  unshare,         // a: CLONE_NEW* flags; writes `data` to file `text` (a sysctl of the new namespaces) where that can be written;
                   // then tells the parent (child_report::apart)
  tell_ready,      // tells the parent (child_report::ready)
  private_mounts,  // stop propagation of the copied mount tree
  receive,         // wait for the parent's next message; its descriptors go to slots a.. (b of them)
  make_mount,      // fsopen(text), fsconfig each string of data, fsmount with attributes b: detached, to slot a
  clone_mount,     // a detached copy of the mount of directory `text`, with attributes b added, to slot a
  attach,          // move the mount in slot a to directory `text` below slot b, made (0755) when missing
  attach_over,     // move the mount in slot a onto the directory `text` of the copied mount tree
  bind_file,       // move the detached file mount in slot a onto `text` below slot b, resolved in-root, made when missing
  mask,            // hide `text` below slot a: files by `null` of slot b, directories by the empty mount in slot c
  make_readonly,   // remount `text` below slot a read-only; ENOENT is fine
  set_readonly,    // the mount in slot a itself
  make_node,       // mknodat(slot a, text, mode b, device c), mode regardless of umask
  make_link,       // symlinkat(more, slot a, text)
  write_file,      // write data to `text` below slot a
  enter_root,      // fchdir to slot a, pivot_root there, drop the old root
  set_hostname,    // text
  open_route,      // an rtnetlink socket, of the network namespace the child is in, to slot a
  configure_network,  // send the rtnetlink messages in data; expects c acknowledgements
  await_links,     // send the c questions for links (RTM_GETLINK) in data by the socket in slot a, until all of them are "up"; close it
  open_console,    // new pty from the devpts in slot a (-1: from /dev/pts); master to the parent, replica to slot b; c: rows << 16 | columns, or 0
  bind_console,    // mount the terminal in slot a on `console` below slot b
  set_stdio,       // slots a, b, c become descriptors 0, 1, 2; b < 0 and c < 0: all three from a, as controlling terminal
  join_namespaces,  // setns(slot a, flags b)
  fork_again,      // continue as a child of the parent: the one that is inside the joined pid namespace
  become_init,     // exec lxr-init (slot a) with this plan in memfd slot b; it goes on behind this, with listener slot c or -1
  wait_start,      // lxr-init only: wait for a connection on its listener
  change_directory,  // text; a: make it when missing. Behind close_others: /proc/self/fd must lead nowhere
  set_ids,         // gid a, uid b, supplementary groups in data
  set_capabilities,  // bounding set (and, for uid 0, effective and permitted set) to the 64-bit mask in data
  set_oom_score,   // write text to /proc/self/oom_score_adj; a: a refusal is an error
  limit_descriptors,  // RLIMIT_NOFILE: soft b, hard c
  no_new_privileges,
  load_seccomp,    // BPF program in data
  close_others,    // close every descriptor above 2 but the channels
  exec,            // data: candidate paths; text: argv, more: envp (see string_list)
};

struct plan_op {
  op code;
  std::uint16_t reserved = 0;
  std::int32_t a = 0, b = 0;
  std::int64_t c = 0;
  std::uint32_t text = 0, more = 0;      // offset of a NUL-terminated string; 0: none
  std::uint32_t data = 0, data_size = 0;  // offset and bytes
};

inline constexpr int slot_count = 48;
inline constexpr int handed_limit = 16;  // descriptors in one message to the child
inline constexpr std::uint32_t plan_magic = 0x4c585231;  // "LXR1"

struct launch_plan {
  std::uint32_t magic;
  std::uint32_t size;      // bytes of the whole block
  std::uint32_t op_count;
  std::uint32_t ops;       // offset of plan_op[op_count]
  std::int32_t slots[slot_count];
};

// A vector of strings for execve: `count` offsets at `offsets`, and room for count + 1 pointers at `pointers`.
struct string_list {
  std::uint32_t count, offsets, pointers, reserved;
};

// What the child tells the parent, on its end of a SOCK_SEQPACKET pair, one message each.
struct child_report {
  enum kind : std::uint32_t {
    failed,         // `error` at operation `index`; the child is gone
    console,        // carries the pty master
    apart,          // it has namespaces of its own
    ready,          // all that needs nothing but the engine's word is made
    forked,         // `error` holds the pid that goes on
    waiting,        // lxr-init runs and waits to be started
    about_to_exec,  // end of file after this one: exec succeeded. End of file without it: the child died
  };
  std::uint32_t what;
  std::uint32_t index;  // of the operation
  std::int32_t error;   // errno
  op code;
  std::uint16_t reserved;
};

// Runs the plan from operation `first`; never returns. `channel` is the child's end of the pair, `listener` lxr-init's
// socket (or -1). Only raw system calls: safe after clone3 in a threaded process.
[[noreturn]] void run_plan(launch_plan* plan, std::uint32_t first, int channel, int listener) noexcept;

}  // namespace lxr::io::process
