// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_target.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "tests/support/faulty_files.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr::layer {
namespace {

using test::file_fault;

std::set<std::string> open_descriptors() {
  const auto names = file::list_at(AT_FDCWD, "/proc/self/fd");
  return {names.begin(), names.end()};
}

// One layer with a file that is written in pieces, through one of the targets.
struct layer_targets : testing::TestWithParam<store_driver> {
  static constexpr std::size_t block = 1u << 20;
  test::faulty_files files;
  worker_pool pool{1};
  semaphore extractions{1}, writes{2};
  std::string large = std::string(3u << 20, 'b');
  std::string tar = test::tar_builder().directory("etc").file("etc/x", "content").file("large", large).finish();

  std::unique_ptr<layer_target> target_in(const test::temp_directory& dir, pull_budget& budget) {
    const target_tools tools{pool, files, extractions, writes, budget, durability::full};
    unique_fd directory = file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY);
    return GetParam() == store_driver::erofs ? make_erofs_target(std::move(directory), tools)
                                             : make_directory_target(std::move(directory), tools);
  }

  task<void> feed(plain_blocks& plain) const {
    for (std::size_t at = 0; at < tar.size(); at += block) {
      const std::string_view piece = std::string_view(tar).substr(at, block);
      byte_block one(block);
      std::memcpy(one.room().data(), piece.data(), piece.size());
      one.grow(piece.size());
      if (!co_await plain.push(std::move(one))) co_return;
    }
    plain.close();
  }

  static task<void> store_into(layer_target& target, plain_blocks& plain) {
    std::exception_ptr failure;
    try {
      const stored_layer stored = co_await target.store(plain);
      EXPECT_EQ(stored.obstacle, "");
    } catch (...) {
      failure = std::current_exception();
    }
    plain.close();
    if (failure) std::rethrow_exception(failure);
  }

  task<void> feed_and_store(layer_target& target, plain_blocks& plain) const {
    task_scope scope(co_await asio::this_coro::executor);
    scope.spawn(feed(plain));
    scope.spawn(store_into(target, plain));
    co_await scope.join();
  }

  // Stores the layer into a new directory; `look` sees it once that has succeeded.
  template <class Look>
  void store(Look look) {
    const test::temp_directory dir;
    asio::io_context loop(1);
    pull_budget budget;
    const auto target = target_in(dir, budget);
    plain_blocks plain(2);
    run(loop, feed_and_store(*target, plain));
    look(dir);
  }

  void expect_whole(const test::temp_directory& dir) const {
    if (GetParam() == store_driver::erofs) {
      EXPECT_EQ(file::read_at(dir.fd(), data_file, 64u << 20), tar);
      EXPECT_FALSE(read_layer_index(dir.fd()).empty());
    } else {
      EXPECT_EQ(file::read_at(dir.fd(), "root/large", 64u << 20), large);
      EXPECT_EQ(file::read_at(dir.fd(), "root/etc/x"), "content");
    }
  }
};

TEST_P(layer_targets, a_layer_is_stored_whole) {
  store([this](const test::temp_directory& dir) { expect_whole(dir); });
  EXPECT_GT(files.operations(), 2u) << "its large file is written in pieces";
}

TEST_P(layer_targets, a_failure_of_any_operation_is_told_and_leaks_nothing) {
  store([](const test::temp_directory&) {});
  const std::size_t operations = files.operations();
  const auto before = open_descriptors();
  for (std::size_t n = 0; n < operations; ++n) {
    for (const int code : {ENOSPC, EIO}) {
      files.fail_at(n, file_fault::failure(code));
      try {
        store([](const test::temp_directory&) {});
        ADD_FAILURE() << "operation " << n << " of " << operations << " failed, the layer did not";
      } catch (const error& e) {
        EXPECT_EQ(e.code(), std::error_code(code, std::generic_category())) << e.what();
      }
      EXPECT_EQ(extractions.available(), 1u) << n;
      EXPECT_EQ(writes.available(), 2u) << n;
      EXPECT_EQ(open_descriptors(), before) << n;
    }
  }
}

TEST_P(layer_targets, a_short_write_is_continued) {
  store([](const test::temp_directory&) {});
  const std::size_t operations = files.operations();
  std::size_t continued = 0;
  for (std::size_t n = 0; n < operations; ++n) {
    files.fail_at(n, file_fault::short_write());
    store([this](const test::temp_directory& dir) { expect_whole(dir); });
    continued += files.operations() - operations;
  }
  EXPECT_GT(continued, 0u);
}

TEST_P(layer_targets, a_tar_that_ends_too_early_is_told) {
  tar.resize(tar.size() / 2);
  EXPECT_THROW(store([](const test::temp_directory&) {}), error);
}

TEST_P(layer_targets, cancelled_before_its_tar_has_come_it_ends) {
  const test::temp_directory dir;
  asio::io_context loop(1);
  pull_budget budget;
  const auto target = target_in(dir, budget);
  plain_blocks plain(2);
  test::spawned storing(loop, store_into(*target, plain));
  test::settle(loop);
  EXPECT_FALSE(storing.done());
  storing.cancel();
  loop.restart();
  loop.run();
  EXPECT_TRUE(storing.was_cancelled());
}

TEST_P(layer_targets, destroyed_while_idle) {
  const test::temp_directory dir;
  pull_budget budget;
  const auto before = open_descriptors();
  target_in(dir, budget).reset();
  EXPECT_EQ(open_descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(both, layer_targets, testing::Values(store_driver::erofs, store_driver::directories),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

}  // namespace
}  // namespace lxr::layer
