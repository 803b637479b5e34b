// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/print/output.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/own_program.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/image_worker/client.hpp"

namespace lxr::cli {

int cmd_pull(const invocation& call) {
  flag_set app("Pull an image from a registry, or from an OCI image layout on disk (oci:DIR[:NAME][@DIGEST]).", "pull",
               "lxr pull golang\nlxr pull 127.0.0.1:5000/team/app:1.2\nlxr pull oci:./layout:latest");
  transfer::pull_request request;
  bool quiet = false, timing = false;
  std::string trace;
  app.add_argument("IMAGE", request.reference, "Name, as docker users type it", value_source::images);
  app.add_option("--arch", request.architecture, "Architecture, in OCI's words: arm64, arm/v7")
      ->takes("ARCH[/VARIANT]", value_source::platforms);
  app.add_flag("--plain-http", request.plain_http, "Talk plain HTTP, also if the registry is not on loopback");
  app.add_option("--max-concurrent-downloads", request.parallel, "Layers downloaded at once (16)")->range(1, 16);
  app.add_flag("-q,--quiet", quiet, "Print only the image's id");
  app.add_flag("--timing", timing, "Show how long each stage took");
  app.add_option("--trace", trace, "Write the stages to a file in Chrome's trace format")
      ->takes("FILE", value_source::files);
  if (const auto done = parse(app, call)) return *done;
  check_trace(trace);
  const instance where = call.open();
  if (!request.architecture.empty()) oci::platform::parse(request.architecture);
  oci::reference::parse(request.reference);  // throws before anything is started
  terminal_events events(quiet);
  asio::io_context loop(1);
  const transfer::pull_result pulled =
      lxr::run(loop, image_worker::pull(where, own_program("lxr-image"), request, events));
  events.pull_ended();
  events.show(timing, trace);
  print_line(quiet ? "sha256:" + pulled.image_id : pulled.canonical);
  return 0;
}

}  // namespace lxr::cli
