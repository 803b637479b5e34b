// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <charconv>

#include "cli/flags/flag_values.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/document.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

// The document of -r is what linux.resources holds in a config.json.
oci::resources_spec read_resources(const std::string& path) {
  std::string text;
  if (path == "-") {
    text = file::read_all(0, "standard input");
  } else if (const auto opened = file::try_open_at(AT_FDCWD, path, O_RDONLY)) {
    text = file::read_all(opened->get(), path);
  } else {
    throw error(errc::not_found, "open", path, "no such file or directory");
  }
  json::object document{{"ociVersion", "1.0.0"}, {"root", {{"path", "/"}}}};
  document["linux"] = json::object{{"resources", json::parse_object(text, path)}};
  return oci::read_runtime_spec(document, path).linux_part.resources;
}

template <class Section>
Section& made(std::optional<Section>& section) {
  return section ? *section : section.emplace();
}

// Flags that set one number of the resources.
void add_numbers(flag_set& flags, oci::resources_spec& r) {
  const auto number = [&flags](literal name, literal help, std::function<void(std::int64_t)> take) {
    flags.add_option(
        name,
        [take, name](const std::string& text) {
          const std::string flag(name.view());
          std::int64_t value = 0;
          const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
          if (failure == std::errc() && end == text.data() + text.size()) return take(value);
          if (!flag.starts_with("--memory") && !flag.starts_with("--kernel"))
            refuse_value(flag, text, "it is no whole number");
          take(parse_size(text, flag));  // runc takes "50M"
        },
        help);
  };
  number("--memory", "Bytes; -1: no limit", [&r](std::int64_t n) { made(r.memory).limit = n; });
  number("--memory-swap", "Bytes of memory and swap", [&r](std::int64_t n) { made(r.memory).swap = n; });
  number("--memory-reservation", "Bytes", [&r](std::int64_t n) { made(r.memory).reservation = n; });
  number("--kernel-memory", "Bytes", [&r](std::int64_t n) { made(r.memory).kernel = n; });
  number("--kernel-memory-tcp", "Bytes", [&r](std::int64_t n) { made(r.memory).kernel_tcp = n; });
  number("--cpu-period", "Microseconds", [&r](std::int64_t n) { made(r.cpu).period = static_cast<std::uint64_t>(n); });
  number("--cpu-quota", "Microseconds a period", [&r](std::int64_t n) { made(r.cpu).quota = n; });
  number("--cpu-burst", "Microseconds", [&r](std::int64_t n) { made(r.cpu).burst = static_cast<std::uint64_t>(n); });
  number("--cpu-idle", "0 or 1", [&r](std::int64_t n) { made(r.cpu).idle = n; });
  number("--cpu-share", "Weight, 1024 by default",
         [&r](std::int64_t n) { made(r.cpu).shares = static_cast<std::uint64_t>(n); });
  number("--cpu-rt-period", "Microseconds",
         [&r](std::int64_t n) { made(r.cpu).realtime_period = static_cast<std::uint64_t>(n); });
  number("--cpu-rt-runtime", "Microseconds", [&r](std::int64_t n) { made(r.cpu).realtime_runtime = n; });
  number("--blkio-weight", "10 to 1000",
         [&r](std::int64_t n) { made(r.block_io).weight = static_cast<std::uint16_t>(n); });
  number("--pids-limit", "Processes and threads; -1: no limit", [&r](std::int64_t n) { made(r.pids).limit = n; });
  flags.add_option("--cpuset-cpus", [&r](const std::string& list) { made(r.cpu).cpus = list; }, "Processors: 0-3,7");
  flags.add_option("--cpuset-mems", [&r](const std::string& list) { made(r.cpu).mems = list; }, "Memory nodes");
}

}  // namespace

int verb_update(const verb_call& call) {
  flag_set flags("Change the resources of a running container.", "runtime update");
  oci::resources_spec resources;
  std::string document, cache, bandwidth;
  add_numbers(flags, resources);
  flags.add_option("-r,--resources", document, "A file with linux.resources, - for standard input");
  flags.add_option("--l3-cache-schema", cache, "Not supported yet");
  flags.add_option("--mem-bw-schema", bandwidth, "Not supported yet");
  std::vector<std::string> ids;
  flags.add_argument("ID", ids, "The container");
  if (!call.parse(flags)) return 0;
  if (!cache.empty() || !bandwidth.empty())
    throw error(errc::unsupported, "use", "Intel RDT", "lxr does not do that yet");
  if (!document.empty()) resources = read_resources(document);
  call.perform([&](runtime::context& on) {
    for (const std::string& id : ids) runtime::update(on, id, resources);
  });
  return 0;
}

}  // namespace lxr::cli::runtime_verbs
