// SPDX-License-Identifier: Apache-2.0
// How pulls bear with registries: issue 11, 2.2 and 2.4 to 2.8.
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "pipeline/store/prune.hpp"
#include "tests/support/pulling.hpp"

namespace lxr::transfer {
namespace {

using answer = registry_imposter::answer;
using asked = registry_imposter::request;

std::string noise(std::size_t size) {
  std::mt19937 dice(3);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(dice());
  return out;
}

struct registries : pulling {
  std::string layer = tar_builder().file("noise", noise(3 << 20)).finish(), packed = test::gzip(layer);

  // How often a path was asked for.
  int count(const std::string& path) {
    int n = 0;
    for (const auto& r : registry.requests()) n += r.path.substr(0, r.path.find('?')) == path ? 1 : 0;
    return n;
  }
  // Answers `first` the first `times` it is asked, then what was there.
  void fail_first(const std::string& path, int times, answer first, answer then) {
    auto left = std::make_shared<std::atomic<int>>(times);
    registry.on(path, [left, first, then](const asked&) { return (*left)-- > 0 ? first : then; });
  }
  answer manifest_of(const registry_imposter::published& p) { return registry.answer_to({"GET", p.manifest_path, {}}); }
};

TEST_F(registries, an_answer_that_passes_is_waited_out) {
  options_of_registry.limits.attempts = 5;
  const auto p = registry.publish(layer, packed);
  const answer manifest = manifest_of(p);
  for (const answer& trouble : {answer{500, {}, ""}, answer{502, {}, ""}, answer{503, {}, ""}, answer{504, {}, ""},
                                answer{429, {}, ""}, answer{.drop = true}}) {
    fail_first(p.manifest_path, 2, trouble, manifest);
    fail_first(p.layer_path, 3, trouble, {200, {}, packed});
    fail_first("/v2/app/blobs/" + test::sha256_of(p.config), 1, trouble, {200, {}, p.config});
    EXPECT_NO_THROW(pull()) << trouble.status;
    store::prune(where, true);
  }
}

TEST_F(registries, what_cannot_pass_is_asked_once) {
  const auto p = registry.publish(layer, packed);
  for (const int status : {400, 403, 404, 410, 451}) {
    registry.on(p.manifest_path, answer{status, {}, R"({"errors":[{"code":"X","message":"because of it"}]})"});
    const int before = count(p.manifest_path);
    expect_failure(status == 404   ? errc::not_found
                   : status == 403 ? errc::unauthorized
                                   : errc::protocol,
                   std::to_string(status));
    // 400 on loopback: the server may want TLS, which is tried on another connection
    EXPECT_EQ(count(p.manifest_path), before + 1) << status;
    expect_failure(status == 404   ? errc::not_found
                   : status == 403 ? errc::unauthorized
                                   : errc::protocol,
                   "because of it");
  }
}

TEST_F(registries, retry_after_is_honoured) {
  const auto p = registry.publish(layer, packed);
  fail_first(p.layer_path, 1, {429, {{"Retry-After", "1"}}, ""}, {200, {}, packed});
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::string> notices;
  options_of_registry.notice = [&](const std::string& text) { notices.push_back(text); };
  pull();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("trying again in 1 s"), std::string::npos) << notices[0];
}

TEST_F(registries, a_retry_after_with_a_date_is_told_in_seconds) {
  const std::time_t later = std::time(nullptr) + 7200;
  char date[64];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&later));
  registry.on("/v2/app/manifests/latest", {429, {{"Retry-After", date}}, ""});
  try {
    pull();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.remedy().find("try again in 7"), 0u) << e.what();  // 7200 or a little less
    EXPECT_EQ(e.remedy().find("GMT"), std::string::npos) << e.what();
  }
  EXPECT_EQ(count("/v2/app/manifests/latest"), 1);
}

// Cut again and again, also in the middle of a gzip block: the layer goes on where it ended, and nothing is sent twice.
TEST_F(registries, a_blob_goes_on_by_range) {
  const auto p = registry.publish(layer, packed);
  std::atomic<std::size_t> sent = 0;
  registry.on(p.layer_path, [&](const asked& r) {
    answer a = test::ranged(r, packed);
    a.cut_after = std::min<std::size_t>(a.body.size(), 700'000);
    sent += a.cut_after;
    return a;
  });
  pull();
  EXPECT_EQ(count(p.layer_path), static_cast<int>(packed.size() / 700'000 + 1));
  EXPECT_EQ(sent, packed.size());
}

TEST_F(registries, a_blob_goes_on_where_ranges_are_not_known_and_lengths_not_told) {
  options_of_registry.limits.attempts = 6;
  const auto p = registry.publish(layer, packed);
  std::atomic<std::size_t> end = 0;
  registry.on(p.layer_path,
              [&](const asked&) { return answer{.body = packed.substr(0, end += 1'000'000), .unsized = true}; });
  EXPECT_NO_THROW(pull());
}

TEST_F(registries, a_partial_answer_that_leaves_something_out_is_refused) {
  const auto p = registry.publish(layer, packed);
  registry.on(p.layer_path, [&](const asked& r) {
    if (!r.headers.contains("range")) return answer{.body = packed, .cut_after = 100'000};
    return answer{
        206,
        {{"Content-Range", "bytes 200000-" + std::to_string(packed.size() - 1) + "/" + std::to_string(packed.size())}},
        packed.substr(200'000)};
  });
  expect_failure(errc::protocol, "leaves a part of it out");
}

// A registry that bears two requests at once and says so to the third.
TEST_F(registries, an_overloaded_registry_is_asked_for_less_at_once) {
  options_of_registry.limits = {.attempts = 12, .first_delay = std::chrono::milliseconds(10)};
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 12; ++i) {
    const std::string t = tar_builder().file("f" + std::to_string(i), noise(200'000)).finish();
    layers.push_back({test::gzip(t), test::sha256_of(t)});
  }
  registry.publish_image("app", layers);
  std::mutex m;
  int inside = 0;
  for (const auto& l : layers) {
    registry.on("/v2/app/blobs/" + test::sha256_of(l.blob), [&, l](const asked&) {
      {
        const std::lock_guard lock(m);
        if (inside >= 2) return answer{503, {}, ""};
        ++inside;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the work of a slow disk
      const std::lock_guard lock(m);
      --inside;
      return answer{200, {}, l.blob};
    });
  }
  EXPECT_NO_THROW(pull());
}

TEST_F(registries, no_more_layers_at_once_than_asked_for) {
  options_of_registry.parallel = 2;
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 8; ++i) {
    const std::string t = tar_builder().file("f" + std::to_string(i), noise(300'000)).finish();
    layers.push_back({test::gzip(t), test::sha256_of(t)});
  }
  registry.publish_image("app", layers);
  std::atomic<int> inside = 0, most = 0;
  for (const auto& l : layers) {
    registry.on("/v2/app/blobs/" + test::sha256_of(l.blob), [&, l](const asked&) {
      const int now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --inside;
      return answer{200, {}, l.blob};
    });
  }
  pull();
  EXPECT_LE(most, 2);
}

// With one at a time neither the config nor a connection that is kept is beside a layer.
TEST_F(registries, one_at_a_time_is_what_it_says) {
  options_of_registry.parallel = 1;
  options_of_registry.limits.attempts = 1;
  const auto p =
      registry.publish_image("app", {{packed, test::sha256_of(layer)}, {test::gzip(tar), test::sha256_of(tar)}});
  std::atomic<int> inside = 0, most = 0;
  const auto watched = [&](const std::string& body) {
    return [&, body](const asked&) {
      most = std::max<int>(most, ++inside);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --inside;
      return answer{200, {}, body};
    };
  };
  registry.on("/v2/app/blobs/" + test::sha256_of(p.config), watched(p.config));
  registry.on("/v2/app/blobs/" + test::sha256_of(packed), watched(packed));
  registry.on("/v2/app/blobs/" + test::sha256_of(test::gzip(tar)), watched(test::gzip(tar)));
  pull();
  EXPECT_EQ(most, 1);
}

// Issue 11, 2.4.
TEST_F(registries, a_bearer_challenge_is_found_among_others) {
  const auto p = registry.publish(layer, packed);
  const answer manifest = manifest_of(p);
  const std::string bearer = "Bearer realm=\"http://" + registry.host() + "/token\",service=\"s\"";
  registry.on("/token", {200, {}, R"({"token":"secret"})"});
  const std::multimap<std::string, std::string> forms[] = {
      {{"WWW-Authenticate", "Basic realm=\"git\""}, {"WWW-Authenticate", bearer}},
      {{"WWW-Authenticate", bearer}, {"WWW-Authenticate", "Basic realm=\"git\""}},
      {{"WWW-Authenticate", "Basic realm=\"git\", " + bearer}}};
  for (const auto& headers : forms) {
    registry.on(p.manifest_path, [&](const asked& r) {
      return r.headers.contains("authorization") ? manifest : answer{401, headers, ""};
    });
    EXPECT_NO_THROW(pull());
    store::prune(where, true);
  }
}

// Many requests find at once that their token has expired: it is fetched anew once.
TEST_F(registries, a_token_that_expires_is_renewed_once) {
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 6; ++i) {
    const std::string t = tar_builder().file("f" + std::to_string(i), "x").finish();
    layers.push_back({test::gzip(t), test::sha256_of(t)});
  }
  const auto p = registry.publish_image("app", layers);
  const answer manifest = manifest_of(p);
  std::atomic<int> tokens = 0;
  registry.on("/token",
              [&](const asked&) { return answer{200, {}, R"({"token":"t)" + std::to_string(++tokens) + "\"}"}; });
  const auto guarded = [&](const std::string& token, const answer& then) {
    return [&, token, then](const asked& r) {
      const auto got = r.headers.find("authorization");
      return got != r.headers.end() && got->second == "Bearer " + token
                 ? then
                 : answer{401, {{"WWW-Authenticate", "Bearer realm=\"http://" + registry.host() + "/token\""}}, ""};
    };
  };
  registry.on(p.manifest_path, guarded("t1", manifest));
  for (const auto& l : layers)
    registry.on("/v2/app/blobs/" + test::sha256_of(l.blob), guarded("t2", {200, {}, l.blob}));
  registry.on("/v2/app/blobs/" + test::sha256_of(p.config), guarded("t2", {200, {}, p.config}));
  EXPECT_NO_THROW(pull());
  EXPECT_EQ(tokens, 2);
}

// Issue 11, 2.6.
TEST_F(registries, a_head_that_is_refused_is_no_failure) {
  const auto p = registry.publish(layer, packed);
  const answer manifest = manifest_of(p);
  const std::string id = pull().image_id;
  for (const answer& refused :
       {answer{405, {}, ""}, answer{404, {}, ""}, answer{500, {}, ""}, answer{403, {}, ""}, answer{.drop = true}}) {
    registry.on(p.manifest_path, [&](const asked& r) { return r.method == "HEAD" ? refused : manifest; });
    const int layers_before = count(p.layer_path);
    EXPECT_EQ(pull().image_id, id) << refused.status;
    EXPECT_EQ(count(p.layer_path), layers_before);
  }
}

TEST_F(registries, a_digest_header_that_is_none_says_nothing) {
  const auto p = registry.publish(layer, packed);
  answer manifest = manifest_of(p);
  for (const char* said : {"sha256:short", "sha256:", "latest", "sha512:00", ""}) {
    manifest.headers.erase("Docker-Content-Digest");
    manifest.headers.emplace("Docker-Content-Digest", said);
    registry.on(p.manifest_path, manifest);
    EXPECT_NO_THROW(pull()) << said;
    EXPECT_NO_THROW(pull()) << said;
  }
}

// Issue 11, 2.7: a registry on loopback speaks TLS, with any certificate, or does not.
TEST_F(registries, loopback_may_speak_tls) {
  registry_imposter with_tls(registry_imposter::manner::tls);
  with_tls.publish(layer, packed);
  for (const std::string& name : {with_tls.host(), "localhost:" + std::to_string(with_tls.port())}) {
    host = name;
    EXPECT_NO_THROW(pull()) << name;
  }
  const auto asked_for = with_tls.requests().size();
  EXPECT_GE(asked_for, 4u);
  host = registry.host();  // and in clear
  registry.publish(layer, packed);
  EXPECT_NO_THROW(pull());
}

// Issue 11, 2.8.
TEST_F(registries, redirects_of_every_form_are_followed) {
  registry_imposter elsewhere;
  const auto p = registry.publish(layer, packed);
  const std::string blob = p.layer_path.substr(p.layer_path.rfind('/') + 1);
  elsewhere.on("/cdn/x", {200, {}, packed});
  registry.on("/v2/app/blobs/cdn", {200, {}, packed});
  for (const std::string& location :
       {"//" + elsewhere.host() + "/cdn/x", "HTTP://" + elsewhere.host() + "/cdn/x", std::string("../blobs/cdn"),
        std::string("cdn"), std::string("/v2/app/blobs/cdn")}) {
    registry.on(p.layer_path, {307, {{"Location", location}}, ""});
    EXPECT_NO_THROW(pull()) << location;
    store::prune(where, true);
  }
}

// Security case 51: where a redirect leads, nobody gets a token by asking for one.
TEST_F(registries, a_redirect_target_that_wants_a_token_gets_none) {
  registry_imposter elsewhere;
  const auto p = registry.publish(layer, packed);
  registry.on(p.layer_path, {307, {{"Location", "http://" + elsewhere.host() + "/x"}}, ""});
  elsewhere.on("/x", {401, {{"WWW-Authenticate", "Bearer realm=\"http://" + elsewhere.host() + "/token\""}}, ""});
  expect_failure(errc::unauthorized, "401");
  for (const auto& r : elsewhere.requests()) {
    EXPECT_EQ(r.path, "/x");
    EXPECT_FALSE(r.headers.contains("authorization"));
  }
}

// Issue 11, 2.5: idle connections must not stand before the one that asks.
TEST_F(registries, a_server_that_takes_one_connection_at_a_time_is_no_obstacle) {
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 5; ++i) {
    const std::string t = tar_builder().file("f" + std::to_string(i), "x").finish();
    layers.push_back({test::gzip(t), test::sha256_of(t)});
  }
  options_of_registry.limits.attempts = 1;
  for (const auto manner : {registry_imposter::manner::one_at_a_time, registry_imposter::manner::one_kept}) {
    registry_imposter serial(manner);
    host = serial.host();
    serial.publish_image("app", layers);
    EXPECT_NO_THROW(pull());
    store::prune(where, true);
  }
}

}  // namespace
}  // namespace lxr::transfer
