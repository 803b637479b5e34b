// SPDX-License-Identifier: Apache-2.0
#include "tests/support/registry_imposter.hpp"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "core/base/bytes.hpp"
#include "io/codec/sha256.hpp"

namespace lxr::test {
namespace {

std::string lower(std::string s) {
  std::ranges::transform(s, s.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

// A connection, with TLS or without.
class link {
 public:
  link(int fd, SSL_CTX* tls) : fd_(fd), ssl_(tls == nullptr ? nullptr : SSL_new(tls)) {
    if (!ssl_) return;
    SSL_set_fd(ssl_.get(), fd);
    accepted_ = SSL_accept(ssl_.get()) == 1;
  }
  [[nodiscard]] bool accepted() const { return accepted_; }
  ssize_t receive(char* to, std::size_t size) {
    return ssl_ ? SSL_read(ssl_.get(), to, static_cast<int>(size)) : ::recv(fd_, to, size, 0);
  }
  bool send_all(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t put = ssl_ ? SSL_write(ssl_.get(), bytes.data() + at, static_cast<int>(bytes.size() - at))
                               : ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (put <= 0) return false;
      at += static_cast<std::size_t>(put);
    }
    return true;
  }

 private:
  int fd_;
  std::unique_ptr<SSL, decltype([](SSL* s) { SSL_free(s); })> ssl_;
  bool accepted_ = true;
};

std::shared_ptr<SSL_CTX> make_tls(std::string& certificate) {
  std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })> key(EVP_EC_gen("P-256"));
  std::unique_ptr<X509, decltype([](X509* x) { X509_free(x); })> x(X509_new());
  X509_set_version(x.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600);
  X509_set_pubkey(x.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(x.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("imposter"), -1, -1, 0);
  X509_set_issuer_name(x.get(), name);
  for (const auto& [nid, text] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"),
                                  std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
    X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, nullptr, nid, text);
    X509_add_ext(x.get(), e, -1);
    X509_EXTENSION_free(e);
  }
  X509_sign(x.get(), key.get(), EVP_sha256());
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, x.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  certificate.assign(text, static_cast<std::size_t>(size));
  BIO_free(out);
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), [](SSL_CTX* c) { SSL_CTX_free(c); });
  SSL_CTX_use_certificate(context.get(), x.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

}  // namespace

std::string sha256_of(const std::string& bytes) {
  io::codec::sha256 h;
  h.update(as_bytes(bytes));
  return "sha256:" + h.hex();
}

registry_imposter::answer ranged(const registry_imposter::request& r, const std::string& blob) {
  const auto range = r.headers.find("range");
  if (range == r.headers.end()) return {200, {}, blob};
  const std::size_t from = std::stoul(range->second.substr(std::string("bytes=").size()));
  if (from >= blob.size()) return {416, {}, ""};
  return {206,
          {{"Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(blob.size() - 1) + "/" +
                                 std::to_string(blob.size())}},
          blob.substr(from)};
}

registry_imposter::registry_imposter(manner how) : how_(how) {
  ::signal(SIGPIPE, SIG_IGN);  // of OpenSSL's writes
  if (how == manner::tls) tls_ = make_tls(certificate_);
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

std::string registry_imposter::certificate_hash() const {
  char out[9];
  std::snprintf(out, sizeof out, "%08lx", X509_subject_name_hash(SSL_CTX_get0_certificate(tls_.get())));
  return out;
}

registry_imposter::~registry_imposter() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  {
    const std::lock_guard lock(mutex_);  // one that is served by the acceptor
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
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
    if (how_ == manner::one_at_a_time || how_ == manner::one_kept) {
      {
        const std::lock_guard lock(mutex_);
        connections_.push_back(fd);
        if (stopping_) return;
      }
      serve(fd);
      ::shutdown(fd, SHUT_RDWR);
      continue;
    }
    const std::lock_guard lock(mutex_);
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void registry_imposter::serve(int fd) {
  link peer(fd, tls_.get());
  if (!peer.accepted()) {
    ::shutdown(fd, SHUT_RDWR);
    return;
  }
  std::string buffer;
  do {
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      char chunk[4096];
      const ssize_t got = peer.receive(chunk, sizeof chunk);
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
    const answer a = answer_to(r);
    if (a.hang) {
      char wait;
      static_cast<void>(!::recv(fd, &wait, 1, 0));  // until the other side, or the destructor, gives up
      return;
    }
    std::string head = "HTTP/1.1 " + std::to_string(a.status) + " x\r\n";
    if (!a.unsized) head += "Content-Length: " + std::to_string(a.body.size()) + "\r\n";
    for (const auto& [name, value] : a.headers) head += name + ": " + value + "\r\n";
    const bool cut = a.drop || a.unsized || a.cut_after < a.body.size();
    if (!a.drop &&
        (!peer.send_all(head + "\r\n") || (r.method != "HEAD" && !peer.send_all(a.body.substr(0, a.cut_after)))))
      return;
    if (cut) {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
  } while (how_ != manner::one_at_a_time);
}

registry_imposter::answer registry_imposter::answer_to(const request& r) {
  handler h;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(r);
    const auto found = handlers_.find(r.path.substr(0, r.path.find('?')));
    if (found != handlers_.end()) h = found->second;
  }
  return h ? h(r) : answer{404, {}, "{}"};
}

registry_imposter::published registry_imposter::publish(const std::string& layer_tar, const std::string& layer_bytes,
                                                        const std::string& media_type) {
  return publish_image("app", {{layer_bytes, sha256_of(layer_tar), media_type}});
}

registry_imposter::published registry_imposter::publish_image(const std::string& name,
                                                              const std::vector<layer>& layers) {
  std::string diff_ids, descriptors;
  const std::string blobs = "/v2/" + name + "/blobs/";
  for (const layer& l : layers) {
    diff_ids += (diff_ids.empty() ? "\"" : ",\"") + l.diff_id + "\"";
    descriptors += std::string(descriptors.empty() ? "" : ",") + R"({"mediaType":")" + l.media_type +
                   R"(","digest":")" + sha256_of(l.blob) + R"(","size":)" + std::to_string(l.blob.size()) + "}";
    on(blobs + sha256_of(l.blob), answer{200, {}, l.blob});
  }
  const std::string config =
      R"({"architecture":"amd64","os":"linux","config":{"Cmd":["true"]},"rootfs":{"type":"layers","diff_ids":[)" +
      diff_ids + "]}}";
  const std::string manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                               R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
                               sha256_of(config) + R"(","size":)" + std::to_string(config.size()) + R"(},"layers":[)" +
                               descriptors + "]}";
  published p{blobs + sha256_of(layers.front().blob), "/v2/" + name + "/manifests/latest", config};
  on(p.manifest_path, answer{200,
                             {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
                              {"Docker-Content-Digest", sha256_of(manifest)}},
                             manifest});
  on(blobs + sha256_of(config), answer{200, {}, config});
  return p;
}

}  // namespace lxr::test
