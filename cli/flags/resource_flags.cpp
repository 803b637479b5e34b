// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/resource_flags.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

constexpr std::int64_t smallest_memory = 6 << 20, most_processes = 4194304;  // PID_MAX_LIMIT: pids.max takes no more

int processors_here() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::int64_t parse_memory(const std::string& text) {
  const std::int64_t bytes = parse_size(text, "--memory");
  if (bytes != 0 && bytes < smallest_memory) refuse_value("--memory", text, "the smallest limit is 6m; 0 is none");
  return bytes;
}

double parse_available_cpus(const std::string& text) {
  const double cpus = parse_cpus(text, "--cpus");
  const int here = processors_here();
  if (here > 0 && cpus > here) {
    refuse_value("--cpus", text,
                 "the range is from 0.01 to " + std::to_string(here) + ".00, as there are only " +
                     std::to_string(here) + " CPUs available");
  }
  return cpus;
}

using value_parser = std::uint64_t (*)(const std::string& text, const std::string& flag);

// "/dev/sda:VALUE"
device_limit parse_device(const std::string& text, const std::string& flag, value_parser parse_value) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.front() != '/' || colon + 1 == text.size())
    refuse_value(flag, text, "it is a device and its value, such as /dev/sda:VALUE");
  return {text.substr(0, colon), parse_value(text.substr(colon + 1), flag)};
}

std::uint64_t parse_count(const std::string& text, const std::string& flag, std::uint64_t lowest,
                          std::uint64_t highest) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size() && value >= lowest && value <= highest) return value;
  refuse_value(flag, text,
               "it is not a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
}

void check_list(const std::string& text, const std::string& flag) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool is_list = true, after_digit = text.empty();
  for (const char c : text) {
    is_list = is_list && (is_digit(c) || ((c == ',' || c == '-') && after_digit));
    after_digit = is_digit(c);
  }
  if (!is_list || !after_digit) refuse_value(flag, text, "it is a list of numbers: 0-3,7");
}

void add_memory_flags(flag_set& app, resource_options& options) {
  app.add_option(
         "-m,--memory", [&options](const std::string& text) { options.memory = parse_memory(text); },
         "Memory limit: a number and b, k, m or g")
      ->takes("SIZE");
  app.add_option(
         "--memory-reservation",
         [&options](const std::string& text) { options.memory_reservation = parse_size(text, "--memory-reservation"); },
         "Memory that the kernel leaves the container when it is short of it")
      ->takes("SIZE");
  app.add_option(
         "--memory-swap",
         [&options](const std::string& text) {
           options.memory_swap = text == "-1" ? -1 : parse_size(text, "--memory-swap");
         },
         "Limit of memory and swap together (twice the memory); -1 for none")
      ->takes("SIZE");
  app.add_option(
         "--memory-swappiness",
         [&options](const std::string& text) {
           options.memory_swappiness.reset();
           if (text != "-1") options.memory_swappiness = parse_count(text, "--memory-swappiness", 0, 100);
         },
         "How readily the kernel swaps, 0 to 100, on cgroup v1; -1 for the host's")
      ->takes("N");
  app.add_flag("--oom-kill-disable", options.oom_kill_disable,
               "Let processes wait instead of killing one when the memory limit is reached, on cgroup v1");
}

void add_cpu_flags(flag_set& app, resource_options& options) {
  constexpr std::int64_t shortest_period = 1000, longest_period = 1'000'000, most_shares = 262144;
  app.add_option(
         "--cpus", [&options](const std::string& text) { options.cpus = parse_available_cpus(text); },
         "CPU limit, in processors: 1.5")
      ->takes("NUMBER");
  app.add_option("-c,--cpu-shares", options.cpu_shares, "Weight against other containers (1024)")
      ->range(0, most_shares);
  app.add_option(
         "--cpu-period",
         [&options](const std::string& text) {
           options.cpu_period = text == "0" ? 0 : parse_count(text, "--cpu-period", shortest_period, longest_period);
         },
         "Period of the CPU limit in microseconds (100000)")
      ->takes("USEC");
  app.add_option(
         "--cpu-quota",
         [&options](const std::string& text) {
           const bool is_none = text == "0" || text == "-1";
           options.cpu_quota = is_none ? std::stoi(text)
                                       : static_cast<std::int64_t>(
                                             parse_count(text, "--cpu-quota", shortest_period, std::uint64_t{1} << 44));
         },
         "CPU limit in microseconds of each period; -1 for none")
      ->takes("USEC");
  app.add_option("--cpu-rt-period", options.cpu_rt_period, "Period of real-time processes in microseconds")
      ->range(0, longest_period);
  app.add_option("--cpu-rt-runtime", options.cpu_rt_runtime, "Time of real-time processes in each such period")
      ->range(0, longest_period);
  const auto list = [&app](literal name, std::string& variable, literal help) {
    app.add_option(
           name,
           [&variable, name](const std::string& text) {
             check_list(text, std::string(name.view()));
             variable = text;
           },
           help)
        ->takes("LIST");
  };
  list("--cpuset-cpus", options.cpuset_cpus, "Processors that may be used: 0-3,7");
  list("--cpuset-mems", options.cpuset_mems, "Memory nodes that may be used: 0,1");
}

void add_block_io_flags(flag_set& app, resource_options& options) {
  constexpr std::uint64_t least_weight = 10, most_weight = 1000;
  app.add_option(
         "--blkio-weight",
         [&options](const std::string& text) {
           options.blkio_weight = static_cast<std::uint16_t>(
               text == "0" ? 0 : parse_count(text, "--blkio-weight", least_weight, most_weight));
         },
         "Weight of block I/O, 10 to 1000")
      ->takes("N");
  const auto devices = [&app](literal name, std::vector<device_limit>& variable, literal value, literal help,
                              value_parser parse_value) {
    app.add_option(
           name,
           [&variable, name, parse_value](const std::string& text) {
             const device_limit limit = parse_device(text, std::string(name.view()), parse_value);
             std::erase_if(variable, [&limit](const device_limit& l) { return l.path == limit.path; });
             variable.push_back(limit);
           },
           help)
        ->takes(value)
        ->repeated();
  };
  const value_parser weight = [](const std::string& text, const std::string& flag) {
    return parse_count(text, flag, least_weight, most_weight);
  };
  const value_parser bytes = [](const std::string& text, const std::string& flag) {
    return static_cast<std::uint64_t>(parse_size(text, flag));
  };
  const value_parser count = [](const std::string& text, const std::string& flag) {
    return parse_count(text, flag, 1, std::uint64_t{1} << 32);
  };
  devices("--blkio-weight-device", options.blkio_weight_device, "DEVICE:N", "Weight for one device", weight);
  devices("--device-read-bps", options.read_bps, "DEVICE:SIZE", "Bytes a second read from a device", bytes);
  devices("--device-write-bps", options.write_bps, "DEVICE:SIZE", "Bytes a second written to a device", bytes);
  devices("--device-read-iops", options.read_iops, "DEVICE:N", "Reads a second from a device", count);
  devices("--device-write-iops", options.write_iops, "DEVICE:N", "Writes a second to a device", count);
}

[[noreturn]] void conflict(const std::string& flag, const std::string& why, const std::string& remedy) {
  throw error(errc::invalid_argument, "use " + flag, "", why, remedy);
}

}  // namespace

void add_resource_flags(flag_set& app, resource_options& options) {
  add_memory_flags(app, options);
  add_cpu_flags(app, options);
  add_block_io_flags(app, options);
  app.add_option("--pids-limit", options.pids_limit, "Limit of processes and threads; 0 or -1 for none")
      ->range(-1, most_processes);
}

void check_resources(const resource_options& o) {
  if (o.memory_swap > 0 && o.memory == 0) conflict("--memory-swap", "there is no memory limit", "set --memory as well");
  if (o.memory_swap > 0 && o.memory_swap < o.memory) {
    conflict("--memory-swap", "it is smaller than the memory limit, and limits memory and swap together",
             "make it at least as large as --memory");
  }
  if (o.memory > 0 && o.memory_reservation > o.memory)
    conflict("--memory-reservation", "it is larger than the memory limit", "make it smaller than --memory");
  if (o.cpus > 0 && (o.cpu_period != 0 || o.cpu_quota > 0))
    conflict("--cpus", "--cpu-period and --cpu-quota set the same limit", "leave one of them out");
  if (o.cpu_rt_runtime > 0 && o.cpu_rt_period != 0 && static_cast<std::uint64_t>(o.cpu_rt_runtime) > o.cpu_rt_period)
    conflict("--cpu-rt-runtime", "it is longer than its period", "make it at most --cpu-rt-period");
}

}  // namespace lxr::cli
