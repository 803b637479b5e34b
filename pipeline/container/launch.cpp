#include "pipeline/container/launch.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/state/names.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/container/name_resolution.hpp"
#include "pipeline/container/plan.hpp"
#include "pipeline/container/signals.hpp"
#include "pipeline/container/spec.hpp"
#include "pipeline/container/writable_layer.hpp"

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

unique_fd write_and_clone(int directory, const std::string& name, const std::string& content) {
  const unique_fd fd = file::open_at(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  file::write_all(fd.get(), content, name);
  return io::mount::clone_mount(directory, name);
}

unique_fd listen_for_start(int state_dir) {
  unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("create", "start socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // By descriptor: the path of the state directory may be longer than a socket address.
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start", state_dir);
  ::unlinkat(state_dir, "start", 0);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd.get(), 8) != 0) {
    throw_errno("listen on", "start socket");
  }
  return fd;
}

// One start in progress: what it has acquired so far, and how to undo it.
class start {
 public:
  start(engine& on, container_config config, launch_options options)
      : on_(on), config_(std::move(config)), options_(std::move(options)), id_(config_.id) {}

  task<launched> run();
  // The child first: what it sits in cannot be removed under it.
  [[nodiscard]] std::string undo() noexcept {
    reports_.reset();  // before its descriptor's number can be another's
    out_.process = child_process();
    return undo_.run();
  }

 private:
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
  container_config config_;
  launch_options options_;
  const std::string& id_;
  rollback undo_;

  std::shared_ptr<const prepared_image> image_;
  oci::runtime_spec spec_;
  std::optional<network::attachment> net_;
  std::optional<io::cgroup::group> cgroup_;
  io::netlink::batch inner_network_;
  unique_fd hosts_, hostname_, resolv_, listener_, memory_, root_;
  unique_fd child_in_, child_out_, child_err_;
  plan_inputs plan_in_;
  io::process::built_plan plan_, running_plan_;  // the child works on the latter until it is lxr-init
  std::optional<readiness> reports_;
  bool apart_ = false, ready_ = false;  // what the child has reported
  launched out_;
};

void start::prepare_directories() {
  const stage_span span(on_.events, "directories", config_.name);
  const unique_fd state = make_state_dir(on_.where, id_);
  if (options_.wait) listener_ = listen_for_start(state.get());
  const unique_fd data = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
  prepare_writable_layer(data.get());
}

void start::prepare_cgroup() {
  const stage_span span(on_.events, "cgroup", config_.name);
  const io::cgroup::limits limits{spec_.resources.pids_limit, spec_.resources.memory_limit, spec_.resources.cpu_quota,
                                  spec_.resources.cpu_period};
  undo_.add("cgroup", [this] { io::cgroup::group::remove(on_.cgroups, on_.where.kernel_name(), id_); });
  cgroup_ = io::cgroup::group::create(on_.cgroups, on_.where.kernel_name(), id_, limits);
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
}

// A pipe that its reader also holds open for writing: it never ends, whoever dies.
unique_fd endless_input() {
  const pipe_pair p = make_pipe();
  return file::open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(p.read.get()), O_RDWR);
}

void start::prepare_stdio() {
  const auto state = open_state_dir(on_.where, id_);
  if (!state) throw error(errc::conflict, "start container", config_.name, "it was removed meanwhile");
  const int dir = state->get();
  hosts_ = write_and_clone(dir, "hosts", hosts_file(config_, net_ ? io::netlink::to_string(net_->address) : ""));
  hostname_ = write_and_clone(dir, "hostname", config_.hostname + "\n");
  resolv_ = write_and_clone(dir, "resolv.conf", resolv_conf(config_.network));
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
    const bool waits = options_.background && config_.command.empty() && !config_.entrypoint;
    child_in_ = waits ? endless_input() : file::open_at(AT_FDCWD, "/dev/null", O_RDONLY);
  }
}

// The child first: it makes its namespaces and mounts while the rest is prepared here.
void start::spawn() {
  const stage_span span(on_.events, "clone", config_.name);
  plan_in_.staging_directory = on_.where.state();
  for (const unique_fd& tasks : cgroup_->tasks()) plan_in_.cgroup_tasks.push_back(tasks.get());
  plan_in_.unified_cgroups = on_.cgroups.unified;
  if (inner_network_.size() > 0) plan_in_.network = &inner_network_;
  plan_in_.waits_for_link = net_.has_value();
  plan_in_.waits_for_start = options_.wait;
  plan_in_.ahead = static_cast<bool>(options_.go_on);
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
  spec_.process.soft_descriptors = static_cast<std::int32_t>(std::min<rlim_t>(on_.descriptor_limit.rlim_cur, 1 << 30));
  spec_.process.hard_descriptors = static_cast<std::int64_t>(on_.descriptor_limit.rlim_max);
  out_.stop_signal = parse_signal(!config_.stop_signal.empty() ? config_.stop_signal : image_->image.config.stop_signal, SIGTERM);
  plan_ = make_container_plan(spec_, plan_in_);
  memory_ = make_plan_memory();
  file::write_all(memory_.get(), plan_.bytes(), "launch plan");
}

void start::hand_over() {
  const stage_span span(on_.events, "overlay", config_.name);
  const unique_fd data = file::open_at(on_.where.root_fd(), "containers/" + id_, O_RDONLY | O_DIRECTORY);
  const writable_layer own = open_writable_layer(data.get(), image_->layers.front().get());
  io::mount::overlay_layers layers;
  for (const unique_fd& layer : image_->layers) layers.lowers.push_back(layer.get());
  layers.upper = own.upper.get();
  layers.work = own.work.get();
  root_ = io::mount::mount_overlay(layers);
  handed_over all{.root = root_.get(), .hosts = hosts_.get(), .hostname = hostname_.get(), .resolv_conf = resolv_.get(),
                  .init = on_.init_program(), .plan_memory = memory_.get(), .listener = listener_.get(),
                  .stdin_fd = child_in_.get(), .stdout_fd = child_out_.get(), .stderr_fd = child_err_.get()};
  out_.process.send(all.in_order());
  for (unique_fd* theirs : {&child_in_, &child_out_, &child_err_, &listener_, &memory_}) theirs->reset();
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
    throw error(errc::conflict, "start container", config_.name, "its first process died while it was being set up",
                "a memory or process limit may be too low for any process");
  }
  if (message->report.what == child_report::failed) throw explain_failure(whole_plan(), message->report, spec_, root_.get());
  if (message->report.what == child_report::apart) apart_ = true;
  if (message->report.what == child_report::ready) ready_ = true;
  co_return std::move(*message);
}

task<void> start::wait_ahead() {
  save_state(container_status::created);  // it may take long: others are to see that somebody is at work here
  if (net_) {
    co_await make_link();
    out_.process.send();
  }
  auto preparing = until(ready_);
  co_await with_deadline(start_deadline, std::move(preparing), "start container", config_.name);
  cgroup_.reset();  // only descriptors, and the child has its own
  co_await options_.go_on();
}

// Until exec succeeded (end of file behind about_to_exec), or lxr-init waits.
task<void> start::follow_child() {
  const stage_span span(on_.events, "exec", config_.name);
  for (;;) {
    child_process::message message = co_await next_report();
    if (message.report.what == child_report::console) out_.output = std::move(message.descriptor);
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
  spec_ = make_surroundings(config_);
  prepare_cgroup();
  prepare_network();
  spawn();
  prepare_directories();
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

task<launched> launch(engine& on, container_config config, launch_options options) {
  start s(on, std::move(config), std::move(options));
  std::exception_ptr failure;
  try {
    co_return co_await s.run();
  } catch (...) {
    failure = std::current_exception();
  }
  const std::string leftovers = s.undo();
  if (leftovers.empty()) std::rethrow_exception(failure);
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    throw e.with_cleanup_failures(leftovers);
  }
}

void start_waiting(const instance& where, const std::string& id) {
  const auto dir = open_state_dir(where, id);
  if (!dir) throw error(errc::not_found, "start container", short_id(id), "its state is gone");
  const unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const timeval limit{60, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start", dir->get());
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw_errno("start container", short_id(id));
  bool about_to_exec = false;
  child_report report{};
  for (;;) {
    const ssize_t got = ::recv(fd.get(), &report, sizeof report, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("start container", short_id(id));
    if (got == 0) break;
    if (report.what == child_report::about_to_exec) about_to_exec = true;
    if (report.what == child_report::failed) {
      const container_config config = load_config(where, id);
      const image::image image = image::store(where).load(config.image_id);
      oci::runtime_spec spec;
      spec.process.args = command_line(config, image.config);
      spec.process.env = {"PATH=" + find_env(image.config.env, "PATH")};
      io::process::built_plan plan;
      plan.subjects.assign(report.index + 1, spec.process.args.front());
      throw explain_failure(plan, report, spec);
    }
  }
  if (!about_to_exec) throw error(errc::conflict, "start container", short_id(id), "its first process died before it could start");
}

void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept {
  if (!state.address.empty()) network::release_address(where, id, state.address);
  io::cgroup::group::remove(cgroups, where.kernel_name(), id);
}

}  // namespace lxr::container
