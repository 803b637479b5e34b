// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/layer_files.hpp"
#include "pipeline/layer/layer_index.hpp"
#include "pipeline/layer/layer_target.hpp"

namespace lxr::layer {
namespace {

constexpr std::size_t writes_in_flight = 4;
constexpr std::uint64_t erofs_block = 512, preallocation = 64u << 20;

// Writes the tar unchanged to data.tar, past the page cache where the filesystem allows that, and reads its members for
// the index at the same time.
// Runs on, Failure, Cancel: as layer_target.
class erofs_target final : public layer_target {
 public:
  erofs_target(unique_fd directory, target_tools tools)
      : tools_(tools), directory_(std::move(directory)), index_(tools.budget), tar_(index_) {
    create_data();
  }

  task<stored_layer> store(plain_blocks& plain) override {
    try {
      task_scope work(co_await asio::this_coro::executor);
      work.spawn(read(plain, work));
      co_await work.join();
      auto finishing = finish();
      co_await std::move(finishing);
    } catch (const io::erofs::not_indexable& e) {
      index_.give_up();
      co_return stored_layer{.obstacle = e.reason()};
    }
    auto [members, memory] = index_.take_tree();
    co_return stored_layer{index_.bytes(), size_, std::move(members), std::move(memory), {}};
  }

 private:
  task<void> read(plain_blocks& plain, task_scope& writes) {
    while (auto block = co_await plain.pop()) {
      auto permit = co_await write_permits_.acquire();
      const auto shared = std::make_shared<byte_block>(std::move(*block));
      make_room(*shared);
      const auto content = shared->bytes();  // without the padding that write() adds
      writes.spawn(write(shared, size_, std::move(permit)));
      size_ += content.size();
      co_await offload(tools_.pool, [&] {
        index_.time().resume();
        tar_.feed(content);
        index_.time().tick();
      });
    }
    tar_.finish();
  }

  void create_data() {
    const auto open = [this](int flags) {
      return ::openat(directory_.get(), data_file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    };
    data_.reset(open(O_DIRECT));
    if (!data_ && errno == EINVAL) data_.reset(open(0));
    if (!data_) throw_errno("create", data_file);
  }

  // Allocates blocks of data.tar before they are written, 64 MiB at a time: the file then lies in one piece, and the
  // kernel needs no worker thread for a write into an allocated block. A failure is ignored: writes then allocate.
  void make_room(const byte_block& coming) {
    if (size_ == 0 && !coming.full()) return;
    while (room_ < size_ + coming.size() && has_space()) {
      static_cast<void>(::fallocate(data_.get(), 0, static_cast<off_t>(room_), preallocation));
      room_ += preallocation;
    }
  }

  // Returns true when the filesystem has more than 4 GiB free, 64 times what make_room() allocates at a time. With
  // less, blocks that one layer has allocated but not used could make the writes of other layers fail.
  [[nodiscard]] bool has_space() const {
    struct statvfs fs{};
    return ::fstatvfs(data_.get(), &fs) == 0 && fs.f_bavail * fs.f_frsize > 64 * preallocation;
  }

  // Pads the last block to whole pages of 4,096 bytes, as O_DIRECT needs; finish() cuts the padding off.
  task<void> write(std::shared_ptr<byte_block> block, std::uint64_t offset, semaphore::permit) {
    const std::size_t over = block->size() % byte_block::alignment;
    if (over != 0) {
      const std::size_t padding = byte_block::alignment - over;
      std::memset(block->room().data(), 0, padding);
      block->grow(padding);
    }
    co_await tools_.files.write(data_.get(), block->bytes(), offset);
  }

  // Sets the size of data.tar to whole EROFS blocks of 512 bytes, which is what EROFS reads, and writes the index.
  task<void> finish() {
    const std::uint64_t whole = (size_ + erofs_block - 1) / erofs_block * erofs_block;
    const unique_fd index = file::open_at(directory_.get(), index_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    co_await offload(tools_.pool, [&] {
      if (::ftruncate(data_.get(), static_cast<off_t>(whole)) != 0) throw_errno("set the size of", data_file);
      file::write_all(index.get(), index_.make_index(whole), index_file);
    });
    if (tools_.safety == durability::none) co_return;
    co_await tools_.files.sync(data_.get());
    co_await tools_.files.sync(index.get());
  }

  target_tools tools_;
  unique_fd directory_, data_;
  layer_index index_;
  io::tar::reader tar_;
  std::uint64_t size_ = 0, room_ = 0;
  semaphore write_permits_{writes_in_flight};
};

}  // namespace

std::unique_ptr<layer_target> make_erofs_target(unique_fd directory, target_tools tools) {
  return std::make_unique<erofs_target>(std::move(directory), tools);
}

}  // namespace lxr::layer
