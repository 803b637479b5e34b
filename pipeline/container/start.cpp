// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/start.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/async/rollback.hpp"
#include "core/async/shielded.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/signals.hpp"
#include "core/instance/names.hpp"
#include "core/instance/ownership.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_spec.hpp"
#include "io/cgroup/removal.hpp"
#include "io/mount/bind.hpp"
#include "pipeline/container/id_ranges.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/container/start_network.hpp"
#include "pipeline/container/streams.hpp"
#include "pipeline/launch/first_process.hpp"
#include "pipeline/launch/spec_inputs.hpp"
#include "pipeline/launch/start_socket.hpp"
#include "pipeline/rootfs/etc_files.hpp"
#include "pipeline/rootfs/mount_root.hpp"
#include "pipeline/rootfs/writable_layer.hpp"
#include "pipeline/spec/spec.hpp"
#include "pipeline/volume/volumes.hpp"

namespace lxr::container {
namespace {

// The path of a namespace of another container, which the options name as "container:ID".
std::string namespace_of_container(const instance& where, const oci::namespace_spec& n) {
  const std::string id = n.path.substr(n.path.find(':') + 1);
  const container_state state = load_state(where, id);
  if (state.status != container_status::running) {
    throw error(errc::conflict, "join container", '"' + (state.name.empty() ? short_id(id) : state.name) + '"',
                "it is not running", "start it first");
  }
  return launch::namespace_path(state.init.pid, n.type);
}

// One start in progress: what it has made so far, and how to undo that.
// Lifecycle: run(), once; if it throws, undo() and record_failure().
// Runs on: the loop's strand.
// Owns: all that the start has made, until run() returns it.
// Borrows: the engine and the lock.
// Failure, Cancel: as start(), but run() does not undo.
class start_run {
 public:
  start_run(engine& on, container_lock& lock, container_config config, start_options options)
      : on_(on),
        lock_(lock),
        config_(std::move(config)),
        options_(std::move(options)),
        id_(config_.id),
        network_(on, config_, undo_),
        first_(on.launching, config_.name) {}

  task<launched> run();
  // Kills the child first: a cgroup with processes cannot be removed.
  [[nodiscard]] std::string undo() noexcept {
    static_cast<void>(first_.take_process());
    return undo_.run();
  }
  void record_failure(const std::exception_ptr& failure) const noexcept;

 private:
  void record_start();
  void choose_ids();
  void find_spec();
  void prepare_cgroup();
  [[nodiscard]] std::vector<launch::given_mount> shared_memory() const;
  void spawn();
  void prepare_directories();
  task<void> make_link();
  task<void> wait_for_image();
  void complete_spec();
  void set_terminal_size(oci::runtime_spec& spec) const;
  void open_streams();
  [[nodiscard]] std::vector<std::string> provided_files() const;
  void prepare_root();
  [[nodiscard]] io::mount::file_ids ids() const;
  void hand_over();
  void save_state(container_status status);

  engine& on_;
  container_lock& lock_;
  container_config config_;
  start_options options_;
  const std::string& id_;
  rollback undo_;

  oci::runtime_spec spec_;
  std::optional<oci::runtime_spec> kept_;  // of an earlier start
  std::shared_ptr<const prepared_image> image_;
  start_network network_;
  std::optional<io::cgroup::group> cgroup_;
  unique_fd data_, listener_, root_;
  rootfs::etc_files etc_;
  container_streams streams_;
  launch::first_process first_;
  launched out_;
};

// Only for a container that has a record: the lock file of a new one names the process that makes it.
void start_run::record_start() {
  if (!options_.previous) return;
  container_state s = *options_.previous;
  s.status = container_status::starting;
  s.init = {};
  s.monitor = on_.self();
  save(on_.where, id_, s);
  for (const char* past : {"/state.json", "/waiting"})
    ::unlinkat(on_.where.root_fd(), ("containers/" + id_ + past).c_str(), 0);
}

void start_run::record_failure(const std::exception_ptr& failure) const noexcept {
  if (!options_.previous || !lock_) return;
  quietly([&] {
    container_state s = *options_.previous;
    s.init = {};
    s.failure = describe(failure);
    save_ended(on_.where, id_, s);
  });
}

void start_run::choose_ids() {
  namespace_options& n = config_.namespaces;
  if (n.own_ids == 0) return;
  const std::uint32_t range = take_id_range(on_.where, id_);
  undo_.add("ids", [this, range] { release_id_range(on_.where, id_, range); });
  out_.state.id_range = range;
  n.uid_mappings = n.gid_mappings = {{0, first_id(range), n.own_ids}};
}

void start_run::find_spec() {
  spec_ = spec::make_surroundings(config_);
  for (oci::namespace_spec& n : spec_.linux_part.namespaces) {
    if (n.path.starts_with("container:")) n.path = namespace_of_container(on_.where, n);
  }
  if (options_.previous) kept_ = load_spec(on_.where, id_);
}

void start_run::prepare_cgroup() {
  const stage_span span(on_.events, "cgroup", config_.name);
  const std::string path = cgroup_path(on_.where, id_);
  undo_.add("cgroup", [this, path] { io::cgroup::remove(on_.cgroups, path); });
  cgroup_ = io::cgroup::group::create(on_.cgroups, path, launch::cgroup_resources(spec_),
                                      [this] { return owner_mark(on_.where); });
  out_.state.cgroup_trees = cgroup_->trees();
}

// With the IPC namespace of another container comes its /dev/shm, where POSIX shared memory is (shm_overview(7)).
std::vector<launch::given_mount> start_run::shared_memory() const {
  std::vector<launch::given_mount> out;
  if (!config_.namespaces.ipc.starts_with("container:")) return out;
  const oci::namespace_spec mounts{oci::namespace_kind::mount, config_.namespaces.ipc};
  out.push_back({"/dev/shm", io::mount::clone_mount_of(namespace_of_container(on_.where, mounts), "/dev/shm")});
  return out;
}

// Comes before the stages that the child does not need yet, so that it makes its namespaces and mounts meanwhile.
void start_run::spawn() {
  launch::launch_inputs in;
  in.staging_directory = "/";  // of no other is it certain that root of a user namespace may enter it
  for (const unique_fd& tasks : cgroup_->tasks()) in.cgroup_tasks.push_back(tasks.get());
  in.cgroups.unified = on_.cgroups.unified;
  if (!on_.cgroups.unified && launch::limits_memory_or_cpu(spec_))
    in.cgroups = {false, cgroup_->trees(), cgroup_->paths()};
  in.binds = launch::clone_bind_sources(spec_, on_.where.root_fd(), shared_memory());
  in.joined = launch::open_namespaces(spec_.linux_part);
  in.network = network_.inputs();
  in.network_first = static_cast<bool>(options_.until_image);
  in.waits_for_start = options_.wait;
  in.seccomp = on_.filters.of(config_.security);
  in.under_init = config_.process.under_init;
  oci::runtime_spec surroundings = spec_;
  set_terminal_size(surroundings);
  first_.spawn(
      std::move(surroundings), std::move(in), provided_files(),
      {cgroup_->directory(), spec_.linux_part.resources.memory.has_value(), static_cast<bool>(options_.until_image)});
  out_.state.init = identify(first_.process().pid());
  out_.state.monitor = on_.self();
}

void start_run::set_terminal_size(oci::runtime_spec& spec) const {
  const auto [rows, columns] = options_.size;
  if (rows != 0 || columns != 0) spec.process->console_size = {rows, columns};
}

void start_run::prepare_directories() {
  const stage_span span(on_.events, "directories", config_.name);
  if (options_.wait) {
    listener_ = launch::listen_for_start(open_state_dir(on_.where, id_).value().get());
    mark_waiting(on_.where, id_);
  }
  data_ = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
  const bool ended = options_.previous && options_.previous->finished_ns != 0;
  rootfs::prepare_writable_layer(data_.get(),
                                 ended || (options_.previous && options_.previous->monitor.boot == this_boot()));
}

task<void> start_run::make_link() {
  auto separating = first_.separated();
  co_await std::move(separating);
  const stage_span span(on_.events, "link", config_.name);
  std::exception_ptr failure;
  try {
    co_await network_.make_links(first_.process().pid());
    co_await network_.enter_names(out_.state.init, first_.process().pidfd());
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    if (auto cause = first_.reported_failure()) throw *cause;  // the network namespace ended with the child
    std::rethrow_exception(failure);
  }
  first_.link_made();
}

task<void> start_run::wait_for_image() {
  save_state(container_status::starting);  // the wait may take minutes: other commands see that this lxr is at work
  if (network_.has_links()) co_await make_link();
  co_await first_.prepared();
  cgroup_.reset();  // closes descriptors that are not needed any more
  data_.reset();
  lock_.release();  // other commands may remove the container meanwhile
  co_await options_.until_image();
  lock_ = co_await lock_container(on_.where, id_);
  data_ = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
}

// Adds the process, for which the image has to be in the store. lxr-init reads it after the child has entered the root.
void start_run::complete_spec() {
  const stage_span span(on_.events, "image", config_.name);
  image_ = on_.prepare(config_.image_id);
  if (kept_) {
    spec::add_known_process(spec_, *kept_, config_);
  } else {
    const auto read = [this](const std::string& path) { return image_->read(path); };
    spec::add_process(spec_, config_, image_->image.config, read);
  }
  const std::string& wanted = config_.lifecycle.stop_signal;
  out_.stop_signal = parse_signal(wanted.empty() ? image_->image.config.stop_signal : wanted, SIGTERM);
}

// In the background the image's own command, which is often a shell, gets an input that never ends: so it waits for
// `lxr exec` and does not end at once.
void start_run::open_streams() {
  if (config_.process.tty) return;
  const bool waits = options_.background &&
                     (config_.process.open_stdin || (config_.process.command.empty() && !config_.process.entrypoint));
  streams_ = make_streams(std::move(options_.stdin_source), waits ? input_source::endless : input_source::nothing);
}

// The files of /etc that lxr makes, below the root: all but those that the user mounts.
std::vector<std::string> start_run::provided_files() const {
  std::vector<std::string> out{"etc/resolv.conf", "etc/hostname", "etc/hosts"};
  if (config_.network.no_hosts) std::erase(out, "etc/hosts");
  if (config_.network.no_hostname) std::erase(out, "etc/hostname");
  for (const mount_request& m : config_.storage.mounts) std::erase(out, m.target.substr(1));
  return out;
}

void start_run::prepare_root() {
  const stage_span span(on_.events, "overlay", config_.name);
  root_ = with_room(on_.where, [&] {
    etc_ = rootfs::make_etc_files(data_.get(), config_, network_.place());
    return rootfs::mount_root(data_.get(), image_->layers, config_.lifecycle.auto_remove || config_.rootfs.is_volatile,
                              ids());
  });
  if (first_.user_namespace() < 0) return;
  for (const unique_fd* file : {&etc_.hosts, &etc_.hostname, &etc_.resolv_conf})
    io::mount::map_ids(file->get(), "the container's /etc", first_.user_namespace(), false);
  const io::mount::file_ids root = ids();
  for (const unique_fd* stream : {&streams_.theirs.output, &streams_.theirs.errors}) {
    if (*stream && ::fchown(stream->get(), root.uid, root.gid) != 0) throw_errno("give to the container", "its output");
  }
}

io::mount::file_ids start_run::ids() const {
  return {first_.user_namespace(), launch::id_of_root(spec_.linux_part.uid_mappings),
          launch::id_of_root(spec_.linux_part.gid_mappings)};
}

void start_run::hand_over() {
  std::vector<unique_fd> files;
  for (const std::string& path : provided_files()) {
    unique_fd& file = path == "etc/hosts" ? etc_.hosts : path == "etc/hostname" ? etc_.hostname : etc_.resolv_conf;
    files.push_back(std::move(file));
  }
  oci::runtime_spec whole = spec_;
  set_terminal_size(whole);
  on_.omit_inherited(*whole.process);
  first_.hand_over(std::move(whole), std::move(root_), std::move(files), std::move(streams_.theirs),
                   std::move(listener_));
}

void start_run::save_state(container_status status) {
  container_state& s = out_.state;
  s.status = status;
  if (status == container_status::running) s.started_ns = unix_time_ns();
  s.name = config_.name;
  s.image = config_.image;
  s.created_ns = config_.created_ns;
  s.command = spec::command_text(spec_.process->args);
  s.networks.clear();
  network_.describe(s);
  s.hosts_hash = etc_.hosts_hash;
  s.resolv_conf_hash = etc_.resolv_conf_hash;
  save(on_.where, id_, s);
}

task<launched> start_run::run() {
  with_room(on_.where, [this] { record_start(); });
  choose_ids();
  find_spec();
  prepare_cgroup();
  network_.prepare(options_.previous && options_.previous->started_ns != 0);
  spawn();
  with_room(on_.where, [this] { prepare_directories(); });
  if (options_.until_image) co_await wait_for_image();
  complete_spec();
  network_.publish(image_->image.config.exposed_ports);
  open_streams();
  prepare_root();
  if (!config_.storage.mounts.empty()) {
    auto filling = volume::fill(on_.where, config_.storage.mounts, root_.get(), ids());
    co_await std::move(filling);
  }
  hand_over();
  const spec_life life = config_.lifecycle.auto_remove ? spec_life::of_its_run : spec_life::of_the_container;
  // The child works meanwhile. A failure is ignored: without the record the next start makes the spec anew.
  quietly([&] { with_room(on_.where, [&] { save_spec(on_.where, id_, spec_, life); }); });
  if (network_.has_links() && !options_.until_image)
    co_await make_link();  // the child waits for its root before it waits for the link
  co_await first_.running();
  // One that joined a pid namespace has forked, and its child is the first process.
  if (first_.process().pid() != out_.state.init.pid) {
    out_.state.init = identify(first_.process().pid());
    co_await network_.enter_names(out_.state.init, first_.process().pidfd());
  }
  save_state(options_.wait ? container_status::created : container_status::running);
  // A resolver that was started meanwhile has not seen the record.
  if (on_.names.has_lost_connection()) co_await network_.enter_names(out_.state.init, first_.process().pidfd());
  undo_.commit();
  out_.config = config_;
  out_.process = first_.take_process();
  out_.output = config_.process.tty ? first_.take_terminal() : std::move(streams_.output);
  out_.errors = std::move(streams_.errors);
  out_.ports = network_.take_ports();
  co_return std::move(out_);
}

}  // namespace

task<launched> start(engine& on, container_lock& lock, container_config config, start_options options) {
  const std::string id = config.id;
  start_run s(on, lock, std::move(config), std::move(options));
  std::exception_ptr failure;
  try {
    co_return co_await s.run();
  } catch (...) {
    failure = std::current_exception();
  }
  if (!lock) {  // the start failed while it waited for the image
    try {
      auto locking = lock_container(on.where, id);
      lock = co_await shielded(std::move(locking));
    } catch (const error&) {
      // The container was removed, or another process holds the lock.
    }
  }
  const std::string leftovers = s.undo();
  s.record_failure(failure);
  if (leftovers.empty()) std::rethrow_exception(failure);
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    throw e.with_cleanup_failures(leftovers);
  }
}

}  // namespace lxr::container
