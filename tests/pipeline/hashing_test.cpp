// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/hashing.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace lxr::transfer {
namespace {

constexpr int streams = 6, blocks = 80;

std::vector<std::string> random_blocks(unsigned seed) {
  std::mt19937 dice(seed);
  std::vector<std::string> out;
  for (int i = 0; i < blocks; ++i) out.push_back(std::string(dice() % 20000, static_cast<char>(dice())));
  return out;
}

std::string hash_of(const std::vector<std::string>& pieces) {
  io::codec::sha256 h;
  for (const std::string& p : pieces) h.update(as_bytes(p));
  return h.hex();
}

task<void> hash_stream(hashing& hashes, const std::vector<std::string>& pieces, std::string& out) {
  io::codec::sha256 stream;
  std::uint64_t left = pieces.size();
  for (const std::string& p : pieces) co_await hashes.update(stream, as_bytes(p), left--);
  out = stream.hex();
}

task<void> hash_all(hashing& hashes, const std::vector<std::vector<std::string>>& all, std::vector<std::string>& out) {
  task_scope scope(co_await asio::this_coro::executor);
  for (int i = 0; i < streams; ++i)
    scope.spawn(hash_stream(hashes, all[static_cast<std::size_t>(i)], out[static_cast<std::size_t>(i)]));
  co_await scope.join();
}

class hashing_by_threads : public testing::TestWithParam<std::size_t> {
 protected:
  std::vector<std::vector<std::string>> all_ = [] {
    std::vector<std::vector<std::string>> out;
    for (unsigned i = 0; i < streams; ++i) out.push_back(random_blocks(i));
    return out;
  }();
  asio::io_context loop_;
  worker_pool pool_{GetParam()};
  hashing hashes_{pool_};
};

TEST_P(hashing_by_threads, each_stream_has_its_own_hash) {
  std::vector<std::string> out(streams);
  run(loop_, hash_all(hashes_, all_, out));
  for (std::size_t i = 0; i < streams; ++i) EXPECT_EQ(out[i], hash_of(all_[i])) << i;
}

task<void> cancel_soon(task_scope& work, int turns) {
  for (int i = 0; i < turns; ++i) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  work.cancel();
}

task<void> hash_until_cancelled(hashing& hashes, const std::vector<std::vector<std::string>>& all, int turns) {
  std::vector<std::string> out(streams);
  const auto executor = co_await asio::this_coro::executor;
  task_scope work(executor), watch(executor);
  work.spawn(hash_all(hashes, all, out));
  watch.spawn(cancel_soon(work, turns));
  try {
    co_await work.join();
  } catch (const cancelled&) {
    // asked for
  }
  co_await watch.join();
}

// Whatever is cancelled, nobody is left to a job of another, and the next ones find all in order.
TEST_P(hashing_by_threads, cancelled_at_any_moment) {
  for (int turns = 0; turns < 60; ++turns) {
    run(loop_, hash_until_cancelled(hashes_, all_, turns));
    loop_.restart();
  }
  std::vector<std::string> out(streams);
  run(loop_, hash_all(hashes_, all_, out));
  for (std::size_t i = 0; i < streams; ++i) EXPECT_EQ(out[i], hash_of(all_[i])) << i;
}

INSTANTIATE_TEST_SUITE_P(threads, hashing_by_threads, testing::Values(1u, 2u, 4u));

}  // namespace
}  // namespace lxr::transfer
