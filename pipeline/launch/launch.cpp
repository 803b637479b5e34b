#include "pipeline/launch/launch.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/instance/ownership.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/rootfs/etc_files.hpp"
#include "pipeline/launch/plan.hpp"
#include "pipeline/launch/program_copy.hpp"
#include "core/base/signals.hpp"
#include "pipeline/spec/spec.hpp"
#include "pipeline/launch/waiting.hpp"
#include "pipeline/rootfs/writable_layer.hpp"

namespace lxr::container {
namespace {

using io::process::child_process;
using io::process::child_report;
using std::chrono::seconds;

constexpr auto start_deadline = seconds(60);

struct pipe_pair {
  unique_fd read, write;
};

pipe_pair make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("create", "pipe");
  return {unique_fd(fds[0]), unique_fd(fds[1])};
}

// One start in progress: what it has acquired so far, and how to undo it.
class start {
 public:
  start(engine& on, container_lock& lock, container_config config, launch_options options)
      : on_(on), lock_(lock), config_(std::move(config)), options_(std::move(options)), id_(config_.id) {}

  task<launched> run();
  // The child first: what it sits in cannot be removed under it.
  [[nodiscard]] std::string undo() noexcept {
    reports_.reset();  // before its descriptor's number can be another's
    out_.process = child_process();
    return undo_.run();
  }
  void record_failure(const std::exception_ptr& failure) const noexcept;

 private:
  void record_start();
  void prepare_directories();
  void prepare_cgroup();
  void prepare_network();
  void prepare_stdio();
  void spawn();
  void build_process();
  void hand_over();
  task<void> until(bool& reported);
  task<void> make_link();
  task<void> wait_ahead();
  task<child_process::message> next_report();
  task<void> follow_child();
  [[nodiscard]] const io::process::built_plan& whole_plan() const { return plan_.block.empty() ? running_plan_ : plan_; }
  void save_state(container_status status);

  engine& on_;
  container_lock& lock_;
  container_config config_;
  launch_options options_;
  const std::string& id_;
  rollback undo_;

  std::shared_ptr<const prepared_image> image_;
  oci::runtime_spec spec_;
  std::optional<network::attachment> net_;
  std::optional<io::cgroup::group> cgroup_;
  io::netlink::batch inner_network_, link_questions_;
  etc_files etc_;
  unique_fd data_, listener_, memory_, root_;
  unique_fd child_in_, child_out_, child_err_;
  plan_inputs plan_in_;
  io::process::built_plan plan_, running_plan_;  // the child works on the latter until it is lxr-init
  std::optional<readiness> reports_;
  bool apart_ = false, ready_ = false;  // what the child has reported
  launched out_;
};

// Of a container that has a record; a new one's lock file says who makes it.
void start::record_start() {
  if (!options_.previous) return;
  container_state s = *options_.previous;
  s.status = container_status::starting;
  s.init = {};
  s.monitor = on_.self();
  save(on_.where, id_, s);
  for (const char* past : {"/state.json", "/waiting"}) ::unlinkat(on_.where.root_fd(), ("containers/" + id_ + past).c_str(), 0);
}

void start::record_failure(const std::exception_ptr& failure) const noexcept {
  if (!options_.previous || !lock_) return;
  quietly([&] {
    container_state s = *options_.previous;
    s.init = {};
    s.failure = describe(failure);
    save_ended(on_.where, id_, s);
  });
}

void start::prepare_directories() {
  const stage_span span(on_.events, "directories", config_.name);
  if (options_.wait) {
    listener_ = listen_for_start(open_state_dir(on_.where, id_).value().get());
    mark_waiting(on_.where, id_);
  }
  data_ = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
  const bool ended = options_.previous && options_.previous->finished_ns != 0;
  prepare_writable_layer(data_.get(), ended || (options_.previous && options_.previous->monitor.boot == this_boot()));
}

void start::prepare_cgroup() {
  const stage_span span(on_.events, "cgroup", config_.name);
  const io::cgroup::limits limits{spec_.resources.pids_limit, spec_.resources.memory_limit, spec_.resources.cpu_quota,
                                  spec_.resources.cpu_period};
  undo_.add("cgroup", [this] { io::cgroup::group::remove(on_.cgroups, on_.where.kernel_name(), id_); });
  cgroup_ = io::cgroup::group::create(on_.cgroups, on_.where.kernel_name(), id_, limits, [this] { return owner_mark(on_.where); });
}

void start::prepare_network() {
  if (config_.network == network_mode::host) return;
  if (config_.network == network_mode::none) {
    inner_network_ = network::bridge_network::loopback_configuration();
    return;
  }
  const stage_span span(on_.events, "address", config_.name);
  net_ = on_.network().take_address(id_);
  undo_.add("address", [this] { network::release_address(on_.where, id_, io::netlink::to_string(net_->address)); });
  inner_network_ = network::bridge_network::inner_configuration(*net_);
  link_questions_ = network::bridge_network::link_questions(*net_);
}

// What docker's and podman's daemons of today give: many programs walk all descriptors up to the soft limit.
void limit_descriptors(oci::runtime_spec::process_spec& process) {
  constexpr rlim_t usual_soft = 1024, usual_hard = 524288;
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const rlim_t hard = std::min(own.rlim_max, usual_hard);
  process.soft_descriptors = static_cast<std::int32_t>(std::min(usual_soft, hard));
  process.hard_descriptors = static_cast<std::int64_t>(hard);
}

// A pipe that its reader also holds open for writing: it never ends, whoever dies.
unique_fd endless_input() {
  const pipe_pair p = make_pipe();
  return file::open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(p.read.get()), O_RDWR);
}

void start::prepare_stdio() {
  if (config_.tty) return;
  pipe_pair out = make_pipe(), err = make_pipe();
  child_out_ = std::move(out.write);
  out_.output = std::move(out.read);
  child_err_ = std::move(err.write);
  out_.errors = std::move(err.read);
  if (options_.stdin_source) {
    child_in_ = std::move(options_.stdin_source);
  } else {
    // The image's own command in the background is often a shell: it waits for `lxr exec` instead of ending at once.
    const bool waits = options_.background && (config_.open_stdin || (config_.command.empty() && !config_.entrypoint));
    child_in_ = waits ? endless_input() : file::open_at(AT_FDCWD, "/dev/null", O_RDONLY);
  }
}

// The child first: it makes its namespaces and mounts while the rest is prepared here.
void start::spawn() {
  const stage_span span(on_.events, "clone", config_.name);
  plan_in_.staging_directory = on_.where.state();
  for (const unique_fd& tasks : cgroup_->tasks()) plan_in_.cgroup_tasks.push_back(tasks.get());
  if (!on_.cgroups.unified && (spec_.resources.memory_limit > 0 || spec_.resources.cpu_quota > 0)) plan_in_.cgroup_v1 = cgroup_->paths();
  plan_in_.unified_cgroups = on_.cgroups.unified;
  if (inner_network_.size() > 0) plan_in_.network = &inner_network_;
  plan_in_.waits_for_link = net_.has_value();
  if (net_) plan_in_.link_questions = &link_questions_;
  plan_in_.waits_for_start = options_.wait;
  plan_in_.ahead = static_cast<bool>(options_.go_on);
  plan_in_.rows = options_.size.rows;
  plan_in_.columns = options_.size.columns;
  running_plan_ = make_container_plan(spec_, plan_in_);
  child_process::options how;
  how.namespaces = CLONE_NEWPID;
  how.cgroup = cgroup_->directory();
  how.own_memory = spec_.resources.memory_limit > 0;
  out_.process = child_process::spawn(running_plan_.get(), how);
  if (options_.go_on) out_.process.park();
  reports_.emplace(on_.executor, out_.process.channel());
  out_.state.init = identify(out_.process.pid());
  out_.state.monitor = on_.self();
}

// The process, which only the image tells; lxr-init reads it once the root is there.
void start::build_process() {
  const stage_span span(on_.events, "image", config_.name);
  image_ = on_.prepare(config_.image_id);
  add_process(spec_, config_, image_->image.config, [this](const std::string& path) { return image_->read(path); });
  limit_descriptors(spec_.process);
  spec_.process.oom_score_adj = on_.oom_score_for(config_);
  out_.stop_signal = parse_signal(!config_.stop_signal.empty() ? config_.stop_signal : image_->image.config.stop_signal, SIGTERM);
  plan_ = make_container_plan(spec_, plan_in_);
  memory_ = make_plan_memory();
  file::write_all(memory_.get(), plan_.bytes(), "launch plan");
}

void start::hand_over() {
  const stage_span span(on_.events, "overlay", config_.name);
  const writable_layer own = with_room(on_.where, [this] {
    etc_ = make_etc_files(data_.get(), config_, net_ ? io::netlink::to_string(net_->address) : "");
    return open_writable_layer(data_.get(), image_->layers.front().get());
  });
  io::mount::overlay_layers layers;
  for (const unique_fd& layer : image_->layers) layers.lowers.push_back(layer.get());
  layers.upper = own.upper.get();
  layers.work = own.work.get();
  layers.is_volatile = config_.auto_remove || config_.is_volatile;
  root_ = io::mount::mount_overlay(layers);
  handed_over all{.root = root_.get(), .hosts = etc_.hosts.get(), .hostname = etc_.hostname.get(), .resolv_conf = etc_.resolv_conf.get(),
                  .init = on_.init_program(), .plan_memory = memory_.get(), .listener = listener_.get(),
                  .stdin_fd = child_in_.get(), .stdout_fd = child_out_.get(), .stderr_fd = child_err_.get()};
  out_.process.send(all.in_order());
  for (unique_fd* theirs : {&child_in_, &child_out_, &child_err_, &listener_, &memory_}) theirs->reset();
  etc_ = {};
}

task<void> start::until(bool& reported) {
  while (!reported) co_await next_report();
}

task<void> start::make_link() {
  auto separating = until(apart_);
  co_await with_deadline(start_deadline, std::move(separating), "start container", config_.name);
  const stage_span span(on_.events, "link", config_.name);
  std::exception_ptr failure;
  try {
    co_await on_.network().connect(*net_, out_.process.pid());
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  // A child that failed took its namespace along: what it reported is the cause.
  const auto message = out_.process.receive(false);
  if (message && message->report.what == child_report::failed) throw explain_failure(whole_plan(), message->report, spec_, root_.get());
  std::rethrow_exception(failure);
}

task<child_process::message> start::next_report() {
  if (out_.process.has_silent_end()) {
    readiness end(on_.executor, out_.process.pidfd());
    co_await readiness::either_readable(*reports_, end);
  } else {
    co_await reports_->readable();
  }
  auto message = out_.process.receive(false);
  if (!message) {
    throw error(errc::conflict, "start container", config_.name, "its first process was killed while it was being set up",
                config_.memory > 0 ? "its memory limit may be too low for any process" : "");
  }
  if (message->report.what == child_report::failed) throw explain_failure(whole_plan(), message->report, spec_, root_.get());
  if (message->report.what == child_report::apart) apart_ = true;
  if (message->report.what == child_report::ready) ready_ = true;
  co_return std::move(*message);
}

task<void> start::wait_ahead() {
  save_state(container_status::starting);  // it may take long: others are to see that somebody is at work here
  if (net_) {
    co_await make_link();
    out_.process.send();
  }
  auto preparing = until(ready_);
  co_await with_deadline(start_deadline, std::move(preparing), "start container", config_.name);
  cgroup_.reset();  // only descriptors, and the child has its own
  data_.reset();
  lock_.release();  // it can be removed while it waits
  co_await options_.go_on();
  lock_ = co_await lock_container(on_.where, id_);
  data_ = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
}

// Until exec succeeded (end of file behind about_to_exec), or lxr-init waits.
task<void> start::follow_child() {
  const stage_span span(on_.events, "exec", config_.name);
  for (;;) {
    child_process::message message = co_await next_report();
    if (message.report.what == child_report::console) {
      out_.output = std::move(message.descriptor);
      ::fcntl(out_.output.get(), F_SETFL, O_RDWR | O_NONBLOCK);  // ours alone
    }
    if (message.report.what == child_report::waiting) co_return;
    if (message.report.what == child_report::about_to_exec) break;
  }
  co_await reports_->readable();
  if (const auto last = out_.process.receive()) throw explain_failure(whole_plan(), last->report, spec_, root_.get());
  reports_.reset();
  out_.process.close_channel();
}

void start::save_state(container_status status) {
  container_state& s = out_.state;
  s.status = status;
  if (status == container_status::running) s.started_ns = unix_time_ns();
  s.name = config_.name;
  s.image = config_.image;
  s.created_ns = config_.created_ns;
  s.command = command_text(spec_.process.args);
  if (net_) {
    s.address = io::netlink::to_string(net_->address);
    s.gateway = io::netlink::to_string(net_->gateway);
    s.prefix = net_->prefix;
    s.link = net_->link;
    s.mac = io::netlink::to_string(net_->mac);
  }
  save(on_.where, id_, s);
}

task<launched> start::run() {
  with_room(on_.where, [this] { record_start(); });
  spec_ = make_surroundings(config_);
  prepare_cgroup();
  prepare_network();
  spawn();
  with_room(on_.where, [this] { prepare_directories(); });
  if (options_.go_on) co_await wait_ahead();
  prepare_stdio();
  build_process();
  hand_over();
  if (net_ && !options_.go_on) {  // the root is what the child waits for first
    co_await make_link();
    out_.process.send();
  }
  auto following = follow_child();
  co_await with_deadline(start_deadline, std::move(following), "start container", config_.name);
  save_state(options_.wait ? container_status::created : container_status::running);
  undo_.commit();
  out_.config = config_;
  co_return std::move(out_);
}

}  // namespace

task<launched> launch(engine& on, container_lock& lock, container_config config, launch_options options) {
  const std::string id = config.id;
  start s(on, lock, std::move(config), std::move(options));
  std::exception_ptr failure;
  try {
    co_return co_await s.run();
  } catch (...) {
    failure = std::current_exception();
  }
  if (!lock) {  // it failed while it waited
    try {
      auto locking = lock_container(on.where, id);
      lock = co_await shielded(std::move(locking));
    } catch (const error&) {
      // it was removed
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

void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept {
  if (!state.address.empty()) network::release_address(where, id, state.address);
  io::cgroup::group::remove(cgroups, where.kernel_name(), id);
}

}  // namespace lxr::container
