// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <cerrno>

#include "core/base/error.hpp"

namespace lxr {
namespace {

// Random bytes that next_byte() has not returned yet: one getrandom(2) serves the ids and private names of a whole
// start. Each thread has a reserve of its own, and a child of fork(2) begins with an empty one, so that two processes
// never use the same name.
struct reserve {
  unsigned char bytes[256];
  std::size_t left = 0;
};
thread_local reserve drawn;

void draw() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { drawn.left = 0; });
  static_cast<void>(registered);
  std::size_t have = 0;
  while (have < sizeof drawn.bytes) {
    const ssize_t got = ::getrandom(drawn.bytes + have, sizeof drawn.bytes - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read random bytes from", "getrandom(2)");
    have += static_cast<std::size_t>(got);
  }
  drawn.left = sizeof drawn.bytes;
}

unsigned char next_byte() {
  if (drawn.left == 0) draw();
  return drawn.bytes[--drawn.left];
}

}  // namespace

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | next_byte();
  return value;
}

std::string random_hex(std::size_t bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes * 2);
  for (std::size_t i = 0; i < bytes; ++i) {
    const unsigned char byte = next_byte();
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace lxr
