// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "core/async/rollback.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"
#include "io/cgroup/freezer.hpp"
#include "io/cgroup/group.hpp"
#include "io/cgroup/removal.hpp"
#include "io/mount/bind.hpp"
#include "io/mount/filesystem.hpp"
#include "io/mount/rooted.hpp"
#include "io/seccomp/compile.hpp"
#include "pipeline/launch/failure.hpp"
#include "pipeline/launch/first_process.hpp"
#include "pipeline/launch/hooks.hpp"
#include "pipeline/launch/mount_options.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/launch/spec_inputs.hpp"
#include "pipeline/launch/start_socket.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/runtime/console.hpp"
#include "pipeline/runtime/runtime.hpp"
#include "pipeline/spec/environment.hpp"
#include "pipeline/volume/copy_tree.hpp"

namespace lxr::runtime {
namespace {

namespace fs = std::filesystem;
using oci::namespace_kind;

std::string absolute(const std::string& path) {
  std::error_code failure;
  const fs::path out = fs::weakly_canonical(path, failure);
  return failure ? path : out.string();
}

oci::runtime_spec read_spec(const create_options& options) {
  const std::string path = options.config.empty() ? options.bundle + "/config.json" : options.config;
  const auto opened = file::try_open_at(AT_FDCWD, path, O_RDONLY);
  if (!opened) throw error(errc::not_found, "open", path, "no such file or directory");
  oci::runtime_spec spec = oci::parse_runtime_spec(file::read_all(opened->get(), path), path);
  oci::validate(spec, path);
  if (!spec.process) throw error(errc::invalid_argument, "use", path, "process is missing");
  return spec;
}

// config-linux.md, "Cgroups Path": absolute paths are below the mount point of each hierarchy; so are relative ones
// here.
std::string cgroup_path_of(const oci::runtime_spec& spec, const std::string& id) {
  const std::string& path = spec.linux_part.cgroups_path;
  const auto first = path.find_first_not_of('/');
  if (first == std::string::npos) return "lxr-runtime/" + id;
  if (path.find(':') != std::string::npos)
    throw error(errc::unsupported, "use", "linux.cgroupsPath " + path, "lxr knows no systemd cgroups yet");
  const std::string normal = fs::path(path.substr(first)).lexically_normal().string();
  if (normal == "." || normal == "./" || normal == ".." || normal.starts_with("../"))
    throw error(errc::invalid_argument, "use", "linux.cgroupsPath " + path, "it leads out of the hierarchy");
  return normal.ends_with('/') ? normal.substr(0, normal.size() - 1) : normal;
}

unique_fd duplicate(int fd) { return unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

// One create in progress.
class create_run {
 public:
  create_run(context& on, create_options options)
      : on_(on), options_(std::move(options)), first_(on.launching, options_.id) {}

  task<created_container> run() {
    options_.bundle = absolute(options_.bundle);
    spec_ = read_spec(options_);
    check_console();
    directory_ = container_directory::create(on_.root, options_.id);
    undo_.add("directory", [this] { directory_.remove(); });
    describe_container();
    set_environment();
    directory_.save_spec(spec_);
    save();  // before there is a cgroup, and with the process once there is one: so delete removes what a killed create
             // left
    make_cgroup();
    base_ = file::open_at(AT_FDCWD, options_.bundle, O_PATH | O_DIRECTORY);
    spawn();
    identify_first();
    hand_over();
    if (launch::has_hooks_before_root(spec_.hooks)) {
      co_await first_.mounted();
      identify_first();
      has_begun_hooks_ = true;
      auto hooks = run_hooks();
      co_await std::move(hooks);
      first_.hooks_done();
    }
    co_await first_.running();
    check_program();
    unique_fd terminal = first_.take_terminal();
    if (terminal && !options_.console_socket.empty())
      send_console(options_.console_socket, std::exchange(terminal, {}));
    out_.is_creating = false;
    identify_first();
    write_pid_file(options_.pid_file, out_.init.pid);
    if (!options_.pidfd_socket.empty()) send_console(options_.pidfd_socket, out_.init.open());
    undo_.commit();
    first_.take_process().release();
    co_return created_container{out_, std::move(terminal)};
  }

  // Ends and removes what there is. "The runtime MUST stop the container and continue the lifecycle at step 12"
  // (runtime.md, "Lifecycle", of failing hooks): hooks poststop run if others did.
  task<void> undo() {
    static_cast<void>(first_.take_process());
    static_cast<void>(undo_.run());
    if (!has_begun_hooks_) co_return;
    auto after = run_poststop(on_, {out_, status::stopped, spec_.annotations}, spec_.hooks.poststop);
    co_await std::move(after);
  }

 private:
  void check_console() const {
    if (spec_.process->terminal && options_.console_socket.empty() && !options_.keeps_terminal) {
      throw error(errc::invalid_argument, "create", "container " + options_.id,
                  "process.terminal is set, but there is no console socket", "use --console-socket");
    }
    if (!spec_.process->terminal && !options_.console_socket.empty()) {
      throw error(errc::invalid_argument, "create", "container " + options_.id,
                  "there is a console socket, but process.terminal is not set");
    }
  }

  void describe_container() {
    // Without rules every device is open to who may make its node.
    if (spec_.linux_part.resources.devices.empty())
      spec_.linux_part.resources.devices.push_back({false, "a", "rwm", {}, {}});
    out_.id = options_.id;
    out_.bundle = options_.bundle;
    out_.rootfs =
        spec_.root.path.starts_with('/') ? spec_.root.path : absolute(options_.bundle + "/" + spec_.root.path);
    out_.created_ns = unix_time_ns();
    out_.is_creating = true;
    if (options_.uses_cgroups) out_.cgroup = cgroup_path_of(spec_, options_.id);
    if (!out_.cgroup.empty() && io::cgroup::has_processes(on_.cgroups, out_.cgroup))
      throw error(errc::conflict, "use", "linux.cgroupsPath " + out_.cgroup, "container's cgroup is not empty");
    out_.owner = ::getuid();
    struct stat st{};
    if (::stat(out_.rootfs.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
      throw error(errc::not_found, "use", "root.path " + out_.rootfs, "no such directory");
  }

  void set_environment() {
    for (const std::string& assignment : options_.further_env) spec::set_env(spec_.process->env, assignment);
    const unique_fd root = file::open_at(AT_FDCWD, out_.rootfs, O_PATH | O_DIRECTORY);
    spec::set_home(*spec_.process,
                   [&root](const std::string& path) { return io::mount::read_rooted(root.get(), path); });
  }

  // Callers expect create to fail for a program that is not there, though start executes it.
  void check_program() const {
    const auto root =
        file::try_open_at(AT_FDCWD, "/proc/" + std::to_string(first_.process().pid()) + "/root", O_PATH | O_DIRECTORY);
    if (!root || spec_.process->args.empty()) return;
    int code = ENOENT;
    for (const std::string& path : launch::program_candidates(*spec_.process)) {
      const std::string below = path.starts_with('/') ? path : spec_.process->cwd + "/" + path;
      const auto found = io::mount::open_rooted(root->get(), below, O_PATH);
      struct stat st{};
      if (!found || ::fstat(found->get(), &st) != 0) continue;
      if (S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0) return;
      code = EACCES;
    }
    throw launch::explain_exec(code, *spec_.process, root->get());
  }

  void make_cgroup() {
    if (out_.cgroup.empty()) return;
    undo_.add("cgroup", [this] { remove_cgroup(on_, out_); });
    cgroup_ = io::cgroup::group::create(on_.cgroups, out_.cgroup, launch::cgroup_resources(spec_), {},
                                        io::cgroup::membership::every_tree);
    if (io::cgroup::is_frozen(on_.cgroups, out_.cgroup)) io::cgroup::thaw(on_.cgroups, out_.cgroup);
    if (io::cgroup::is_frozen(on_.cgroups, out_.cgroup))
      throw error(errc::conflict, "use", "linux.cgroupsPath " + out_.cgroup, "container's cgroup unexpectedly frozen",
                  "thaw the cgroup above it");
    out_.cgroup_trees = cgroup_->trees();
  }

  // The tmpfs mounts that begin with what they cover (podman's "tmpcopyup").
  [[nodiscard]] std::vector<launch::given_mount> copied_mounts() const {
    std::vector<launch::given_mount> out;
    for (const oci::mount_spec& m : spec_.mounts) {
      const launch::mount_options o = launch::read_mount_options(m);
      if (!o.is_copied) continue;
      std::vector<std::string> words = o.of_filesystem;
      words.push_back("source=" + (m.source.empty() ? m.type : m.source));
      unique_fd made = io::mount::make_filesystem(m.type, words);
      const unique_fd root = file::open_at(AT_FDCWD, out_.rootfs, O_PATH | O_DIRECTORY);
      const auto covered = io::mount::open_rooted(root.get(), m.destination, O_RDONLY | O_DIRECTORY);
      const unique_fd top = file::open_at(made.get(), ".", O_RDONLY | O_DIRECTORY);
      if (covered) {
        volume::copy_tree(covered->get(), top.get(), m.destination);
      } else if (::fchown(top.get(), launch::id_of_root(spec_.linux_part.uid_mappings),
                          launch::id_of_root(spec_.linux_part.gid_mappings)) != 0) {
        throw_errno("own", m.destination);
      }
      out.push_back({m.destination, std::move(made)});
    }
    return out;
  }

  void spawn() {
    launch::launch_inputs in;
    in.staging_directory = out_.rootfs;
    if (cgroup_) {
      for (const unique_fd& tasks : cgroup_->tasks()) in.cgroup_tasks.push_back(tasks.get());
      in.cgroups = {on_.cgroups.unified, cgroup_->trees(), cgroup_->paths()};
    }
    in.binds = launch::clone_bind_sources(spec_, base_.get(), copied_mounts());
    in.joined = launch::open_namespaces(spec_.linux_part);
    if (launch::has_new(spec_.linux_part, namespace_kind::network)) {
      loopback_ = network::bridge_network::loopback_configuration();
      in.network.inner = &loopback_;
    }
    in.waits_for_start = true;
    in.preserved = options_.preserved;
    if (spec_.linux_part.seccomp) {
      filter_ = io::seccomp::compile(*spec_.linux_part.seccomp);
      directory_.save_filter(filter_);
      in.seccomp = {filter_.program, filter_.flags};
    }
    if (options_.new_keyring) in.keyring = "_ses." + options_.id;
    first_.spawn(spec_, std::move(in), {},
                 {cgroup_ ? cgroup_->directory() : -1, spec_.linux_part.resources.memory.has_value(), false});
  }

  void hand_over() {
    unique_fd root = io::mount::clone_mount(AT_FDCWD, out_.rootfs, true);
    io::mount::set_attributes(root.get(), out_.rootfs,
                              {0, 0, launch::ms_private, true});  // its peers are the host's mounts
    launch::child_streams streams;
    if (!spec_.process->terminal) streams = {duplicate(0), duplicate(1), duplicate(2)};
    first_.hand_over(spec_, std::move(root), {}, std::move(streams), launch::listen_for_start(directory_.fd()));
  }

  void save() const { directory_.save(out_); }

  // Again after each barrier: a process that joins a pid namespace forks, and its child goes on.
  void identify_first() {
    out_.init = identify(first_.process().pid());
    save();
  }

  task<void> run_hooks() {
    const oci::hooks_spec& h = spec_.hooks;
    const std::string document = json::dump(state_document({out_, status::creating, spec_.annotations}));
    const std::uint32_t own = launch::namespaces_of(spec_.linux_part);
    auto first = launch::run_hooks(on_.launching, {"prestart", out_.bundle}, h.prestart, document);
    co_await std::move(first);
    auto outside = launch::run_hooks(on_.launching, {"createRuntime", out_.bundle}, h.create_runtime, document);
    co_await std::move(outside);
    auto inside = launch::run_hooks(on_.launching, {"createContainer", out_.bundle, first_.process().pidfd(), own},
                                    h.create_container, document);
    co_await std::move(inside);
  }

  context& on_;
  create_options options_;
  oci::runtime_spec spec_;
  container_directory directory_;
  container_record out_;
  unique_fd base_;
  std::optional<io::cgroup::group> cgroup_;
  io::netlink::batch loopback_;
  io::seccomp::filter filter_;
  launch::first_process first_;
  rollback undo_;
  bool has_begun_hooks_ = false;
};

}  // namespace

task<created_container> create(context& on, create_options options) {
  create_run run(on, std::move(options));
  std::exception_ptr failure;
  try {
    auto running = run.run();
    co_return co_await std::move(running);
  } catch (...) {
    failure = std::current_exception();
  }
  auto undoing = run.undo();
  co_await std::move(undoing);
  std::rethrow_exception(failure);
}

}  // namespace lxr::runtime
