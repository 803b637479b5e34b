// SPDX-License-Identifier: Apache-2.0
// Operations that turn the child into the user's process.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

#include "io/child/context.hpp"

namespace lxr::io::child {

// Closes the descriptors, although execve(2) would: through an open one the working directory "/proc/self/fd/N" would
// be a directory of the host (CVE-2024-21626).
long run(context& c, const ops::close_others& o) noexcept {
  int kept[3] = {c.channel, c.listener, c.starter};
  for (int pass = 0; pass < 2; ++pass) {  // sorts `kept`
    for (int i = 0; i < 2; ++i) {
      if (kept[i] > kept[i + 1]) {
        const int larger = kept[i];
        kept[i] = kept[i + 1];
        kept[i + 1] = larger;
      }
    }
  }
  long from = 3 + o.preserved;
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

// Fails when the working directory is outside of the root: getcwd(2) then returns "(unreachable)/...".
static long check_inside() {
  char name[4096];
  const long size = call(SYS_getcwd, word(name), sizeof name);
  if (size < 0) return size;
  return name[0] == '/' ? 0 : -EXDEV;
}

static long change_directory(const context& c, const process_attributes& p) {
  char* path = text_of(c, p.directory);
  long done = call(SYS_chdir, word(path));
  if (done == 0) return check_inside();
  if (done != -ENOENT || !p.makes_directory) return done;
  for (char* end = path + 1;; ++end) {  // the root is entered: no path leads out of it
    if (*end != '/' && *end != 0) continue;
    const char saved = *end;
    *end = 0;
    done = call(SYS_mkdirat, AT_FDCWD, word(path), 0755);
    *end = saved;
    if (done < 0 && done != -EEXIST) return done;
    if (saved == 0) break;
  }
  done = call(SYS_chdir, word(path));
  return done == 0 ? check_inside() : done;
}

// Gives the process's user those standard streams that are pipes or ptys, so that a user other than root can open
// /dev/stdout. Others (a file, the host's /dev/null) keep their owner. A refused fchown(2) is no failure.
static void give_streams(const process_attributes& p) {
  constexpr unsigned first_pty = 136, last_pty = 143;  // major numbers of /dev/pts
  for (long fd = 0; fd <= 2; ++fd) {
    struct stat st{};
    if (call(SYS_newfstatat, fd, word(""), word(&st), at_empty_path) < 0 || st.st_uid == p.uid) continue;
    const unsigned device = major(st.st_rdev);
    if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && device >= first_pty && device <= last_pty))
      call(SYS_fchown, fd, p.uid, ~0u);
  }
}

// Sets the groups before the uid, because setresuid(2) to a user other than root clears CAP_SETGID. It also clears the
// capabilities that such a user is to have, unless PR_SET_KEEPCAPS is set (capabilities(7)).
static long set_ids(const context& c, const process_attributes& p) {
  if (p.uid != 0) give_streams(p);
  long done = call(SYS_setgroups, static_cast<long>(p.groups.size / sizeof(gid_t)), word(at(c, p.groups.offset)));
  if (done == 0) done = call(SYS_setresgid, p.gid, p.gid, p.gid);
  if (done == 0 && p.uid != 0 && (p.permitted | p.inheritable) != 0)
    done = call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (done == 0) done = call(SYS_setresuid, p.uid, p.uid, p.uid);
  return done;
}

// PR_CAPBSET_DROP needs CAP_SETPCAP, so this runs before set_ids().
static long drop_bounding_set(const process_attributes& p) {
  for (long capability = 0; capability < 64; ++capability) {
    if ((p.bounding >> capability & 1) != 0) continue;
    const long done = call(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (done == -EINVAL) break;  // this kernel knows no further capabilities
    if (done < 0) return done;
  }
  return 0;
}

static long set_capabilities(const process_attributes& p) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (int half = 0; half < 2; ++half) {
    sets[half].effective = static_cast<__u32>(p.effective >> (32 * half));
    sets[half].permitted = static_cast<__u32>(p.permitted >> (32 * half));
    sets[half].inheritable = static_cast<__u32>(p.inheritable >> (32 * half));
  }
  const long done = call(SYS_capset, word(&header), word(sets));
  if (done < 0) return done;
  // Others cannot be ambient (capabilities(7)); common specs ask for them all the same.
  const std::uint64_t ambient = p.ambient & p.permitted & p.inheritable;
  for (long capability = 0; capability < 64 && ambient >> capability != 0; ++capability) {
    if ((ambient >> capability & 1) == 0) continue;
    const long raised = call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    if (raised < 0) return raised;
  }
  return 0;
}

// Runs after enter_root, so /proc is the one that the spec mounts in the container. The image cannot redirect the write
// to the host: magic links are refused.
static long set_oom_score(const context& c, const process_attributes& p) {
  const long fd = open_resolving(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY, RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return p.oom_score_required ? fd : 0;
  const char* score = text_of(c, p.oom_score);
  const long put = call(SYS_write, fd, word(score), static_cast<long>(length(score)));
  close_fd(fd);
  return put < 0 && p.oom_score_required ? put : 0;
}

static long set_limits(const context& c, const process_attributes& p) {
  const auto* limits = reinterpret_cast<const resource_limit*>(at(c, p.limits.offset));
  for (std::size_t i = 0; i < p.limits.size / sizeof(resource_limit); ++i) {
    const std::uint64_t soft_and_hard[2] = {limits[i].soft, limits[i].hard};
    const long done = call(SYS_prlimit64, 0, limits[i].resource, word(soft_and_hard), 0);
    if (done < 0) return done;
  }
  return 0;
}

// ENOSYS is no failure: a kernel without keyrings (CONFIG_KEYS) has no session keyring to share with the caller.
static long join_keyring(const context& c, const process_attributes& p) {
  constexpr long join_session = 1;  // KEYCTL_JOIN_SESSION_KEYRING
  const long joined = call(SYS_keyctl, join_session, word(text_of(c, p.keyring)), 0, 0, 0);
  return joined < 0 && joined != -ENOSYS ? joined : 0;
}

static long load_filter(const context& c, const process_attributes& p) {
  sock_fprog program{static_cast<unsigned short>(p.filter.size / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(at(c, p.filter.offset))};
  return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p.filter_flags, word(&program));
}

static long perform(const context& c, const process_attributes& p, process_step step) {
  constexpr long who_process = 1;  // IOPRIO_WHO_PROCESS
  switch (step) {
    case process_step::keyring:
      return p.keyring.offset != 0 ? join_keyring(c, p) : 0;
    case process_step::personality:
      return p.personality != ~0u ? call(SYS_personality, p.personality) : 0;
    case process_step::oom_score:
      return p.oom_score.offset != 0 ? set_oom_score(c, p) : 0;
    case process_step::resource_limits:
      return set_limits(c, p);
    case process_step::scheduler:
      return p.scheduling.size != 0 ? call(SYS_sched_setattr, 0, word(at(c, p.scheduling.offset)), 0) : 0;
    case process_step::io_priority:
      return p.sets_io_priority ? call(SYS_ioprio_set, who_process, 0, p.io_priority) : 0;
    case process_step::working_directory:
      return change_directory(c, p);
    case process_step::early_seccomp:
      return p.filter.size != 0 && !p.no_new_privileges ? load_filter(c, p) : 0;
    case process_step::bounding_set:
      return drop_bounding_set(p);
    case process_step::ids:
      return set_ids(c, p);
    case process_step::capabilities:
      return set_capabilities(p);
    case process_step::no_new_privileges:
      return p.no_new_privileges ? call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
    case process_step::seccomp:
      return p.filter.size != 0 && p.no_new_privileges ? load_filter(c, p) : 0;
  }
  return -ENOSYS;
}

long run(context& c, const ops::become_process& o) noexcept {
  const auto& attributes = *reinterpret_cast<const process_attributes*>(at(c, o.attributes));
  for (std::uint32_t step = 0; step <= static_cast<std::uint32_t>(process_step::seccomp); ++step) {
    c.step = step;
    const long done = perform(c, attributes, static_cast<process_step>(step));
    if (done < 0) return done;
  }
  call(SYS_umask, attributes.umask);
  return 0;
}

static char** pointers_of(const context& c, const string_list& list) {
  const auto* offsets = reinterpret_cast<const std::uint32_t*>(at(c, list.offsets));
  auto** pointers = reinterpret_cast<char**>(at(c, list.pointers));
  for (std::uint32_t i = 0; i < list.count; ++i) pointers[i] = at(c, offsets[i]);
  pointers[list.count] = nullptr;
  return pointers;
}

// Gives signals their default actions back, and clears the signal mask. execve(2) resets handlers by itself, but keeps
// the mask and what is ignored (signal(7)).
static void reset_signals(std::uint64_t ignored) {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    unsigned long mask;
  } standard{};
  for (int number = 1; number <= 64; ++number) {
    if ((ignored >> (number - 1) & 1) != 0) call(SYS_rt_sigaction, number, word(&standard), 0, 8);
  }
  const unsigned long none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, word(&none), 0, 8);
}

// Like execvp(3): ENOENT, ENOTDIR and EACCES lead to the next candidate. If none can be executed, fails with EACCES if
// one did, else with ENOENT.
long run(context& c, const ops::exec& o) noexcept {
  char** argv = pointers_of(c, o.argv);
  char** envp = pointers_of(c, o.envp);
  if (o.under_init) {
    const long forked = become_reaper();
    if (forked < 0) return forked;
  }
  if (o.directory.offset != 0) {
    call(SYS_umask, 022);
    const long entered = call(SYS_chdir, word(text_of(c, o.directory)));
    if (entered < 0) return entered;
  }
  reset_signals(o.ignored_signals);
  call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
  send_report(c, child_report::about_to_exec, 0);
  long result = -ENOENT;
  const char* candidate = at(c, o.candidates.offset);
  const char* const end = candidate + o.candidates.size;
  for (; candidate < end; candidate += length(candidate) + 1) {
    const long failed =
        call(SYS_execve, word(candidate), word(static_cast<const void*>(argv)), word(static_cast<const void*>(envp)));
    if (failed != -ENOENT && failed != -ENOTDIR && failed != -EACCES) return failed;
    if (failed == -EACCES) result = failed;
  }
  return result;
}

}  // namespace lxr::io::child
