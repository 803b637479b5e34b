#include "pipeline/image/unpack.hpp"

#include <map>
#include <set>

#include "core/async/channel.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/codec/decoder.hpp"
#include "io/codec/sha256.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/image/layer_writer.hpp"

namespace lxr::image {
namespace {

constexpr std::size_t plain_block_size = 512u << 10;
constexpr std::size_t blocks_in_flight = 4;
constexpr std::size_t writes_in_flight = 4;

std::unique_ptr<io::codec::decoder> decoder_for(const oci::descriptor& what) {
  switch (oci::layer_compression(what)) {
    case oci::compression::gzip: return io::codec::make_gzip_decoder();
    case oci::compression::zstd: return io::codec::make_zstd_decoder();
    case oci::compression::none: break;
  }
  return io::codec::make_plain_decoder();
}

// The shared state of one layer on its way; its stages are methods.
class unpacking {
 public:
  unpacking(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id, unique_fd directory, worker_pool& pool,
            io::file::file_backend& files, semaphore& extractions, progress_function progress)
      : from_(std::move(from)),
        what_(std::move(what)),
        diff_id_(std::move(diff_id)),
        pool_(pool),
        files_(files),
        extractions_(extractions),
        progress_(std::move(progress)),
        decoder_(decoder_for(what_)),
        writer_(std::move(directory)),
        tar_(writer_) {}

  task<unpacked_layer> run(asio::any_io_executor executor) {
    task_scope scope(executor);
    scope.spawn(receive());
    scope.spawn(decode());
    scope.spawn(extract());
    co_await scope.join();
    co_return unpacked_layer{writer_.bytes_written()};
  }

 private:
  task<void> receive() {
    while (auto block = co_await from_->read()) {
      received_ += block->size();
      if (received_ > what_.size) wrong("it is larger than the manifest says (" + std::to_string(what_.size) + " bytes)");
      progress_(received_);
      if (!co_await compressed_.push(std::move(*block))) co_return;
    }
    if (received_ != what_.size) {
      wrong("only " + std::to_string(received_) + " of " + std::to_string(what_.size) + " bytes came: truncated");
    }
    compressed_.close();
  }

  task<void> decode() {
    while (auto block = co_await compressed_.pop()) {
      std::span<const std::byte> input = block->bytes();
      bool hashed = false;
      do {
        byte_block plain(plain_block_size);
        co_await offload(pool_, [&] {
          if (!hashed) blob_hash_.update(block->bytes());
          hashed = true;
          decoder_->step(input, plain);
          plain_hash_.update(plain.bytes());
        });
        if (!plain.empty() && !co_await plain_.push(std::move(plain))) co_return;
      } while (!input.empty() || decoder_->has_pending());
    }
    const std::string blob = blob_hash_.hex(), content = plain_hash_.hex();
    if (blob != what_.content.hex()) wrong("its content has digest sha256:" + blob);
    decoder_->finish();
    if (content != diff_id_.hex()) {
      wrong("unpacked it has diff-id sha256:" + content + " instead of " + diff_id_.str());
    }
    plain_.close();
  }

  task<void> extract() {
    task_scope writes(co_await asio::this_coro::executor);
    std::exception_ptr failure;
    try {
      while (auto block = co_await plain_.pop()) {
        {
          const auto permit = co_await extractions_.acquire();
          co_await offload(pool_, [&] { tar_.feed(block->bytes()); });
        }
        auto starting = start_writes(writes);
        co_await std::move(starting);
      }
      tar_.finish();
    } catch (...) {
      failure = std::current_exception();
      compressed_.close();
      plain_.close();
    }
    if (failure) writes.cancel();
    try {
      co_await writes.join();
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
    if (failure) std::rethrow_exception(failure);
    co_await offload(pool_, [&] { writer_.finish(); });
  }

  // Large files go to the disk beside the stream, a bounded number of pieces at a time.
  task<void> start_writes(task_scope& writes) {
    for (pending_write& piece : writer_.take_writes()) {
      auto permit = co_await write_permits_.acquire();
      writes.spawn(write(std::move(piece), std::move(permit)));
    }
    for (auto& file : writer_.take_finished()) finish_when_written(std::move(file));
  }

  task<void> write(pending_write piece, semaphore::permit) {
    ++outstanding_[piece.file.get()];
    std::exception_ptr failure;
    try {
      co_await files_.write(piece.file->fd.get(), {piece.data.get(), piece.size}, piece.offset);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) std::rethrow_exception(failure);
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

  [[noreturn]] void wrong(std::string why) const {
    throw error(errc::corrupt, "unpack layer", what_.content.str(), std::move(why), "the registry's copy is damaged, or the transfer was");
  }

  std::unique_ptr<blob_stream> from_;
  oci::descriptor what_;
  oci::digest diff_id_;
  worker_pool& pool_;
  io::file::file_backend& files_;
  semaphore& extractions_;
  progress_function progress_;
  std::unique_ptr<io::codec::decoder> decoder_;
  io::codec::sha256 blob_hash_, plain_hash_;
  layer_writer writer_;
  io::tar::reader tar_;
  std::uint64_t received_ = 0;
  bounded_channel<byte_block> compressed_{blocks_in_flight}, plain_{blocks_in_flight};
  semaphore write_permits_{writes_in_flight};
  std::map<const large_file*, int> outstanding_;
  std::set<const large_file*> ended_;
};

}  // namespace

task<unpacked_layer> unpack_layer(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id,
                                  unique_fd directory, worker_pool& pool, io::file::file_backend& files,
                                  semaphore& extractions, progress_function progress) {
  unpacking u(std::move(from), std::move(what), std::move(diff_id), std::move(directory), pool, files, extractions, std::move(progress));
  co_return co_await u.run(co_await asio::this_coro::executor);
}

}  // namespace lxr::image
