#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace lxr::io::codec {

// SHA-256 of a stream (OpenSSL EVP, which uses the CPU's SHA instructions).
class sha256 {
 public:
  sha256();
  void update(std::span<const std::byte> bytes);
  // Ends the stream; lower-case hex. Call once.
  [[nodiscard]] std::string hex();

 private:
  struct deleter {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, deleter> context_;
};

}  // namespace lxr::io::codec
