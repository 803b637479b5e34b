// SPDX-License-Identifier: Apache-2.0
// The floor of a pull: receive, SHA-256, inflate, SHA-256, write with O_DIRECT, and nothing else, by two processes that
// take the blobs in turn, largest first. Buffers are large and reused; nothing is parsed, checked or made visible.
//   floor_pull PORT DIRECTORY gzip|zstd PATH SIZE [PATH SIZE ...]      PATH: of a blob at http://127.0.0.1:PORT
#include <arpa/inet.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t input_size = 256u << 10, output_size = 4u << 20, page = 4096;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct blob {
  std::string path;
  std::uint64_t size;
};

// A connection whose answer's body comes next.
int request(int port, const std::string& path, std::vector<char>& rest) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
  const std::string text = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  if (::write(fd, text.data(), text.size()) < 0) die("send");
  std::string head;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) die("read headers");
    head.append(buffer, static_cast<std::size_t>(got));
    const auto end = head.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    if (head.find(" 200 ") == std::string::npos) die(head.c_str());
    rest.assign(head.begin() + static_cast<std::ptrdiff_t>(end) + 4, head.end());
    return fd;
  }
}

class pipeline {
 public:
  pipeline(const char* directory, bool zstd) : directory_(directory), zstd_(zstd) {
    out_ = static_cast<unsigned char*>(
        ::mmap(nullptr, output_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    stream_ = ZSTD_createDCtx();
  }

  void run(int port, const blob& b) {
    std::vector<char> rest;
    const int socket = request(port, b.path, rest);
    begin(b);
    feed(rest.data(), rest.size());
    std::vector<char> in(input_size);
    for (;;) {
      const ssize_t got = ::read(socket, in.data(), in.size());
      if (got < 0) die("read");
      if (got == 0) break;
      feed(in.data(), static_cast<std::size_t>(got));
    }
    ::close(socket);
    end();
  }

 private:
  void begin(const blob& b) {
    const std::string name = std::string(directory_) + "/" + b.path.substr(b.path.size() - 16);
    file_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
    if (file_ < 0) die("create");
    for (EVP_MD_CTX*& hash : hashes_) {
      hash = EVP_MD_CTX_new();
      EVP_DigestInit_ex(hash, EVP_sha256(), nullptr);
    }
    isal_inflate_init(&inflate_);
    inflate_.crc_flag = ISAL_GZIP;
    inflate_.next_out = out_;
    inflate_.avail_out = output_size;
    used_ = 0;
    ZSTD_DCtx_reset(stream_, ZSTD_reset_session_only);
  }

  void feed(const char* data, std::size_t size) {
    EVP_DigestUpdate(hashes_[0], data, size);
    zstd_ ? feed_zstd(data, size) : feed_gzip(data, size);
  }

  void feed_gzip(const char* data, std::size_t size) {
    inflate_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(data));
    inflate_.avail_in = static_cast<std::uint32_t>(size);
    do {
      inflate_.next_out = out_ + used_;
      inflate_.avail_out = static_cast<std::uint32_t>(output_size - used_);
      if (isal_inflate(&inflate_) < 0) die("inflate");
      advance(output_size - inflate_.avail_out);
    } while (inflate_.avail_in > 0 && inflate_.block_state != ISAL_BLOCK_FINISH);
  }

  void feed_zstd(const char* data, std::size_t size) {
    ZSTD_inBuffer in{data, size, 0};
    bool full = true;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{out_, output_size, used_};
      if (ZSTD_isError(ZSTD_decompressStream(stream_, &out, &in)) != 0) die("zstd");
      full = out.pos == output_size;
      advance(out.pos);
    }
  }

  void advance(std::size_t to) {
    EVP_DigestUpdate(hashes_[1], out_ + used_, to - used_);
    used_ = to;
    if (used_ == output_size) flush();
  }

  void flush() {
    const std::size_t size = (used_ + page - 1) / page * page;
    if (::write(file_, out_, size) != static_cast<ssize_t>(size)) die("write");
    used_ = 0;
  }

  void end() {
    if (used_ > 0) flush();
    for (EVP_MD_CTX* hash : hashes_) {
      unsigned char digest[EVP_MAX_MD_SIZE];
      EVP_DigestFinal_ex(hash, digest, nullptr);
      EVP_MD_CTX_free(hash);
    }
    if (::fdatasync(file_) != 0) die("sync");
    ::close(file_);
  }

  const char* directory_;
  bool zstd_;
  int file_ = -1;
  unsigned char* out_;
  std::size_t used_ = 0;
  inflate_state inflate_{};
  ZSTD_DCtx* stream_;
  EVP_MD_CTX* hashes_[2] = {};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const int port = std::atoi(argv[1]);
  std::vector<blob> blobs;
  for (int i = 4; i + 1 < argc; i += 2) blobs.push_back({argv[i], std::strtoull(argv[i + 1], nullptr, 10)});
  std::sort(blobs.begin(), blobs.end(), [](const blob& a, const blob& b) { return a.size > b.size; });
  auto* next = new (::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
      std::atomic<std::size_t>(0);
  for (int p = 0; p < 2; ++p) {
    if (::fork() != 0) continue;
    pipeline mine(argv[2], std::string(argv[3]) == "zstd");
    for (std::size_t i = next->fetch_add(1); i < blobs.size(); i = next->fetch_add(1)) mine.run(port, blobs[i]);
    std::_Exit(0);
  }
  int failed = 0, status = 0;
  while (::wait(&status) > 0) failed |= status;
  return failed == 0 ? 0 : 1;
}
