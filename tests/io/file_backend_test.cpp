// SPDX-License-Identifier: Apache-2.0
#include "io/file/select_backend.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/uring/ring.hpp"
#include "tests/support/temp_directory.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr::io::file {
namespace {

// What every backend must do.
class backends : public testing::TestWithParam<backend_choice> {
 protected:
  asio::io_context loop;
  worker_pool pool{2};
  std::unique_ptr<file_backend> backend = select_backend(loop.get_executor(), pool, GetParam());
  test::temp_directory dir;
  unique_fd fd = lxr::file::open_at(dir.fd(), "f", O_RDWR | O_CREAT);
};

task<void> write_pieces(file_backend& b, int fd, const std::vector<std::string>& pieces) {
  task_scope scope(co_await asio::this_coro::executor);
  std::uint64_t offset = 0;
  for (const std::string& piece : pieces) {
    scope.spawn(b.write(fd, as_bytes(piece), offset));
    offset += piece.size();
  }
  co_await scope.join();
  co_await b.sync(fd);
}

TEST_P(backends, many_writes_at_once_land_where_they_belong) {
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 300; ++i)
    whole += pieces.emplace_back(static_cast<std::size_t>(i * 7 % 5000 + 1), static_cast<char>('a' + i % 26));
  run(loop, write_pieces(*backend, fd.get(), pieces));
  EXPECT_EQ(lxr::file::read_at(dir.fd(), "f"), whole);
}

task<std::string> read_back(file_backend& b, int fd) {
  std::string out(10, '?');
  const std::size_t got = co_await b.read(fd, std::as_writable_bytes(std::span(out)), 2);
  out.resize(got);
  co_return out;
}

TEST_P(backends, reads_stop_at_the_end) {
  lxr::file::write_all(fd.get(), "abcdef", "f");
  EXPECT_EQ(run(loop, read_back(*backend, fd.get())), "cdef");
}

TEST_P(backends, errors_carry_errno) {
  const unique_fd readonly = lxr::file::open_at(dir.fd(), "f", O_RDONLY);
  try {
    run(loop, write_pieces(*backend, readonly.get(), {"x"}));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code().value(), EBADF);
  }
}

TEST_P(backends, cancelled_before_the_start_nothing_is_written) {
  const std::vector<std::string> pieces{"x"};
  test::spawned one(loop, write_pieces(*backend, fd.get(), pieces));
  one.cancel();
  loop.run();
  EXPECT_TRUE(one.was_cancelled());
}

TEST_P(backends, destroyed_while_idle) { backend.reset(); }

INSTANTIATE_TEST_SUITE_P(all, backends, testing::Values(backend_choice::automatic, backend_choice::threads));

TEST(select_backend, io_uring_where_the_kernel_has_it_and_threads_when_forced) {
  asio::io_context loop;
  worker_pool pool(1);
  EXPECT_EQ(select_backend(loop.get_executor(), pool, backend_choice::threads)->name(), "threads");
  const bool has_ring = uring::ring::make(loop.get_executor()) != nullptr;
  EXPECT_EQ(select_backend(loop.get_executor(), pool)->name(), has_ring ? "io_uring" : "threads");
}

TEST(ring, destroyed_with_an_operation_in_flight_waits_for_it) {
  asio::io_context loop;
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const unique_fd read(fds[0]), write(fds[1]);
  auto ring = uring::ring::make(loop.get_executor());
  if (!ring) FAIL() << "this kernel offers no io_uring";
  char buffer[4];
  test::spawned one(loop, [](uring::ring& r, int fd, char* to) -> task<void> {
    co_await r.perform([=](io_uring_sqe* e) { ::io_uring_prep_read(e, fd, to, 4, 0); });
  }(*ring, read.get(), buffer));
  test::settle(loop);
  ASSERT_EQ(::write(write.get(), "data", 4), 4);
  ring.reset();
  EXPECT_EQ(std::string(buffer, 4), "data");
}

}  // namespace
}  // namespace lxr::io::file
