// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/container_flags.hpp"

#include "cli/flags/lifecycle_flags.hpp"
#include "cli/flags/namespace_flags.hpp"
#include "cli/flags/resource_flags.hpp"
#include "cli/flags/rootfs_flags.hpp"
#include "cli/flags/security_flags.hpp"
#include "cli/flags/storage_flags.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

// Of docker's and podman's run.
constexpr literal lacking =
    "--cgroup-conf --cgroup-parent --cgroups --chrootdirs --decryption-key "
    "--gpus --group-entry --health-cmd --health-interval "
    "--health-log-destination --health-max-log-count --health-max-log-size --health-on-failure --health-retries "
    "--health-start-interval --health-start-period --health-startup-cmd --health-startup-interval "
    "--health-startup-retries --health-startup-success --health-startup-timeout --health-timeout --hostuser "
    "--init-ctr --init-path --ip6 --isolation --kernel-memory "
    "--link --link-local-ip --log-driver --log-opt --no-healthcheck "
    "--os --passwd --passwd-entry --personality --pod --pod-id-file --preserve-fd "
    "--preserve-fds --rdt-class --requires --restart --retry "
    "--retry-delay --rootfs --runtime --sdnotify --seccomp-policy --secret --storage-opt --subgidname "
    "--subuidname --systemd --timeout --tls-verify --variant";

}  // namespace

void container_flags::add_to(flag_set& app) {
  app.stop_at_first_argument("IMAGE [COMMAND ...]", value_source::images);
  app.lacks(lacking);
  process_.add_to(app, config_.process);
  network_.add_to(app, config_.network);
  add_resource_flags(app, config_.resources);
  add_rootfs_flags(app, config_.rootfs);
  add_security_flags(app, config_.security);
  add_namespace_flags(app, config_.namespaces);
  add_storage_flags(app, config_.storage);
  add_lifecycle_flags(app, config_.lifecycle);
  add_image_flags(app, image_);
  app.add_flag("-q,--quiet", quiet, "No progress");
  app.add_flag("--timing", timing, "Show how long each stage took");
  app.add_option("--trace", trace, "Write the stages to a file in Chrome's trace format")
      ->takes("FILE", value_source::files);
}

container_config container_flags::config(const flag_set& app) {
  const std::vector<std::string>& words = app.remaining();
  if (words.empty())
    throw error(errc::invalid_argument, "use " + app.title(), "", "no image was named",
                "see " + app.title() + " --help");
  container_config c = config_;
  c.image = words.front();
  c.process.command.assign(words.begin() + 1, words.end());
  process_.finish(c.process);
  network_.finish(c.network);
  check_resources(c.resources);
  check_namespaces(c.namespaces);
  if (!c.namespaces.uts.empty() && !(c.network.hostname.empty() && c.network.domainname.empty()))
    throw error(errc::invalid_argument, "use --hostname", "", "with --uts the name is not the container's own",
                "leave one of them out");
  check_storage(c.storage);
  check_trace(trace);
  return c;
}

engine::image_request container_flags::image_of(const container_config& config) const {
  engine::image_request request = image_;
  request.reference = config.image;
  return request;
}

}  // namespace lxr::cli
