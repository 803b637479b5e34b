// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tar_builder.hpp"

#include <zlib.h>

#include <cstdio>
#include <cstring>

namespace lxr::test {

void tar_builder::header(const member& m, std::size_t size) {
  char h[512] = {};
  std::snprintf(h, 100, "%s", m.path.c_str());
  std::snprintf(h + 100, 8, "%07o", m.mode);
  std::snprintf(h + 108, 8, "%07o", m.uid & 07777777);
  std::snprintf(h + 116, 8, "%07o", m.gid & 07777777);
  std::snprintf(h + 124, 12, "%011zo", size);
  std::snprintf(h + 136, 12, "%011lo", m.mtime < 0 ? 0 : m.mtime & 077777777777);
  h[156] = m.type;
  std::snprintf(h + 157, 100, "%s", m.link.c_str());
  std::memcpy(h + 257,
              "ustar\0"
              "00",
              8);
  std::snprintf(h + 329, 8, "%07o", m.major);
  std::snprintf(h + 337, 8, "%07o", m.minor);
  std::memset(h + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : h) sum += static_cast<unsigned char>(c);
  std::snprintf(h + 148, 8, "%06o", sum);
  out_.append(h, sizeof h);
}

void tar_builder::data(const std::string& bytes) {
  out_ += bytes;
  out_.append((512 - bytes.size() % 512) % 512, '\0');
}

tar_builder& tar_builder::add(const member& m) {
  if (!m.pax.empty()) {
    std::string records;
    for (const auto& [key, value] : m.pax) {
      const std::string body = " " + key + "=" + value + "\n";
      std::size_t size = body.size() + 1;
      while (std::to_string(size).size() + body.size() != size) ++size;
      records += std::to_string(size) + body;
    }
    header({.path = "PaxHeaders/x", .type = 'x'}, records.size());
    data(records);
  }
  header(m, m.content.size());
  data(m.content);
  return *this;
}

std::string gzip(const std::string& bytes) {
  z_stream s{};
  deflateInit2(&s, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&s, bytes.size()) + 64, '\0');
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  s.avail_in = static_cast<uInt>(bytes.size());
  s.next_out = reinterpret_cast<Bytef*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  deflate(&s, Z_FINISH);
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

}  // namespace lxr::test
