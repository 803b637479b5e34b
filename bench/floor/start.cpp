// The unavoidable work of starting one container without a network: all namespaces, an overlay, proc, sys, dev, pts, shm,
// mqueue, pivot_root, exec, wait. No image, no configuration, no cgroup, no seccomp, no log.
//   floor_start ROOTFS WORK PROGRAM      WORK: an empty directory on the same filesystem
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void must(long result, const char* what) {
  if (result >= 0) return;
  std::perror(what);
  ::_exit(1);
}

void child(const std::string& root, const std::string& work, char* program) {
  const std::string upper = work + "/upper", inner = work + "/work", merged = work + "/merged";
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
  const std::string options = "lowerdir=" + root + ",upperdir=" + upper + ",workdir=" + inner + ",volatile";
  must(::mount("overlay", merged.c_str(), "overlay", MS_NODEV, options.c_str()), "overlay");
  must(::chdir(merged.c_str()), "chdir");
  constexpr unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  must(::mount("proc", "proc", "proc", safe, nullptr), "proc");
  must(::mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, nullptr), "sysfs");
  must(::mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=65536k"), "dev");
  for (const char* name : {"dev/pts", "dev/shm", "dev/mqueue"}) must(::mkdir(name, 0755), "mkdir");
  must(::mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "devpts");
  must(::mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"), "shm");
  must(::mount("mqueue", "dev/mqueue", "mqueue", safe, nullptr), "mqueue");
  must(::mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)), "mknod");
  must(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(::umount2(".", MNT_DETACH), "umount");
  char* argv[] = {program, nullptr};
  char* envp[] = {nullptr};
  ::execve(program, argv, envp);
  must(-1, "exec");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string work = std::string(argv[2]) + "/" + std::to_string(::getpid());
  must(::mkdir(work.c_str(), 0700), "mkdir");
  for (const char* name : {"/upper", "/work", "/merged"}) must(::mkdir((work + name).c_str(), 0755), "mkdir");
  clone_args args{};
  args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  must(pid, "clone3");
  if (pid == 0) child(argv[1], work, argv[3]);
  int status = 0;
  ::waitpid(static_cast<pid_t>(pid), &status, 0);
  for (const char* name : {"/upper", "/work/work", "/work", "/merged", ""}) ::rmdir((work + name).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
