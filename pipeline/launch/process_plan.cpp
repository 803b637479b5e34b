// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/process_plan.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/spec/environment.hpp"

namespace lxr::launch {
namespace {

namespace ops = io::child::ops;
using io::child::process_attributes;
using io::process::plan_builder;

template <class T>
std::string_view bytes_of(const std::vector<T>& elements) {
  return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T)};
}

// The resource numbers of getrlimit(2), by their names in the spec.
std::uint32_t limit_number(const std::string& type) {
  static const std::map<std::string, std::uint32_t> numbers{
      {"RLIMIT_CPU", RLIMIT_CPU},           {"RLIMIT_FSIZE", RLIMIT_FSIZE},
      {"RLIMIT_DATA", RLIMIT_DATA},         {"RLIMIT_STACK", RLIMIT_STACK},
      {"RLIMIT_CORE", RLIMIT_CORE},         {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_NPROC", RLIMIT_NPROC},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},   {"RLIMIT_AS", RLIMIT_AS},
      {"RLIMIT_LOCKS", RLIMIT_LOCKS},       {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},     {"RLIMIT_RTTIME", RLIMIT_RTTIME}};
  const auto found = numbers.find(type);
  if (found == numbers.end())
    throw error(errc::invalid_argument, "set limit", '"' + type + '"', "there is no such limit");
  return found->second;
}

// struct sched_attr of sched_setattr(2), which no header of glibc 2.36 has.
struct scheduling_attributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
};

std::uint64_t word_value(const std::string& property, const std::string& word,
                         std::initializer_list<std::pair<const char*, std::uint64_t>> known) {
  for (const auto& [name, value] : known) {
    if (word == name) return value;
  }
  throw error(errc::invalid_argument, "set", property, "there is no " + word);
}

scheduling_attributes scheduling_of(const oci::scheduler& s) {
  scheduling_attributes out{.size = sizeof(scheduling_attributes)};
  out.policy = static_cast<std::uint32_t>(word_value("scheduler", s.policy,
                                                     {{"SCHED_OTHER", 0},
                                                      {"SCHED_FIFO", 1},
                                                      {"SCHED_RR", 2},
                                                      {"SCHED_BATCH", 3},
                                                      {"SCHED_ISO", 4},
                                                      {"SCHED_IDLE", 5},
                                                      {"SCHED_DEADLINE", 6}}));
  for (const std::string& flag : s.flags) {
    out.flags |= word_value("scheduler", flag,
                            {{"SCHED_FLAG_RESET_ON_FORK", 1},
                             {"SCHED_FLAG_RECLAIM", 2},
                             {"SCHED_FLAG_DL_OVERRUN", 4},
                             {"SCHED_FLAG_KEEP_POLICY", 8},
                             {"SCHED_FLAG_KEEP_PARAMS", 16},
                             {"SCHED_FLAG_UTIL_CLAMP_MIN", 32},
                             {"SCHED_FLAG_UTIL_CLAMP_MAX", 64}});
  }
  out.nice = s.nice;
  out.priority = static_cast<std::uint32_t>(s.priority);
  out.runtime = s.runtime;
  out.deadline = s.deadline;
  out.period = s.period;
  return out;
}

std::int32_t io_priority_of(const oci::io_priority& p) {
  constexpr int class_shift = 13;
  const auto number = word_value("ioPriority", p.priority_class,
                                 {{"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}});
  return static_cast<std::int32_t>(number << class_shift) | p.priority;
}

// To lower the score takes CAP_SYS_RESOURCE (proc(5)). Without it lxr goes on if the score is 0, the kernel's default;
// with any other score the start fails.
void set_oom_score(plan_builder& plan, process_attributes& out, int score) {
  out.oom_score = plan.text(std::to_string(score));
  out.oom_score_required = score != 0;
}

// personality(2).
std::uint32_t personality_of(const oci::personality_spec& p) {
  constexpr std::uint32_t per_linux = 0, per_linux32 = 8;
  return p.domain == "LINUX32" ? per_linux32 : per_linux;
}

process_attributes attributes_of(plan_builder& plan, const oci::process_spec& process, const process_inputs& in) {
  process_attributes out;
  out.uid = process.user.uid;
  out.gid = process.user.gid;
  out.groups = plan.bytes(bytes_of(process.user.additional_gids));
  out.umask = process.user.umask.value_or(022);
  if (const auto& sets = process.capabilities) {
    out.bounding = sets->bounding.bits;
    out.effective = sets->effective.bits;
    out.permitted = sets->permitted.bits;
    out.inheritable = sets->inheritable.bits;
    out.ambient = sets->ambient.bits;
  }
  std::vector<io::child::resource_limit> limits;
  limits.reserve(process.rlimits.size());
  for (const oci::rlimit& l : process.rlimits) limits.push_back({limit_number(l.type), 0, l.soft, l.hard});
  out.limits = plan.bytes(bytes_of(limits));
  if (process.oom_score_adj) set_oom_score(plan, out, *process.oom_score_adj);
  out.directory = plan.text(process.cwd);
  out.makes_directory = in.makes_directory;
  if (process.scheduler) {
    const scheduling_attributes s = scheduling_of(*process.scheduler);
    out.scheduling = plan.bytes({reinterpret_cast<const char*>(&s), sizeof s});
  }
  if (process.io_priority) {
    out.sets_io_priority = true;
    out.io_priority = io_priority_of(*process.io_priority);
  }
  out.no_new_privileges = process.no_new_privileges;
  if (!in.seccomp.program.empty()) out.filter = plan.bytes(in.seccomp.program);
  out.filter_flags = in.seccomp.flags;
  if (in.personality) out.personality = personality_of(*in.personality);
  if (!in.keyring.empty()) out.keyring = plan.text(in.keyring);
  return out;
}

}  // namespace

void add_terminal(plan_builder& plan, const oci::process_spec& process, io::child::slot devpts, io::child::slot dev) {
  const io::child::slot replica = plan.slot();
  ops::open_terminal open{.devpts = devpts, .to = replica};
  if (process.console_size) {
    open.rows = static_cast<std::uint16_t>(process.console_size->height);
    open.columns = static_cast<std::uint16_t>(process.console_size->width);
  }
  plan.add("/dev/ptmx", open);
  if (dev >= 0) plan.add("/dev/console", ops::bind_console{.terminal = replica, .dev = dev});
  plan.add("terminal", ops::use_terminal{replica});
}

void add_init(plan_builder& plan, io::child::slot program, io::child::slot memory, io::child::slot listener) {
  plan.add("lxr-init", ops::become_init{.program = program, .memory = memory, .listener = listener});
  if (listener >= 0) plan.add("start", ops::wait_start{});
}

void add_process(plan_builder& plan, const oci::process_spec& process, const process_inputs& in) {
  constexpr int first_preserved = 3;
  for (int i = 0; i < in.preserved; ++i) plan.slot(first_preserved + i);  // so the child inherits them
  plan.add("descriptors", ops::close_others{in.preserved});
  plan.add(process.cwd, ops::become_process{plan.put_struct(attributes_of(plan, process, in))});
  std::string candidates;
  for (const std::string& path : in.program.empty() ? program_candidates(process) : std::vector{in.program})
    candidates.append(path).push_back('\0');
  ops::exec exec{.candidates = plan.bytes(candidates)};
  exec.argv = plan.list(process.args);
  exec.envp = plan.list(process.env);
  exec.ignored_signals = io::process::ignored_signals();
  exec.under_init = in.under_init;
  plan.add(process.args.front(), exec);
}

std::vector<std::string> program_candidates(const oci::process_spec& process) {
  return spec::exec_candidates(process.args.front(), spec::find_env(process.env, "PATH"));
}

}  // namespace lxr::launch
