// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/file/select_backend.hpp"
#include "pipeline/transfer/puller.hpp"
#include "pipeline/transfer/unpack.hpp"
#include "tests/support/no_events.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::transfer {

using test::no_events;
using test::registry_imposter;
using test::tar_builder;

// Pulls from a registry that a test plays into a store of its own.
struct pulling : testing::Test {
  registry_imposter registry;
  test::temp_directory dir;
  instance where = instance::open(dir.path() + "/root", dir.path() + "/state");
  store::image_store images{where};
  layer::store_driver driver = layer::store_driver::directories;
  layer::durability safety = layer::durability::full;
  layer::layer_limits limits;
  registry_options options_of_registry{.limits = {.attempts = 3, .first_delay = std::chrono::milliseconds(1)}};
  io::file::file_backend* files = nullptr;  // what the pull writes with; null: what the kernel offers
  std::chrono::milliseconds claim_patience = std::chrono::minutes(2);
  std::string host = registry.host();
  std::string tar =
      tar_builder().directory("etc").file("etc/x", "content").file("big", std::string(3 << 20, 'b')).finish();

  pull_result pull(const std::string& name = "app") {
    asio::io_context loop;
    worker_pool pool(2);
    const auto usual_files = io::file::select_backend(loop.get_executor(), pool);
    no_events events;
    io::http::client_options options;
    options.stall_timeout = options.connect_timeout = std::chrono::seconds(1);
    options.silence_beside_idle = std::chrono::milliseconds(100);
    io::http::client http(loop.get_executor(), options);
    const auto from = make_registry_source(http, oci::reference::parse(host + "/" + name), options_of_registry);
    block_pool blocks(2 * layers_at_once, plain_block_size);
    const pull_tools tools{.images = images,
                           .driver = driver,
                           .safety = safety,
                           .pool = pool,
                           .blocks = blocks,
                           .files = files != nullptr ? *files : *usual_files,
                           .events = events,
                           .limits = limits,
                           .parallel = options_of_registry.parallel,
                           .claim_patience = claim_patience};
    return run(loop, pull_image(tools, *from, oci::reference::parse(host + "/" + name), "amd64"));
  }
  // The pull fails with this code, its message holds `words`, and nothing of it stays.
  void expect_failure(errc code, const std::string& words) {
    try {
      pull();
      ADD_FAILURE() << "succeeded";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
    }
    for (const char* place : {"layers", "images", "refs", "ingest"})
      EXPECT_TRUE(file::list_at(where.root_fd(), place).empty()) << place;
  }
};

}  // namespace lxr::transfer
