#include "tests/support/registry_imposter.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/base/bytes.hpp"
#include "io/codec/sha256.hpp"

namespace lxr::test {
namespace {

std::string lower(std::string s) {
  std::ranges::transform(s, s.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

bool send_all(int fd, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t put = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (put <= 0) return false;
    at += static_cast<std::size_t>(put);
  }
  return true;
}

}  // namespace

std::string sha256_of(const std::string& bytes) {
  io::codec::sha256 h;
  h.update(as_bytes(bytes));
  return "sha256:" + h.hex();
}

registry_imposter::registry_imposter() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 64);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

registry_imposter::~registry_imposter() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& t : threads_) t.join();
  for (const int fd : connections_) ::close(fd);
  ::close(listener_);
}

void registry_imposter::on(const std::string& path, handler h) {
  const std::lock_guard lock(mutex_);
  handlers_[path] = std::move(h);
}

std::vector<registry_imposter::request> registry_imposter::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t registry_imposter::connections() {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void registry_imposter::accept_loop() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void registry_imposter::serve(int fd) {
  std::string buffer;
  for (;;) {
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      char chunk[4096];
      const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
      if (got <= 0) return;
      buffer.append(chunk, static_cast<std::size_t>(got));
    }
    std::istringstream lines(buffer.substr(0, end));
    buffer.erase(0, end + 4);
    request r;
    std::string line;
    std::getline(lines, line);
    std::istringstream(line) >> r.method >> r.path;
    while (std::getline(lines, line)) {
      const auto colon = line.find(':');
      if (colon == std::string::npos) continue;
      std::string value = line.substr(colon + 1);
      while (!value.empty() && (value.front() == ' ')) value.erase(0, 1);
      while (!value.empty() && (value.back() == '\r')) value.pop_back();
      r.headers[lower(line.substr(0, colon))] = value;
    }
    handler h;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(r);
      const auto found = handlers_.find(r.path.substr(0, r.path.find('?')));
      if (found != handlers_.end()) h = found->second;
    }
    const answer a = h ? h(r) : answer{404, {}, "{}"};
    if (a.hang) {
      char wait;
      static_cast<void>(!::recv(fd, &wait, 1, 0));  // until the other side, or the destructor, gives up
      return;
    }
    std::string head = "HTTP/1.1 " + std::to_string(a.status) + " x\r\nContent-Length: " + std::to_string(a.body.size()) + "\r\n";
    for (const auto& [name, value] : a.headers) head += name + ": " + value + "\r\n";
    const bool cut = a.cut_after < a.body.size();
    if (!send_all(fd, head + "\r\n") || (r.method != "HEAD" && !send_all(fd, a.body.substr(0, a.cut_after)))) return;
    if (cut) {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
  }
}

registry_imposter::published registry_imposter::publish(const std::string& layer_tar, const std::string& layer_bytes, const std::string& media_type) {
  return publish_image("app", {{layer_bytes, sha256_of(layer_tar), media_type}});
}

registry_imposter::published registry_imposter::publish_image(const std::string& name, const std::vector<layer>& layers) {
  std::string diff_ids, descriptors;
  const std::string blobs = "/v2/" + name + "/blobs/";
  for (const layer& l : layers) {
    diff_ids += (diff_ids.empty() ? "\"" : ",\"") + l.diff_id + "\"";
    descriptors += std::string(descriptors.empty() ? "" : ",") + R"({"mediaType":")" + l.media_type + R"(","digest":")" + sha256_of(l.blob) + R"(","size":)" +
                   std::to_string(l.blob.size()) + "}";
    on(blobs + sha256_of(l.blob), answer{200, {}, l.blob});
  }
  const std::string config = R"({"architecture":"amd64","os":"linux","config":{"Cmd":["true"]},"rootfs":{"type":"layers","diff_ids":[)" + diff_ids + "]}}";
  const std::string manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
                               sha256_of(config) + R"(","size":)" + std::to_string(config.size()) + R"(},"layers":[)" + descriptors + "]}";
  published p{blobs + sha256_of(layers.front().blob), "/v2/" + name + "/manifests/latest", config};
  on(p.manifest_path, answer{200, {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}, {"Docker-Content-Digest", sha256_of(manifest)}}, manifest});
  on(blobs + sha256_of(config), answer{200, {}, config});
  return p;
}

}  // namespace lxr::test
