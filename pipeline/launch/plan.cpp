#include "pipeline/launch/plan.hpp"

#include <elf.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "io/mount/rooted.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::container {
namespace {

using io::process::op;
using io::process::plan_builder;

// Mount options that are flags of the mount (MOUNT_ATTR_*), not of the filesystem.
const std::map<std::string, int>& mount_attributes() {
  static const std::map<std::string, int> known{{"ro", 0x1}, {"nosuid", 0x2}, {"nodev", 0x4}, {"noexec", 0x8}, {"strictatime", 0x20}};
  return known;
}

struct device {
  const char* name;
  unsigned major, minor;
};
constexpr device devices[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
constexpr std::pair<const char*, const char*> device_links[] = {
    {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
    {"ptmx", "pts/ptmx"},    {"core", "/proc/kcore"}};

// Builds the part of the plan that makes the container's mount tree.
class mount_planner {
 public:
  mount_planner(plan_builder& plan, const oci::runtime_spec& spec) : plan_(plan), spec_(spec) {}

  // Every filesystem of the spec, detached: needs nothing from the engine, so it overlaps with its work.
  void make_all(const plan_inputs& in) {
    for (const auto& m : spec_.mounts) slots_[m.destination] = make(m.type, m.destination, m.options);
    if (in.unified_cgroups) {
      slots_[cgroup_root] = make("cgroup2", cgroup_root, {"ro", "nosuid", "nodev", "noexec"});
    } else if (!in.cgroup_v1.empty()) {
      make_cgroup_v1(in.cgroup_v1);
    }
    empty_ = make("tmpfs", "masks", {"ro", "nosuid", "nodev", "noexec", "size=4k", "nr_inodes=2"});
    populate_dev();
    for (const auto& [path, value] : spec_.sysctl) {
      plan_.add(op::write_file, "sysctl " + path, {.a = slots_.at("/proc"), .text = "sys/" + path, .data = value});
    }
  }

  // Parents before children: the map is sorted by path.
  void attach_all(int root) {
    for (const auto& [path, slot] : slots_) {
      const auto [base, rest] = below(path, root);
      plan_.add(op::attach, path, {.a = slot, .b = base, .text = rest});
    }
    if (cgroup_v1_ >= 0) plan_.add(op::set_readonly, cgroup_root, {.a = cgroup_v1_});
    for (const std::string& path : spec_.readonly_paths) {
      const auto [base, rest] = below(path, root);
      plan_.add(op::make_readonly, path, {.a = base, .text = rest});
    }
    for (const std::string& path : spec_.masked_paths) {
      const auto [base, rest] = below(path, root);
      plan_.add(op::mask, path, {.a = base, .b = slots_.at("/dev"), .c = empty_, .text = rest});
    }
  }

  [[nodiscard]] int slot_of(const std::string& path) const { return slots_.at(path); }

 private:
  static constexpr const char* cgroup_root = "/sys/fs/cgroup";

  // As docker shows them: a directory for each hierarchy, with the container's own group in it.
  void make_cgroup_v1(const std::vector<std::string>& groups) {
    cgroup_v1_ = slots_[cgroup_root] = make("tmpfs", cgroup_root, {"nosuid", "nodev", "noexec", "mode=755", "size=4k"});
    for (const std::string& group : groups) {
      const std::string controller = group.substr(0, group.rfind('/', group.rfind('/') - 1));
      const std::string path = cgroup_root + controller.substr(controller.rfind('/'));
      const int slot = plan_.slot();
      plan_.add(op::clone_mount, path, {.a = slot, .b = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, .text = group});
      slots_[path] = slot;
    }
  }

  int make(const std::string& type, const std::string& subject, const std::vector<std::string>& options) {
    int attributes = 0;
    std::vector<std::string> rest;
    for (const std::string& option : options) {
      const auto flag = mount_attributes().find(option);
      if (flag != mount_attributes().end()) {
        attributes |= flag->second;
      } else if (option != "newinstance") {
        rest.push_back(option);
      }
    }
    const int slot = plan_.slot();
    plan_.add(op::make_mount, type + " for " + subject,
              {.a = slot, .b = attributes, .text = type, .data = io::process::mount_option_pairs(rest)});
    return slot;
  }

  void populate_dev() {
    const int dev = slots_.at("/dev");
    for (const device& d : devices) {
      plan_.add(op::make_node, std::string("/dev/") + d.name,
                {.a = dev, .b = S_IFCHR | 0666, .c = static_cast<std::int64_t>(makedev(d.major, d.minor)), .text = d.name});
    }
    for (const auto& [name, target] : device_links) {
      plan_.add(op::make_link, std::string("/dev/") + name, {.a = dev, .text = name, .more = target});
    }
  }

  // The innermost of the container's own mounts that holds `path`, and the rest of the path below it.
  [[nodiscard]] std::pair<int, std::string> below(const std::string& path, int root) const {
    std::pair<int, std::string> best{root, path.substr(1)};
    std::size_t depth = 0;
    for (const auto& [mount, slot] : slots_) {
      if (path.size() > mount.size() && path.starts_with(mount) && path[mount.size()] == '/' && mount.size() > depth) {
        best = {slot, path.substr(mount.size() + 1)};
        depth = mount.size();
      }
    }
    return best;
  }

  plan_builder& plan_;
  const oci::runtime_spec& spec_;
  std::map<std::string, int> slots_;
  int empty_ = -1, cgroup_v1_ = -1;
};

struct terminal_place {
  int devpts = -1, dev = -1;  // slots; -1: those of the mount namespace the process is in
  unsigned short rows = 0, columns = 0;
};

void add_terminal(plan_builder& plan, const terminal_place& place) {
  const int dev = place.dev;
  const int replica = plan.slot();
  plan.add(op::open_console, "/dev/ptmx", {.a = place.devpts, .b = replica, .c = place.rows << 16 | place.columns});
  if (dev >= 0) plan.add(op::bind_console, "/dev/console", {.a = replica, .b = dev});
  plan.add(op::set_stdio, "terminal", {.a = replica, .b = -1, .c = -1});
}

// From here on nothing of lxr's own program is left in the process: what follows resolves paths of the container's.
void add_init(plan_builder& plan, int init, int plan_memory, int listener) {
  plan.add(op::become_init, "lxr-init", {.a = init, .b = plan_memory, .c = listener});
  if (listener >= 0) plan.add(op::wait_start, "start", {});
}

std::string_view as_bytes(const std::vector<std::uint32_t>& ids) {
  return {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(std::uint32_t)};
}

// Everything after the container's surroundings stand: the same for its first and for further processes.
void add_process(plan_builder& plan, const oci::runtime_spec::process_spec& process, const std::vector<std::string>& candidates) {
  const std::string_view capabilities(reinterpret_cast<const char*>(&process.capabilities), sizeof process.capabilities);
  plan.add(op::close_others, "descriptors", {});
  if (process.oom_score_adj) {
    plan.add(op::set_oom_score, "oom_score_adj", {.a = process.oom_score_adj->required, .text = std::to_string(process.oom_score_adj->value)});
  }
  plan.add(op::change_directory, process.cwd, {.a = process.makes_cwd, .text = process.cwd});
  plan.add(op::set_capabilities, "bounding set", {.a = 0, .data = capabilities});
  plan.add(op::set_ids, "user " + std::to_string(process.user.uid),
           {.a = static_cast<std::int32_t>(process.user.gid), .b = static_cast<std::int32_t>(process.user.uid),
            .data = as_bytes(process.user.additional_gids)});
  plan.add(op::set_capabilities, "capabilities", {.a = 1, .data = capabilities});
  if (process.soft_descriptors > 0) {
    plan.add(op::limit_descriptors, "descriptor limit", {.b = process.soft_descriptors, .c = process.hard_descriptors});
  }
  if (process.no_new_privileges) plan.add(op::no_new_privileges, "no_new_privs", {});
  if (process.default_seccomp) plan.add(op::load_seccomp, "seccomp profile", {.data = io::seccomp::default_profile()});
  plan.add_exec(process.args.front(), candidates, process.args, process.env);
}

// The program interpreter an ELF file asks for (elf(5), PT_INTERP); empty when it has none.
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

// When a program exists and "no such file" was about the interpreter it names: that interpreter.
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
    if (head.starts_with("\x7f""ELF")) return elf_interpreter(head);
  }
  return {};
}

}  // namespace

std::vector<int> handed_over::in_order() const {
  std::vector<int> out;
  for (const int fd : {root, resolv_conf, hostname, hosts, init, plan_memory, listener, stdin_fd, stdout_fd, stderr_fd}) {
    if (fd >= 0) out.push_back(fd);
  }
  return out;
}

io::process::built_plan make_container_plan(const oci::runtime_spec& spec, const plan_inputs& in) {
  plan_builder plan;
  for (const int tasks : in.cgroup_tasks) plan.add(op::join_cgroup, "cgroup", {.a = plan.slot(tasks)});
  const int host_route = in.link_questions != nullptr ? plan.slot() : -1;
  if (host_route >= 0) plan.add(op::open_route, "the host's network", {.a = host_route});
  // After joining: a cgroup namespace is rooted where its creator is.
  const int namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | (spec.namespaces.network ? CLONE_NEWNET : 0);
  if (in.waits_for_link) {
    plan.add(op::unshare, "namespaces", {.a = namespaces, .text = "/proc/sys/net/ipv6/conf/default/accept_ra", .data = "0"});
  } else {
    plan.add(op::unshare, "namespaces", {.a = namespaces});
  }
  plan.add(op::private_mounts, "mount namespace", {});

  mount_planner mounts(plan, spec);
  mounts.make_all(in);
  if (!spec.hostname.empty()) plan.add(op::set_hostname, spec.hostname, {.text = spec.hostname});

  const auto add_network = [&] {
    if (in.waits_for_link) plan.add(op::receive, "network link", {});
    if (in.network == nullptr) return;
    plan.add(op::configure_network, "network",
             {.c = in.network->size(), .data = {in.network->bytes().data(), in.network->bytes().size()}});
    if (host_route < 0) return;
    plan.add(op::await_links, "network link",
             {.a = host_route, .c = in.link_questions->size(), .data = {in.link_questions->bytes().data(), in.link_questions->bytes().size()}});
  };
  if (in.ahead) {
    add_network();
    plan.add(op::tell_ready, "word", {});
  }

  // As in handed_over::in_order().
  int handed = 0;
  const auto next = [&] {
    ++handed;
    return plan.slot();
  };
  const int root = next(), resolv_conf = next(), hostname = next(), hosts = next(), init = next(), memory = next();
  const int listener = in.waits_for_start ? next() : -1;
  int stdio[3] = {-1, -1, -1};
  if (!spec.process.terminal) {
    for (int& stream : stdio) stream = next();
  }
  plan.add(op::receive, "root filesystem", {.a = root, .b = handed});
  plan.add(op::attach_over, "root filesystem", {.a = root, .text = in.staging_directory});
  mounts.attach_all(root);
  for (const auto& [file, path] : {std::pair{resolv_conf, "etc/resolv.conf"}, {hostname, "etc/hostname"}, {hosts, "etc/hosts"}}) {
    plan.add(op::bind_file, path, {.a = file, .b = root, .text = path});
  }
  if (spec.root_readonly) plan.add(op::set_readonly, "root filesystem", {.a = root});
  plan.add(op::enter_root, "root filesystem", {.a = root});
  if (!in.ahead) add_network();
  if (spec.process.terminal) {
    add_terminal(plan, {mounts.slot_of("/dev/pts"), mounts.slot_of("/dev"), in.rows, in.columns});
  } else {
    plan.add(op::set_stdio, "stdio", {.a = stdio[0], .b = stdio[1], .c = stdio[2]});
  }
  add_init(plan, init, memory, listener);
  if (!spec.process.args.empty()) {
    add_process(plan, spec.process, exec_candidates(spec.process.args.front(), find_env(spec.process.env, "PATH")));
  }
  return plan.build();
}

io::process::built_plan make_exec_plan(const oci::runtime_spec& spec, const exec_inputs& in,
                                       const std::vector<std::string>& candidates) {
  plan_builder plan;
  for (const int tasks : in.cgroup_tasks) plan.add(op::join_cgroup, "cgroup", {.a = plan.slot(tasks)});
  plan.add(op::join_namespaces, "namespaces", {.a = plan.slot(in.pidfd), .b = static_cast<std::int32_t>(in.namespaces)});
  plan.add(op::fork_again, "process", {});
  if (spec.process.terminal) {
    add_terminal(plan, {-1, -1, in.rows, in.columns});
  } else {
    plan.add(op::set_stdio, "stdio", {.a = plan.slot(in.stdin_fd), .b = plan.slot(in.stdout_fd), .c = plan.slot(in.stderr_fd)});
  }
  add_init(plan, plan.slot(in.init), plan.slot(in.plan_memory), -1);
  add_process(plan, spec.process, candidates);
  return plan.build();
}

error explain_failure(const io::process::built_plan& plan, const io::process::child_report& report, const oci::runtime_spec& spec, int root) {
  const int code = report.error;
  const std::string subject = report.index < plan.subjects.size() ? plan.subjects[report.index] : "?";
  switch (report.code) {
    case op::exec:
      if (code == ENOENT || code == ENOTDIR) {
        const std::string interpreter = missing_interpreter(root, exec_candidates(subject, find_env(spec.process.env, "PATH")));
        if (!interpreter.empty()) {
          return {errc::command_not_found, "run", '"' + subject + '"', "no such file or directory: its interpreter " + interpreter + " is missing in the container"};
        }
        const bool in_path = subject.find('/') == std::string::npos;
        return {errc::command_not_found, "run", '"' + subject + '"',
                in_path ? "executable file not found in $PATH (" + find_env(spec.process.env, "PATH") + ")" : "no such file or directory"};
      }
      if (code == EACCES) return {errc::command_not_executable, "run", '"' + subject + '"', "permission denied"};
      if (code == ELOOP) return {errc::command_not_executable, "run", '"' + subject + '"', "too many symbolic links lead there"};
      if (code == ENOEXEC) {
        return {errc::command_not_executable, "run", '"' + subject + '"', "exec format error",
                "it is a program of another architecture, or a script without #!"};
      }
      return {std::error_code(code, std::generic_category()), "run", '"' + subject + '"'};
    case op::unshare:
      if (code == ENOSPC || code == EUSERS) {
        return {errc::exhausted, "create", subject, "a limit in /proc/sys/user/max_*_namespaces is reached", "raise it, or remove containers"};
      }
      break;
    case op::fork_again:
      if (code == EAGAIN) return {errc::exhausted, "run in container", "", "its limit of processes is reached", "raise it with --pids-limit"};
      if (code == ENOMEM) return {errc::conflict, "run in container", "", "its first process is ending, or it has no memory left"};
      break;
    case op::attach:
      if (code == ELOOP || code == ENOTDIR) {
        return {errc::corrupt, "mount", subject, "the image has something else than a directory there"};
      }
      break;
    case op::make_mount:
      if (code == ENODEV) return {errc::unsupported, "mount", subject, "this kernel lacks that filesystem"};
      break;
    case op::change_directory:
      if (code == ENOTDIR) return {errc::invalid_argument, "use working directory", subject, "it is not a directory"};
      if (code == ENOENT) return {errc::command_not_found, "use working directory", subject, "no such file or directory in the container"};
      return {std::error_code(code, std::generic_category()), "use working directory", subject};
    case op::set_oom_score:
      return {std::error_code(code, std::generic_category()), "set", "oom_score_adj", "a score below the caller's takes CAP_SYS_RESOURCE", "use --oom-score-adj with a higher one"};
    case op::load_seccomp:
      if (code == EINVAL || code == ENOSYS) {
        return {errc::unsupported, "load", subject, "this kernel lacks seccomp filters (CONFIG_SECCOMP_FILTER)"};
      }
      break;
    default: break;
  }
  return {std::error_code(code, std::generic_category()), "set up", subject};
}

}  // namespace lxr::container
