// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/base/unique_fd.hpp"

// Sockets that keep messages whole (SOCK_SEQPACKET, unix(7)) and can carry descriptors (SCM_RIGHTS). io/child has its
// own code for this, because it runs without libc.
namespace lxr::io::channel {

// Two connected sockets, both close-on-exec.
struct socket_pair {
  unique_fd ours, theirs;
};
socket_pair make_socket_pair();

// Sends `content` as one message, and with it duplicates of at most 253 descriptors. Blocks while the peer's queue is
// full. Returns false when the peer has closed its end.
// Failure: throws lxr::error for "send to `peer`".
bool send_message(int socket, std::span<const std::byte> content, std::string_view peer,
                  std::span<const int> descriptors = {});

enum class wait_for_message { yes, no };

struct received_message {
  enum kind {
    message,      // its first `size` bytes are in the buffer
    none_yet,     // only with wait_for_message::no
    end_of_file,  // the peer has closed its end
  } what = none_yet;
  std::size_t size = 0;
  unique_fd descriptor;  // the one that came with the message, close-on-exec; empty when none did
};

// Receives one message into `buffer`; the part of a message that does not fit is lost.
// Failure: throws lxr::error for "receive from `peer`".
received_message receive_message(int socket, std::span<std::byte> buffer, std::string_view peer,
                                 wait_for_message wait = wait_for_message::yes);

}  // namespace lxr::io::channel
