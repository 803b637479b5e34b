#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "pipeline/image/challenge.hpp"
#include "pipeline/image/source.hpp"

namespace lxr::image {
namespace {

using io::http::client;
using io::http::request;
using io::http::response;

class response_stream final : public blob_stream {
 public:
  explicit response_stream(std::unique_ptr<response> r) : response_(std::move(r)) {}
  task<std::optional<byte_block>> read() override { return response_->read(); }

 private:
  std::unique_ptr<response> response_;
};

// "https://host:port" of a URL.
std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  return url.substr(0, scheme == std::string::npos ? 0 : url.find('/', scheme + 3));
}

class registry_source final : public source {
 public:
  registry_source(client& http, oci::reference name, bool plain_http)
      : http_(http), name_(std::move(name)), plain_(plain_http || name_.is_loopback()) {
    const std::string host = name_.host == "docker.io" ? "registry-1.docker.io" : name_.host;
    base_ = (plain_ ? "http://" : "https://") + host + "/v2/" + name_.repository;
  }

  // A HEAD: registries that limit how often one may pull do not count it.
  task<oci::digest> probe() override {
    auto asking = perform({.url = manifest_url(named()), .headers = {accepted()}, .head = true}, "manifest of " + name_.familiar());
    const std::unique_ptr<response> r = co_await std::move(asking);
    const std::string said = r->header("docker-content-digest");
    co_return said.starts_with("sha256:") ? oci::digest::parse(said) : oci::digest();
  }

  task<raw_manifest> top() override {
    constexpr std::size_t usual_layers = 3;  // beside one request that takes the connection of this one
    auto fetched = fetch_manifest(named(), "manifest of " + name_.familiar(), usual_layers);
    raw_manifest m = co_await std::move(fetched);
    if (!name_.content.empty() && m.content != name_.content) wrong_digest(name_.content, m.content);
    co_return m;
  }

  task<raw_manifest> manifest(oci::descriptor which) override {
    auto fetched = fetch_manifest(which.content.str(), "manifest " + which.content.str());
    raw_manifest m = co_await std::move(fetched);
    if (m.content != which.content) wrong_digest(which.content, m.content);
    co_return m;
  }

  task<std::unique_ptr<blob_stream>> blob(oci::descriptor which) override {
    auto getting = perform({.url = base_ + "/blobs/" + which.content.str()}, "blob " + which.content.str());
    std::unique_ptr<response> r = co_await std::move(getting);
    co_return std::make_unique<response_stream>(std::move(r));
  }

 private:
  [[noreturn]] void wrong_digest(const oci::digest& wanted, const oci::digest& got) const {
    throw error(errc::corrupt, "pull", name_.familiar(), "the manifest has digest " + got.str() + " instead of " + wanted.str());
  }

  [[nodiscard]] std::string named() const { return name_.content.empty() ? name_.tag : name_.content.str(); }
  [[nodiscard]] std::string manifest_url(const std::string& which) const { return base_ + "/manifests/" + which; }
  static std::string accepted() { return "Accept: " + std::string(oci::accepted_manifest_types()); }

  task<raw_manifest> fetch_manifest(std::string which, std::string subject, std::size_t followed_by = 0) {
    auto getting = perform({.url = manifest_url(which), .headers = {accepted()}, .followed_by = followed_by}, subject);
    const std::unique_ptr<response> r = co_await std::move(getting);
    std::string text = co_await r->read_all(oci::manifest_limit);
    const oci::digest content = digest_of(text);
    const std::string said = r->header("docker-content-digest");
    if (!said.empty() && said.starts_with("sha256:") && said != content.str()) wrong_digest(oci::digest::parse(said), content);
    co_return raw_manifest{std::move(text), content};
  }

  // One request, with at most one round for a token, following redirects. Credentials stay at the registry's own origin.
  task<std::unique_ptr<response>> perform(request what, std::string subject) {
    constexpr int redirects = 5;
    std::string url = what.url;
    const std::string home = origin_of(url);
    bool asked = false;
    for (int hop = 0; hop <= redirects;) {
      request r = what;
      r.url = url;
      if (!token_.empty() && origin_of(url) == home) r.headers.push_back("Authorization: Bearer " + token_);
      auto getting = http_.perform(std::move(r));
      std::unique_ptr<response> answer = co_await std::move(getting);
      const int status = answer->status();
      if (status == 200) co_return answer;
      if (status == 401 && !asked && origin_of(url) == home) {
        asked = true;
        const std::string challenge = answer->header("www-authenticate");
        answer.reset();
        auto fetching = fetch_token(challenge);
        co_await std::move(fetching);
      } else if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
        url = redirect_target(url, answer->header("location"));
        ++hop;
      } else {
        refuse(status, *answer, subject);
      }
    }
    throw error(errc::protocol, "pull", subject, "the registry redirects more than 5 times");
  }

  std::string redirect_target(const std::string& from, const std::string& location) const {
    if (location.starts_with("/")) return origin_of(from) + location;
    const bool https = location.starts_with("https://");
    if (!https && !location.starts_with("http://")) throw error(errc::protocol, "follow redirect of", from, "to \"" + location + '"');
    if (!https && from.starts_with("https://")) {
      throw error(errc::protocol, "follow redirect of", from, "it leads from https to http, to " + origin_of(location));
    }
    return location;
  }

  task<void> fetch_token(std::string header) {
    const auto challenge = parse_challenge(header);
    if (!challenge || challenge->realm.empty()) unauthorized();
    const bool https = challenge->realm.starts_with("https://");
    if (!https && !(plain_ && challenge->realm.starts_with("http://"))) {
      throw error(errc::protocol, "get a token from", challenge->realm, "it is not an https URL");
    }
    request r{.url = token_url(*challenge, "repository:" + name_.repository + ":pull")};
    auto getting = http_.perform(std::move(r));
    const std::unique_ptr<response> answer = co_await std::move(getting);
    if (answer->status() == 401 || answer->status() == 403) unauthorized();
    if (answer->status() != 200) refuse(answer->status(), *answer, "token");
    const std::string text = co_await answer->read_all(1u << 20);
    const json::object o = json::parse_object(text, "token answer of " + challenge->realm);
    token_ = json::get_string(o, "token", json::get_string(o, "access_token"));
    if (token_.empty() || std::ranges::any_of(token_, [](unsigned char c) { return c <= ' ' || c == 127; })) {
      throw error(errc::protocol, "get a token from", challenge->realm, "the answer holds none");
    }
  }

  [[noreturn]] void unauthorized() const {
    throw error(errc::unauthorized, "pull", name_.familiar(), name_.host + " asks for credentials (401)",
                "lxr pulls anonymously; is the name right, and the image public?");
  }

  [[noreturn]] void refuse(int status, const response& answer, const std::string& subject) const {
    const std::string answered = name_.host + " answered " + std::to_string(status);
    if (status == 401 || status == 403) unauthorized();
    if (status == 404) throw error(errc::not_found, "pull", name_.familiar(), subject + ": " + answered, "is the name and the tag right?");
    if (status == 429) {
      const std::string wait = answer.header("retry-after");
      throw error(errc::rate_limited, "pull", name_.familiar(), answered + ": too many requests",
                  wait.empty() ? "try again later" : "try again in " + wait + " seconds");
    }
    if (status >= 500) throw error(errc::unavailable, "pull", name_.familiar(), subject + ": " + answered, "the registry has a problem; try again later");
    throw error(errc::protocol, "pull", name_.familiar(), subject + ": " + answered);
  }

  client& http_;
  oci::reference name_;
  bool plain_;
  std::string base_, token_;
};

}  // namespace

std::unique_ptr<source> make_registry_source(client& http, oci::reference name, bool plain_http) {
  return std::make_unique<registry_source>(http, std::move(name), plain_http);
}

}  // namespace lxr::image
