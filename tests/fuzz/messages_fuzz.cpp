// SPDX-License-Identifier: Apache-2.0
// What lxr-image may send to lxr, and lxr to lxr-image: any packet is a message or an error, and an error comes out of
// its message as it went in.
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/unique_fd.hpp"
#include "pipeline/image_worker/messages.hpp"

namespace {

using namespace lxr;

// The member texts of an error, after a way through a message.
std::string through_a_message(const std::exception_ptr& failure) {
  return json::dump(image_worker::error_message(failure));
}

void expect_same_error(const json::object& message) {
  try {
    image_worker::throw_error_message(message);
  } catch (const error&) {
    const std::string once = through_a_message(std::current_exception());
    try {
      image_worker::throw_error_message(json::parse_object(once, "error"));
    } catch (const error&) {
      if (through_a_message(std::current_exception()) != once) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  const unique_fd ours(pair[0]);
  {
    const unique_fd theirs(pair[1]);
    if (::send(theirs.get(), data, std::min(size, image_worker::message_limit), 0) < 0) std::abort();
  }
  try {
    while (const auto message = image_worker::receive_message(ours.get())) expect_same_error(*message);
  } catch (const error&) {
    // no message
  }
  return 0;
}
