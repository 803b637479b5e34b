// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "core/async/task_scope.hpp"
#include "core/base/file.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/layer_target.hpp"
#include "pipeline/layer/layer_writer.hpp"

namespace lxr::layer {
namespace {

unique_fd make_root(int directory) {
  file::make_directory_at(directory, "root", 0755);
  return file::open_at(directory, "root", O_RDONLY | O_DIRECTORY);
}

// Creates one file per member, on one pool thread; pieces of large files are written while the tar is read on.
// Runs on, Failure, Cancel: as layer_target.
class directory_target final : public layer_target {
 public:
  directory_target(unique_fd root, unique_fd directory, target_tools tools)
      : tools_(tools), writer_(std::move(directory), std::move(root), tools.budget), tar_(writer_) {}

  task<stored_layer> store(plain_blocks& plain) override {
    task_scope work(co_await asio::this_coro::executor);
    work.spawn(unpack(plain, work));
    co_await work.join();
    co_await offload(tools_.pool, [&] { writer_.finish(); });
    co_return stored_layer{.bytes = writer_.bytes_written()};
  }

 private:
  task<void> unpack(plain_blocks& plain, task_scope& writes) {
    while (auto block = co_await plain.pop()) {
      {
        const auto permit = co_await tools_.extractions.acquire();
        co_await offload(tools_.pool, [&] {
          writer_.time().resume();
          tar_.feed(block->bytes());
          writer_.time().tick();
        });
      }
      auto starting = start_writes(writes);
      co_await std::move(starting);
    }
    tar_.finish();
  }

  // Starts the writes of the pieces of large files; waits while too many are in progress.
  task<void> start_writes(task_scope& writes) {
    for (pending_write& piece : writer_.take_writes()) {
      auto permit = co_await tools_.writes.acquire();
      writes.spawn(write(std::move(piece), std::move(permit)));
    }
    for (auto& file : writer_.take_finished()) finish_when_written(std::move(file));
  }

  task<void> write(pending_write piece, semaphore::permit) {
    ++outstanding_[piece.file.get()];
    co_await tools_.files.write(piece.file->fd.get(), {piece.data.get(), piece.size}, piece.offset);
    if (--outstanding_[piece.file.get()] == 0 && ended_.erase(piece.file.get()) > 0) {
      outstanding_.erase(piece.file.get());
      piece.file->finish();
    }
  }

  void finish_when_written(std::shared_ptr<large_file> file) {
    const auto found = outstanding_.find(file.get());
    if (found == outstanding_.end() || found->second == 0) {
      if (found != outstanding_.end()) outstanding_.erase(found);
      file->finish();
    } else {
      ended_.insert(file.get());
    }
  }

  target_tools tools_;
  layer_writer writer_;
  io::tar::reader tar_;
  std::map<const large_file*, int> outstanding_;
  std::set<const large_file*> ended_;
};

}  // namespace

std::unique_ptr<layer_target> make_directory_target(unique_fd directory, target_tools tools) {
  unique_fd root = make_root(directory.get());
  return std::make_unique<directory_target>(std::move(root), std::move(directory), tools);
}

}  // namespace lxr::layer
