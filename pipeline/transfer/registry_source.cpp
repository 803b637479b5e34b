// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "core/base/error.hpp"
#include "io/codec/sha256.hpp"
#include "pipeline/transfer/answer.hpp"
#include "pipeline/transfer/registry_session.hpp"

namespace lxr::transfer {
namespace {

using io::http::response;

std::string accepted_types() { return "Accept: " + std::string(oci::accepted_manifest_types()); }

// Returns the first byte of a partial answer ("Content-Range: bytes 100-199/200"); 0 for a complete one.
std::uint64_t beginning_of(const response& answer) {
  const std::string range = answer.header("content-range");
  constexpr std::string_view unit = "bytes ";
  if (answer.status() != 206 || !range.starts_with(unit)) return 0;
  std::uint64_t begin = 0;
  for (std::size_t i = unit.size(); i < range.size() && range[i] >= '0' && range[i] <= '9' && begin < (1ull << 58);
       ++i) {
    begin = begin * 10 + static_cast<std::uint64_t>(range[i] - '0');
  }
  return begin;
}

// Reads one blob, over as many transfers as it takes: a transfer that ends early is continued where it ended.
// Lifecycle: open(), then read().  Runs on: the loop's strand.  Borrows: the session.
// Failure, Cancel: as registry_session.
class resuming_stream final : public blob_stream {
 public:
  resuming_stream(registry_session& session, oci::descriptor what)
      : session_(session), what_(std::move(what)), attempts_(session.limits()) {}

  task<void> open(blob_kind kind) {
    auto opening = session_.persist([this, kind] { return open_once(kind); }, attempts_);
    co_await std::move(opening);
  }

  task<std::optional<byte_block>> read() override {
    for (;;) {
      std::exception_ptr failure;
      std::optional<byte_block> block;
      try {
        block = co_await response_->read();
      } catch (const error&) {
        failure = std::current_exception();
      }
      if (block) {
        if (skipped(*block)) continue;
        count(block->size());
        co_return block;
      }
      if (!failure && received_ >= what_.size) break;
      auto resuming = resume(std::move(failure));
      if (!co_await std::move(resuming)) break;
    }
    permit_.reset();
    co_return std::nullopt;
  }

 private:
  [[nodiscard]] registry_request request() const {
    registry_request r{"/blobs/" + what_.content.str(), "blob " + what_.content.str()};
    if (received_ > 0) r.headers.push_back("Range: bytes=" + std::to_string(received_) + "-");
    return r;
  }

  // Drops bytes that an earlier transfer has delivered already. Returns true when the block is empty then.
  bool skipped(byte_block& block) {
    if (skip_ == 0) return false;
    const auto drop = std::min<std::uint64_t>(skip_, block.size());
    skip_ -= drop;
    const auto rest = block.bytes().subspan(drop);
    if (rest.empty()) return true;
    byte_block shorter(rest.size());
    std::ranges::copy(rest, shorter.room().begin());
    shorter.grow(rest.size());
    block = std::move(shorter);
    return false;
  }

  void count(std::uint64_t more) {
    constexpr std::uint64_t progress = 64u << 10;
    received_ += more;
    if (received_ - counted_ < progress) return;
    counted_ = received_;
    attempts_.progressed();
  }

  // Asks for the blob. A layer gets a permit first; it keeps it until the blob is read, also while it waits to be
  // continued, because the layer that is being unpacked may hold what others need. A request that fails gives its
  // permit back.
  task<void> open_once(blob_kind kind) {
    std::optional<semaphore::permit> permit;
    const auto begin = retries::clock::now();
    if (kind == blob_kind::layer) permit.emplace(co_await session_.layers().acquire());
    attempts_.excuse(retries::clock::now() - begin);
    auto asking = session_.ask(request());
    response_ = co_await std::move(asking);
    if (permit) permit_.emplace(std::move(*permit));
  }

  // Continues after `failure` of the transfer, or after one that ended early (nullptr). Returns false when the registry
  // has no more bytes; the reader then finds that the blob is too short.
  task<bool> resume(std::exception_ptr failure) {
    response_.reset();
    auto waiting = session_.wait_after(failure ? failure : cut_short(), attempts_);
    if (!co_await std::move(waiting)) {
      if (failure) std::rethrow_exception(failure);
      co_return false;
    }
    auto reopening = session_.persist([this] { return reopen(); }, attempts_);
    co_return co_await std::move(reopening);
  }

  task<bool> reopen() {
    try {
      auto asking = session_.ask(request());
      response_ = co_await std::move(asking);
    } catch (const refusal& r) {
      constexpr int range_not_satisfiable = 416;
      if (r.status() != range_not_satisfiable) throw;
    }
    if (!response_) co_return false;
    const std::uint64_t begin = beginning_of(*response_);
    if (begin > received_)
      throw error(errc::protocol, "pull", what_.content.str(), "the registry leaves a part of it out");
    skip_ = received_ - begin;
    co_return true;
  }

  [[nodiscard]] std::exception_ptr cut_short() const {
    return std::make_exception_ptr(io::http::transfer_error(io::http::trouble::broken, errc::unavailable,
                                                            what_.content.str(), "the answer ended early", ""));
  }

  registry_session& session_;
  oci::descriptor what_;
  retries attempts_;
  std::optional<semaphore::permit> permit_;
  std::unique_ptr<response> response_;
  std::uint64_t received_ = 0, counted_ = 0, skip_ = 0;
};

class registry_source final : public source {
 public:
  registry_source(io::http::client& http, oci::reference name, registry_options options)
      : session_(http, std::move(name), std::move(options)) {}

  // Sends a HEAD request: registries that limit pulls do not count it. A failure is ignored; the GET request that
  // follows reports it.
  task<oci::digest> probe() override {
    std::string said;
    try {
      auto asking =
          session_.ask({"/manifests/" + named(), "manifest of " + name().familiar(), {accepted_types()}, true});
      const std::unique_ptr<response> r = co_await std::move(asking);
      said = r->header("docker-content-digest");
    } catch (const error&) {
      // The digest stays unknown.
    }
    co_return digest_in(said);
  }

  task<raw_manifest> top() override {
    constexpr std::size_t usual_layers = 3;  // spare connections to open; this request uses one more
    auto fetched = fetch_manifest(named(), "manifest of " + name().familiar(), usual_layers);
    raw_manifest m = co_await std::move(fetched);
    if (!name().content.empty() && m.content != name().content) wrong_digest(name().content, m.content);
    co_return m;
  }

  task<raw_manifest> manifest(oci::descriptor which) override {
    auto fetched = fetch_manifest(which.content.str(), "manifest " + which.content.str(), 0);
    raw_manifest m = co_await std::move(fetched);
    if (m.content != which.content) wrong_digest(which.content, m.content);
    co_return m;
  }

  task<std::unique_ptr<blob_stream>> blob(oci::descriptor which, blob_kind kind) override {
    auto stream = std::make_unique<resuming_stream>(session_, std::move(which));
    auto opening = stream->open(kind);
    co_await std::move(opening);
    co_return std::move(stream);
  }

 private:
  [[noreturn]] void wrong_digest(const oci::digest& wanted, const oci::digest& got) const {
    throw error(errc::corrupt, "pull", name().familiar(),
                "the manifest has digest " + got.str() + " instead of " + wanted.str());
  }

  // Returns an empty digest for what is no SHA-256 digest.
  static oci::digest digest_in(const std::string& text) {
    oci::digest out;
    quietly([&] { out = oci::digest::parse(text); });
    return out;
  }

  [[nodiscard]] const oci::reference& name() const { return session_.name(); }
  [[nodiscard]] std::string named() const { return name().content.empty() ? name().tag : name().content.str(); }

  task<raw_manifest> fetch_manifest(std::string which, std::string subject, std::size_t followed_by) {
    retries attempts(session_.limits());
    auto fetching = session_.persist([&] { return fetch_manifest_once(which, subject, followed_by); }, attempts);
    co_return co_await std::move(fetching);
  }

  task<raw_manifest> fetch_manifest_once(std::string which, std::string subject, std::size_t followed_by) {
    auto getting = session_.ask({"/manifests/" + which, std::move(subject), {accepted_types()}, false, followed_by});
    const std::unique_ptr<response> r = co_await std::move(getting);
    std::string text = co_await r->read_all(oci::manifest_limit);
    const oci::digest content = io::codec::digest_of(text), said = digest_in(r->header("docker-content-digest"));
    if (!said.empty() && said != content) wrong_digest(said, content);
    co_return raw_manifest{std::move(text), content};
  }

  registry_session session_;
};

}  // namespace

std::unique_ptr<source> make_registry_source(io::http::client& http, oci::reference name, registry_options options) {
  return std::make_unique<registry_source>(http, std::move(name), std::move(options));
}

}  // namespace lxr::transfer
