// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/failure.hpp"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/base/unique_fd.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/launch/process_plan.hpp"
#include "pipeline/spec/environment.hpp"

namespace lxr::launch {
namespace {

using io::child::op;
using io::child::process_step;

// Returns the interpreter that an ELF file names (elf(5), PT_INTERP); "" when `head`, the begin of the file, names
// none.
std::string elf_interpreter(const std::string& head) {
  Elf64_Ehdr header;
  if (head.size() < sizeof header) return {};
  std::memcpy(&header, head.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const std::size_t at = header.e_phoff + i * sizeof segment;
    if (at > head.size() || head.size() - at < sizeof segment) return {};
    std::memcpy(&segment, head.data() + at, sizeof segment);
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_offset > head.size()) return {};
    return head.substr(segment.p_offset, segment.p_filesz).c_str();
  }
  return {};
}

// execve(2) also fails with ENOENT when the program exists and its interpreter does not. Returns the interpreter that
// the first existing candidate names; "" when none exists or it names none.
std::string missing_interpreter(int root, const std::vector<std::string>& candidates) {
  for (const std::string& path : candidates) {
    std::optional<unique_fd> fd;
    if (root >= 0) quietly([&] { fd = io::mount::open_regular_file(root, path); });
    if (!fd) continue;
    std::string head(4096, '\0');
    const ssize_t got = ::read(fd->get(), head.data(), head.size());
    head.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (head.starts_with("#!")) {
      const auto begin = std::min(head.find_first_not_of(" \t", 2), head.size());
      const std::string name = head.substr(begin, head.find_first_of(" \t\n", begin) - begin);
      return name.ends_with('\r') ? name.substr(0, name.size() - 1) + "\\r (the script has DOS line ends)" : name;
    }
    if (head.starts_with("\x7f"
                         "ELF"))
      return elf_interpreter(head);
  }
  return {};
}

// In the words of Go's syscall package, which docker and podman look for.
error system_error(int code, const char* operation, std::string subject) {
  const std::error_code cause(code, std::generic_category());
  std::string reason = cause.message();
  if (code == ENOENT || code == EACCES || code == EPERM) reason.front() = static_cast<char>(reason.front() - 'A' + 'a');
  return {cause, operation, std::move(subject), std::move(reason)};
}

error explain_process(int code, process_step step, const oci::process_spec& process) {
  switch (step) {
    case process_step::working_directory:
      if (code == ENOTDIR)
        return {errc::invalid_argument, "use working directory", process.cwd, "it is not a directory"};
      if (code == ENOENT)
        return {errc::command_not_found, "use working directory", process.cwd,
                "no such file or directory in the container"};
      return system_error(code, "use working directory", process.cwd);
    case process_step::keyring:
      return system_error(code, "join", "a session keyring of its own");
    case process_step::personality:
      return system_error(code, "set", "linux.personality");
    case process_step::oom_score:
      return {std::error_code(code, std::generic_category()), "set", "oom_score_adj",
              "a score below the caller's takes CAP_SYS_RESOURCE", "use --oom-score-adj with a higher one"};
    case process_step::resource_limits:
      if (code == EPERM)
        return {std::error_code(code, std::generic_category()), "set", "resource limits",
                "one is above the hard limit that lxr itself has, and raising it takes CAP_SYS_RESOURCE",
                "ask for a lower one (ulimit -Ha shows lxr's)"};
      return system_error(code, "set", "resource limits");
    case process_step::scheduler:
      return system_error(code, "set", "scheduler");
    case process_step::io_priority:
      return system_error(code, "set", "I/O priority");
    case process_step::bounding_set:
    case process_step::capabilities:
      return system_error(code, "set", "capabilities");
    case process_step::ids:
      return system_error(code, "become", "user " + std::to_string(process.user.uid));
    case process_step::no_new_privileges:
      return system_error(code, "set", "no_new_privs");
    case process_step::early_seccomp:
    case process_step::seccomp:
      break;
  }
  if (code == EINVAL || code == ENOSYS)
    return {errc::unsupported, "load", "seccomp profile", "this kernel lacks seccomp filters (CONFIG_SECCOMP_FILTER)"};
  return system_error(code, "load", "seccomp profile");
}

}  // namespace

error explain_exec(int code, const oci::process_spec& process, int root) {
  const std::string& word = process.args.front();
  const std::string subject = '"' + word + '"';
  switch (code) {
    case ENOENT:
    case ENOTDIR: {
      const std::string interpreter = missing_interpreter(root, program_candidates(process));
      if (!interpreter.empty()) {
        return {errc::command_not_found, "run", subject,
                "no such file or directory: its interpreter " + interpreter + " is missing in the container"};
      }
      const bool in_path = word.find('/') == std::string::npos;
      return {errc::command_not_found, "run", subject,
              in_path ? "executable file not found in $PATH (" + spec::find_env(process.env, "PATH") + ")"
                      : "no such file or directory"};
    }
    case EACCES:
      return {errc::command_not_executable, "run", subject, "permission denied"};
    case ELOOP:
      return {errc::command_not_executable, "run", subject, "too many symbolic links lead there"};
    case ENOEXEC:
      return {errc::command_not_executable, "run", subject, "exec format error",
              "it is a program of another architecture, or a script without #!"};
    default:
      return system_error(code, "run", subject);
  }
}

error explain_failure(const io::process::built_plan& plan, const io::child::child_report& report,
                      const oci::process_spec& process, int root) {
  const int code = report.error;
  const std::string subject = report.index < plan.subjects.size() ? plan.subjects[report.index] : "?";
  switch (report.code) {
    case op::exec:
      return explain_exec(code, process, root);
    case op::become_process:
      return explain_process(code, static_cast<process_step>(report.step), process);
    case op::unshare:
      if (code == ENOSPC || code == EUSERS) {
        return {errc::exhausted, "create", subject, "a limit in /proc/sys/user/max_*_namespaces is reached",
                "raise it, or remove containers"};
      }
      break;
    case op::join_namespaces:
      // A process that exits loses its namespaces before it becomes a zombie; setns(2) with its pidfd then
      // fails with ESRCH.
      if (code == ESRCH)
        return {errc::conflict, "run in container", "", "container not running: it was stopped meanwhile"};
      break;
    case op::fork_again:
      if (code == EAGAIN)
        return {errc::exhausted, "run in container", "", "its limit of processes is reached",
                "raise it with --pids-limit"};
      if (code == ENOMEM)
        return {errc::conflict, "run in container", "", "its first process is ending, or it has no memory left"};
      break;
    case op::attach:
      if (code == EEXIST)
        return {errc::corrupt, "mount", subject, "the image has a symbolic link there that leads nowhere"};
      if (code == EISDIR)
        return {errc::invalid_argument, "mount", subject, "a file cannot be mounted over a directory",
                "name a target that is a file, or that does not exist"};
      if (code == ENOTDIR)
        return {errc::invalid_argument, "mount", subject, "not a directory: a directory cannot be mounted over a file",
                "name a target that is a directory, or that does not exist"};
      if (code == ELOOP || code == EXDEV)
        return {errc::corrupt, "mount", subject, "the image has something else there than the mount needs"};
      break;
    case op::make_filesystem:
      if (code == EINVAL)
        return {errc::invalid_argument, "mount", subject, "the kernel refuses its options", "see mount(8)"};
      if (code == ENODEV) return {errc::unsupported, "mount", subject, "this kernel lacks that filesystem"};
      break;
    default:
      break;
  }
  return system_error(code, "set up", subject);
}

}  // namespace lxr::launch
