// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ssl_ctx_st;

namespace lxr::test {

// A loopback HTTP server that plays a registry and records what it is asked. Port 0: every test has its own.
class registry_imposter {
 public:
  struct answer {
    int status = 200;
    std::multimap<std::string, std::string> headers;
    std::string body;
    std::size_t cut_after = std::string::npos;  // close the connection after so many bytes of the body
    bool hang = false;                          // send nothing, keep the connection open
    bool drop = false;                          // send nothing, close it
    bool unsized = false;                       // no Content-Length: the body ends with the connection
  };
  struct request {
    std::string method, path;
    std::map<std::string, std::string> headers;  // lower-case names
  };
  using handler = std::function<answer(const request&)>;

  // `one_at_a_time`: takes a connection only once the one before is closed, which it is after its first answer;
  // `one_kept`: which it is when the other side closes it.
  // `tls`: with a certificate of its own making for 127.0.0.1 and localhost.
  enum class manner { usual, one_at_a_time, one_kept, tls };

  explicit registry_imposter(manner how = manner::usual);
  ~registry_imposter();
  registry_imposter(const registry_imposter&) = delete;
  registry_imposter& operator=(const registry_imposter&) = delete;

  void on(const std::string& path, handler h);
  void on(const std::string& path, answer a) {
    on(path, [a](const request&) { return a; });
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& certificate() const { return certificate_; }  // PEM, of tls
  [[nodiscard]] std::string certificate_hash() const;  // of its subject: how OpenSSL names its file in a directory
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<request> requests();
  [[nodiscard]] std::size_t connections();  // accepted so far
  // What it answers, and remembers that it was asked.
  answer answer_to(const request& r);

  // Serves an image of one layer under "app:latest"; returns the digest of the layer as sent.
  struct published {
    std::string layer_path, manifest_path, config;
  };
  published publish(const std::string& layer_tar, const std::string& layer_bytes,
                    const std::string& media_type = "application/vnd.oci.image.layer.v1.tar+gzip");

  // The same for an image of several layers under NAME:latest. Diff-ids are what the config is to say, true or not.
  struct layer {
    std::string blob, diff_id;
    std::string media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
  };
  published publish_image(const std::string& name, const std::vector<layer>& layers);

 private:
  void accept_loop();
  void serve(int connection);
  manner how_;
  std::string certificate_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::map<std::string, handler> handlers_;
  std::vector<request> requests_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

std::string sha256_of(const std::string& bytes);

// What a registry with Range requests answers for a blob.
registry_imposter::answer ranged(const registry_imposter::request& r, const std::string& blob);

}  // namespace lxr::test
