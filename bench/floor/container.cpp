// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/container.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <grp.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "bench/floor/link.hpp"
#include "core/oci/runtime_spec/defaults.hpp"
#include "io/seccomp/default_profile.hpp"

extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;
extern "C" int umount2(const char*, int) noexcept;

namespace lxr::floor {
namespace {

constexpr unsigned long ro = 1, nosuid = 2, nodev = 4, noexec = 8, remount = 32, bind = 4096, rec = 16384,
                        priv = 1 << 18;
constexpr unsigned long safe = nosuid | nodev | noexec;

bool put(const std::string& path, const char* text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text, std::strlen(text)) > 0;
  ::close(fd);
  return done;
}

void mount_root(const place& p, const what& w) {
  must(::mount(nullptr, "/", nullptr, rec | priv, nullptr), "private");
  const std::string options = "lowerdir=" + w.root + ",upperdir=" + p.upper + ",workdir=" + p.work + ",volatile";
  must(::mount("overlay", p.top.c_str(), "overlay", nodev, options.c_str()), "overlay");
  must(::chdir(p.top.c_str()), "chdir");
}

void make_devices() {
  for (const char* name : {"dev/pts", "dev/shm", "dev/mqueue"}) must(::mkdir(name, 0755), "mkdir");
  must(::mount("devpts", "dev/pts", "devpts", nosuid | noexec, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "devpts");
  must(::mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"), "shm");
  must(::mount("mqueue", "dev/mqueue", "mqueue", safe, nullptr), "mqueue");
  struct node {
    const char* path;
    unsigned major, minor;
  };
  for (const node& n : {node{"dev/null", 1, 3},
                        {"dev/zero", 1, 5},
                        {"dev/full", 1, 7},
                        {"dev/random", 1, 8},
                        {"dev/urandom", 1, 9},
                        {"dev/tty", 5, 0}}) {
    must(::mknod(n.path, S_IFCHR | 0666, makedev(n.major, n.minor)), "mknod");
  }
  for (const auto& [link, target] : {std::pair{"dev/fd", "/proc/self/fd"},
                                     {"dev/stdin", "/proc/self/fd/0"},
                                     {"dev/stdout", "/proc/self/fd/1"},
                                     {"dev/stderr", "/proc/self/fd/2"},
                                     {"dev/ptmx", "pts/ptmx"}}) {
    must(::symlink(target, link), "symlink");
  }
}

void hide() {
  for (const std::string& path : oci::default_readonly_paths()) {
    const char* target = path.c_str() + 1;
    if (::mount(target, target, nullptr, bind | rec, nullptr) != 0 && errno == ENOENT) continue;
    must(::mount(nullptr, target, nullptr, remount | bind | ro | safe, nullptr), "read-only");
  }
  for (const std::string& path : oci::default_masked_paths()) {
    const char* target = path.c_str() + 1;
    struct stat st{};
    if (::stat(target, &st) != 0) continue;
    if (S_ISDIR(st.st_mode)) {
      must(::mount("tmpfs", target, "tmpfs", safe | ro, "size=4k,nr_inodes=2"), "mask");
    } else {
      must(::mount("dev/null", target, nullptr, bind, nullptr), "mask");
    }
  }
}

// `route`: a netlink socket of the host's namespace.
void take_link(const what& w, int go, int route) {
  char byte = 0;
  must(::read(go, &byte, 1), "wait for link");
  configure_peer(w.address, w.gateway);
  await_links(route, w.bridge, w.address);
}

[[noreturn]] void run_child(const place& p, const what& w, int tasks, int go, int route) {
  if (tasks >= 0) must(::write(tasks, "0", 1), "join cgroup");
  must(::unshare(CLONE_NEWCGROUP), "cgroup namespace");
  if (w.word >= 0) {
    ::close(w.not_word);
    if (w.linked) take_link(w, go, route);
    char byte = 0;
    must(::write(w.ready, &byte, 1), "tell");
    must(::read(w.word, &byte, 1), "wait for the word");
  }
  mount_root(p, w);
  must(::mount("proc", "proc", "proc", safe, nullptr), "proc");
  must(::mount("sysfs", "sys", "sysfs", safe | ro, nullptr), "sysfs");
  must(::mount("tmpfs", "dev", "tmpfs", nosuid | noexec, "mode=755,size=65536k"), "dev");
  if (p.unified) must(::mount("cgroup2", "sys/fs/cgroup", "cgroup2", safe | ro, nullptr), "cgroup2");
  make_devices();
  hide();
  must(::sethostname("floor", 5), "hostname");
  must(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(::umount2(".", 2), "umount");
  must(::chdir("/"), "chdir");
  if (w.linked && w.word < 0) take_link(w, go, route);
  ::setsid();
  give_up_privileges();
  char* envp[] = {nullptr};
  ::execve(w.argv[0], w.argv, envp);
  must(-1, "exec");
  ::_exit(1);
}

}  // namespace

long must(long result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  ::_exit(1);
}

void give_up_privileges() {
  const std::uint64_t kept = oci::default_capabilities();
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) == 0 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
  }
  must(::setgroups(0, nullptr), "setgroups");
  must(::setresgid(0, 0, 0), "setresgid");
  must(::setresuid(0, 0, 0), "setresuid");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (int half = 0; half < 2; ++half)
    sets[half].effective = sets[half].permitted = static_cast<__u32>(kept >> (32 * half));
  must(::syscall(SYS_capset, &header, sets), "capset");
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  const std::string_view bytes = io::seccomp::default_profile();
  sock_fprog program{static_cast<unsigned short>(bytes.size() / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(const_cast<char*>(bytes.data()))};
  must(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

place prepare(const std::string& work, const std::string& id) {
  place p;
  const std::string base = work + "/" + id;
  must(::mkdir(base.c_str(), 0700), "mkdir");
  for (auto [path, name] : {std::pair{&p.upper, "/upper"}, {&p.work, "/work"}, {&p.top, "/top"}}) {
    *path = base + name;
    must(::mkdir(path->c_str(), 0755), "mkdir");
  }
  struct statfs fs{};
  p.unified = ::statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == 0x63677270;
  const std::string parent = p.unified ? "/sys/fs/cgroup/lxr-floor" : "/sys/fs/cgroup/pids/lxr-floor";
  ::mkdir(parent.c_str(), 0755);
  p.group = parent + "/" + id;
  must(::mkdir(p.group.c_str(), 0755), "mkdir cgroup");
  put(p.group + "/pids.max", "2048");
  return p;
}

void clean(const place& p) {
  ::rmdir(p.group.c_str());
  ::rmdir(p.group.substr(0, p.group.rfind('/')).c_str());
  for (const char* inner : {"/work/incompat/volatile/dirty", "/work/incompat/volatile", "/work/incompat", "/work"}) {
    ::remove((p.work + inner).c_str());
  }
  for (const std::string& path : {p.upper, p.work, p.top, p.upper.substr(0, p.upper.rfind('/'))}) ::rmdir(path.c_str());
}

child start(const place& p, const what& w) {
  child c;
  int go[2] = {-1, -1};
  if (w.linked) must(::pipe2(go, O_CLOEXEC), "pipe");
  const int route = w.linked ? open_route() : -1;
  const int group =
      p.unified ? static_cast<int>(must(::open(p.group.c_str(), O_PATH | O_CLOEXEC), "open cgroup"))
                : static_cast<int>(must(::open((p.group + "/tasks").c_str(), O_WRONLY | O_CLOEXEC), "open tasks"));
  clone_args args{};
  args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_PIDFD |
               (p.unified ? CLONE_INTO_CGROUP : 0);
  args.cgroup = static_cast<std::uint64_t>(group);
  args.pidfd = reinterpret_cast<std::uint64_t>(&c.pidfd);
  args.exit_signal = SIGCHLD;
  c.pid = static_cast<pid_t>(must(::syscall(SYS_clone3, &args, sizeof args), "clone3"));
  if (c.pid == 0) {
    if (w.linked) ::close(go[1]);
    run_child(p, w, p.unified ? -1 : group, go[0], route);
  }
  ::close(group);
  if (w.linked) ::close(go[0]), ::close(route);
  c.go = go[1];
  return c;
}

}  // namespace lxr::floor
