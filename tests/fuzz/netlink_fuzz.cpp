// SPDX-License-Identifier: Apache-2.0
// Netlink messages are walked without reading outside of them, whatever lengths they claim. The first byte chooses the
// size of the family header.
#include <cstdlib>
#include <vector>

#include "io/netlink/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lxr::io::netlink;
  if (size == 0) return 0;
  const std::size_t header_size = data[0] % 64;
  // Memory of exactly this size, aligned as a socket's buffer is, so that AddressSanitizer sees every byte too many.
  const std::vector<char> received(data + 1, data + size);
  std::size_t used = 0;
  for_each_message(received.data(), received.size(), [&](const nlmsghdr* h) {
    used += aligned(h->nlmsg_len);
    if (used > aligned(received.size())) std::abort();
    if (header_of<nlmsgerr>(h) == nullptr && error_of(h) != EPROTO) std::abort();
    for_each_attribute(h, header_size, [&](const nlattr* a) {
      if (attr_text(a).size() > a->nla_len - sizeof *a) std::abort();
      if (a->nla_len - sizeof *a < sizeof(std::uint32_t) && attr_u32(a) != 0) std::abort();
      (void)attr_type(a);
    });
    return true;
  });
  return 0;
}
