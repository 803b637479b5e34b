// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/unpack.hpp"

#include "core/async/channel.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/codec/decoder.hpp"
#include "io/codec/sha256.hpp"

namespace lxr::transfer {
namespace {

constexpr std::size_t blocks_in_flight = 2;  // blocks per channel

// Returns the compression that the first bytes show: some tools write a wrong media type. Where the bytes show none,
// returns that of the media type.
oci::compression compression_of(const oci::descriptor& what, std::span<const std::byte> head) {
  using io::codec::packing;
  const auto refuse = [&what](const std::string& with) {
    throw error(errc::unsupported, "unpack layer", what.content.str(),
                "it is compressed with " + with + ", which no image format allows",
                "gzip, zstd and uncompressed layers can be used");
  };
  switch (io::codec::packing_of(head)) {
    case packing::tar:
      return oci::compression::none;
    case packing::gzip:
      return oci::compression::gzip;
    case packing::zstd:
      return oci::compression::zstd;
    case packing::bzip2:
      refuse("bzip2");
      break;
    case packing::xz:
      refuse("xz");
      break;
    case packing::unknown:
      break;
  }
  return oci::layer_compression(what);
}

// Unpacks one layer: holds the state that its stages share, and has the stages as methods.
// Lifecycle: run(), once.  Runs on: the loop's strand.  Failure, Cancel: as unpack_layer().
class unpacking {
 public:
  unpacking(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id, layer::layer_target& target,
            unpack_tools tools, progress_function progress)
      : from_(std::move(from)),
        what_(std::move(what)),
        diff_id_(std::move(diff_id)),
        pool_(tools.pool),
        hashes_(tools.hashes),
        blocks_(tools.blocks),
        events_(tools.events),
        budget_(tools.budget),
        zstd_layers_(tools.zstd_layers),
        large_windows_(tools.large_windows),
        target_(target),
        progress_(std::move(progress)),
        contexts_(tools.contexts) {}

  task<layer::stored_layer> run(asio::any_io_executor executor) {
    task_scope scope(executor);
    scope.spawn(receive());
    scope.spawn(decode());
    scope.spawn(verify());
    scope.spawn(store());
    co_await scope.join();
    co_return std::move(stored_);
  }

 private:
  task<void> receive() {
    const stage_span span(events_, "receive", what_.content.hex().substr(0, 12));
    while (auto block = co_await from_->read()) {
      received_ += block->size();
      if (received_ > what_.size)
        wrong("it is larger than the manifest says (" + std::to_string(what_.size) + " bytes)");
      budget_.receive(block->size());
      progress_(received_);
      co_await hashes_.update(blob_hash_, block->bytes(), urgency());
      if (!co_await compressed_.push(std::move(*block))) co_return;
    }
    if (received_ != what_.size) {
      wrong("only " + std::to_string(received_) + " of " + std::to_string(what_.size) + " bytes came: truncated");
    }
    const std::string blob = blob_hash_.hex();
    if (blob != what_.content.hex()) wrong("its content has digest sha256:" + blob);
    compressed_.close();
  }

  task<void> decode() {
    const stage_span span(events_, "inflate", what_.content.hex().substr(0, 12));
    filling_ = co_await blocks_.acquire();
    std::string head;  // the first bytes, until there are enough to see the format
    while (auto block = co_await compressed_.pop()) {
      std::span<const std::byte> input = block->bytes();
      if (!decoder_ && (!head.empty() || input.size() < io::codec::packing_head)) {
        head += as_text(input);
        if (head.size() < io::codec::packing_head) continue;
        input = as_bytes(head);
      }
      auto inflating = inflate(input);
      if (!co_await std::move(inflating)) co_return;
    }
    if (!decoder_) {
      auto inflating = inflate(as_bytes(head));
      if (!co_await std::move(inflating)) co_return;
    }
    if (given_up_) co_return;
    decoder_->finish();
    count_plain();
    if (!filling_.empty() && !co_await plain_.push(std::move(filling_))) co_return;
    plain_.close();
  }

  // Decompresses `input`, which must stay valid. Returns false when the next stage takes no more.
  task<bool> inflate(std::span<const std::byte> input) {
    if (!decoder_) {
      auto choosing = choose_decoder(input);
      co_await std::move(choosing);
    }
    do {
      co_await offload(pool_, [&] { decoder_->step(input, filling_); }, urgency());
      if (!filling_.full()) continue;
      count_plain();
      if (!co_await plain_.push(std::move(filling_))) co_return false;
      filling_ = co_await blocks_.acquire();
    } while (!input.empty() || decoder_->has_pending());
    co_return true;
  }

  task<void> choose_decoder(std::span<const std::byte> head) {
    const oci::compression compression = compression_of(what_, head);
    if (compression == oci::compression::gzip) decoder_ = io::codec::make_gzip_decoder();
    if (compression == oci::compression::none) decoder_ = io::codec::make_plain_decoder();
    if (decoder_) co_return;
    // zstd_layers_ bounds the streams, and the budget has room for the usual window of each; a larger window is
    // counted.
    zstd_.emplace(co_await zstd_layers_.acquire());
    using io::codec::usual_zstd_window;
    const std::uint64_t window = std::max(io::codec::zstd_window_of(head), usual_zstd_window);
    if (window > usual_zstd_window) large_window_.emplace(co_await large_windows_.acquire());
    if (window <= io::codec::largest_zstd_window)
      window_.set(window - usual_zstd_window, "the window of a zstd stream");
    decoder_ = io::codec::make_zstd_decoder(contexts_, window);
  }

  task<void> verify() {
    const stage_span span(events_, "verify", what_.content.hex().substr(0, 12));
    while (auto block = co_await plain_.pop()) {
      co_await hashes_.update(plain_hash_, block->bytes(), urgency());
      if (!co_await verified_.push(std::move(*block))) co_return;
    }
    if (given_up_) co_return;
    const std::string content = plain_hash_.hex();
    if (content != diff_id_.hex()) {
      wrong("unpacked it has diff-id sha256:" + content + " instead of " + diff_id_.str());
    }
    verified_.close();
  }

  // Hands the verified blocks to the target. When the target gives up, all stages must end.
  task<void> store() {
    const stage_span span(events_, "store", what_.content.hex().substr(0, 12));
    std::exception_ptr failure;
    try {
      stored_ = co_await target_.store(verified_);
    } catch (...) {
      failure = std::current_exception();
    }
    // When the target gives up, the other stages have seen only a part: they must not judge size or digest.
    given_up_ = failure || !stored_.obstacle.empty();
    if (given_up_) {
      compressed_.close();
      plain_.close();
      verified_.close();
    }
    if (failure) std::rethrow_exception(failure);
    if (given_up_) budget_.give_back_bytes(plain_bytes_);
  }

  void count_plain() {
    plain_bytes_ += filling_.size();
    budget_.count_bytes(filling_.size());
  }

  // The layer with the most bytes to come goes first: one stream is decompressed on one processor at a time, so the
  // rest of the longest layer would leave a processor idle once all others are done.
  [[nodiscard]] std::uint64_t urgency() const { return what_.size - received_; }

  [[noreturn]] void wrong(std::string why) const {
    throw error(errc::corrupt, "unpack layer", what_.content.str(), std::move(why),
                "the registry's copy is damaged, or the transfer was");
  }

  std::unique_ptr<blob_stream> from_;
  oci::descriptor what_;
  oci::digest diff_id_;
  worker_pool& pool_;
  hashing& hashes_;
  block_pool& blocks_;
  event_sink& events_;
  layer::pull_budget& budget_;
  layer::memory_share window_{budget_};
  semaphore &zstd_layers_, &large_windows_;
  std::optional<semaphore::permit> zstd_, large_window_;
  layer::layer_target& target_;
  progress_function progress_;
  io::codec::zstd_contexts& contexts_;
  std::unique_ptr<io::codec::decoder> decoder_;  // made when the first bytes have come
  byte_block filling_;                           // decompressed bytes
  io::codec::sha256 blob_hash_, plain_hash_;
  std::uint64_t received_ = 0, plain_bytes_ = 0;
  bool given_up_ = false;  // the target has failed, or cannot store this layer
  layer::stored_layer stored_;
  bounded_channel<byte_block> compressed_{blocks_in_flight};
  layer::plain_blocks plain_{blocks_in_flight}, verified_{blocks_in_flight};
};

}  // namespace

task<layer::stored_layer> unpack_layer(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id,
                                       layer::layer_target& target, unpack_tools tools, progress_function progress) {
  const std::string name = what.content.str();
  unpacking u(std::move(from), std::move(what), std::move(diff_id), target, tools, std::move(progress));
  std::exception_ptr failure;
  try {
    co_return co_await u.run(co_await asio::this_coro::executor);
  } catch (const error& e) {
    if (e.subject() == name) throw;
    failure = std::make_exception_ptr(e.within("unpack layer", name));
  }
  std::rethrow_exception(failure);
}

}  // namespace lxr::transfer
