// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/puller.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <thread>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "pipeline/store/prune.hpp"
#include "tests/support/pulling.hpp"

namespace lxr::transfer {
namespace {

TEST_F(pulling, commits_layers_config_and_name) {
  registry.publish(tar, test::gzip(tar));
  const pull_result r = pull();
  const auto found = images.find(registry.host() + "/app");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, r.image_id);
  EXPECT_TRUE(images.find(r.image_id.substr(0, 12)));
  const store::image i = images.load(r.image_id);
  const std::vector<unique_fd> layers = images.open_layers(i);
  const unique_fd& layer = layers.at(0);
  EXPECT_EQ(file::read_at(layer.get(), "etc/x"), "content");
  EXPECT_EQ(file::read_at(layer.get(), "big")->size(), 3u << 20);
  EXPECT_TRUE(file::list_at(where.root_fd(), "ingest").empty());
  const std::size_t asked = registry.requests().size();
  EXPECT_EQ(pull().image_id, r.image_id);  // again: one question
  ASSERT_EQ(registry.requests().size(), asked + 1);
  EXPECT_EQ(registry.requests().back().method, "HEAD");
}

TEST_F(pulling, asks_for_a_token_where_it_is_sent_and_for_its_own_scope) {
  const auto published = registry.publish(tar, test::gzip(tar));
  const std::string challenge =
      "Bearer realm=\"http://" + registry.host() + "/token\",service=\"s\",scope=\"repository:other:push\"";
  std::atomic<int> tokens = 0;
  registry.on("/token", [&tokens](const registry_imposter::request& r) {
    ++tokens;
    EXPECT_NE(r.path.find("scope=repository%3Aapp%3Apull"), std::string::npos) << r.path;
    return registry_imposter::answer{200, {}, R"({"token":"secret"})"};
  });
  const std::string text =
      R"({"schemaVersion":2,"config":{"mediaType":"c","digest":")" + test::sha256_of(published.config) +
      R"(","size":1},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
      test::sha256_of(test::gzip(tar)) + R"(","size":)" + std::to_string(test::gzip(tar).size()) + "}]}";
  registry.on("/v2/app/manifests/latest", [&](const registry_imposter::request& r) {
    const auto auth = r.headers.find("authorization");
    if (auth == r.headers.end() || auth->second != "Bearer secret")
      return registry_imposter::answer{401, {{"WWW-Authenticate", challenge}}, ""};
    return registry_imposter::answer{200, {}, text};
  });
  EXPECT_NO_THROW(pull());
  EXPECT_EQ(tokens, 1);
}

TEST_F(pulling, registry_refusals_are_named) {
  options_of_registry.limits.attempts = 1;
  registry.on("/v2/app/manifests/latest", {404, {}, ""});
  expect_failure(errc::not_found, "404");
  registry.on("/v2/app/manifests/latest", {429, {{"Retry-After", "7"}}, ""});
  expect_failure(errc::rate_limited, "7 seconds");
  registry.on("/v2/app/manifests/latest", {500, {}, ""});
  expect_failure(errc::unavailable, "500");
  registry.on("/v2/app/manifests/latest", {401, {{"WWW-Authenticate", "Basic realm=x"}}, ""});
  expect_failure(errc::unauthorized, "401");
  registry.on("/v2/app/manifests/latest", {.hang = true});
  expect_failure(errc::timed_out, registry.host());
  registry.on("/v2/app/manifests/latest", {200, {}, std::string(5 << 20, ' ')});
  expect_failure(errc::exhausted, "larger");
  registry.on("/v2/app/manifests/latest", {307, {{"Location", "file:///etc/passwd"}}, ""});
  expect_failure(errc::protocol, "file:///etc/passwd");
}

TEST_F(pulling, wrong_content_is_refused_and_nothing_stays) {
  const std::string packed = test::gzip(tar);
  {
    const auto p = registry.publish(tar, packed);
    std::string flipped = packed;
    flipped[packed.size() / 2] ^= 1;
    registry.on(p.layer_path, {200, {}, flipped});
    expect_failure(errc::corrupt, "");
    registry.on(p.layer_path, {200, {}, packed.substr(0, packed.size() / 2)});
    expect_failure(errc::corrupt, "truncated");
    registry.on(p.layer_path, {200, {}, packed + "more"});
    expect_failure(errc::corrupt, "larger than the manifest says");
    registry.on(p.layer_path, {.body = packed, .cut_after = 100});
    expect_failure(errc::unavailable, registry.host());
    registry.on(p.layer_path, {404, {}, ""});
    expect_failure(errc::not_found, "404");
  }
  registry.publish(tar, packed.substr(0, packed.size() - 20));  // right digest, broken gzip
  expect_failure(errc::corrupt, "truncated");
  registry.publish("something else", packed);  // right digest, wrong diff-id
  expect_failure(errc::corrupt, "diff-id");
  const std::string half = tar.substr(0, tar.size() - 600'000);  // a truncated archive, honestly packed
  registry.publish(half, test::gzip(half));
  expect_failure(errc::corrupt, "truncated");
  registry.publish(tar, packed, "application/x-surprise");
  expect_failure(errc::unsupported, "application/x-surprise");
}

TEST_F(pulling, credentials_do_not_follow_a_redirect_to_another_origin) {
  registry_imposter elsewhere;
  const auto p = registry.publish(tar, test::gzip(tar));
  elsewhere.on(p.layer_path, {200, {}, test::gzip(tar)});
  registry.on(p.layer_path, [&](const registry_imposter::request& r) {
    if (!r.headers.contains("authorization")) {
      return registry_imposter::answer{
          401, {{"WWW-Authenticate", "Bearer realm=\"http://" + registry.host() + "/token\""}}, ""};
    }
    return registry_imposter::answer{307, {{"Location", "http://" + elsewhere.host() + p.layer_path}}, ""};
  });
  registry.on("/token", {200, {}, R"({"access_token":"secret"})"});
  EXPECT_NO_THROW(pull());
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  EXPECT_FALSE(elsewhere.requests()[0].headers.contains("authorization"));
}

// An image may say that its blob is the layer of another.
TEST_F(pulling, nobody_can_say_of_a_blob_what_it_does_not_hold) {
  const std::string base = tar_builder().file("base", "b").finish(), other = tar_builder().file("other", "o").finish();
  registry.publish_image("base", {{test::gzip(base), test::sha256_of(base)}});
  pull("base");
  registry.publish_image("liar", {{test::gzip(other), test::sha256_of(base)}});
  pull("liar");  // what it names is in the store: nothing is fetched, and nothing learnt about its blob
  registry.publish_image("honest", {{test::gzip(other), test::sha256_of(other)}});
  const store::image i = images.load(pull("honest").image_id);
  const auto layers = images.open_layers(i);
  EXPECT_EQ(file::read_at(layers.at(0).get(), "other"), "o");
}

TEST_F(pulling, one_blob_with_two_diff_ids_is_refused) {
  const std::string blob = test::gzip(tar);
  registry.publish_image("app", {{blob, test::sha256_of(tar)}, {blob, test::sha256_of("something else")}});
  expect_failure(errc::corrupt, "two diff-ids");
}

TEST_F(pulling, the_same_layer_twice_is_fetched_once) {
  driver = layer::store_driver::erofs;
  const std::string blob = test::gzip(tar);
  const auto p = registry.publish_image("app", {{blob, test::sha256_of(tar)}, {blob, test::sha256_of(tar)}});
  const store::image i = images.load(pull().image_id);
  EXPECT_EQ(images.open_layers(i).size(), 1u);
  int asked = 0;
  for (const auto& r : registry.requests()) asked += r.path == p.layer_path;
  EXPECT_EQ(asked, 1);
}

TEST_F(pulling, takes_the_place_of_what_is_damaged) {
  registry.publish(tar, test::gzip(tar));
  const std::string id = pull().image_id;
  file::replace_at(where.root_fd(), "images/" + id + "/config.json", "");
  pull();
  EXPECT_EQ(images.load(id).id, id);
  for (const std::string& ref : file::list_at(where.root_fd(), "refs"))
    file::replace_at(where.root_fd(), "refs/" + ref, "");
  ASSERT_EQ(images.name_files().size(), 1u);
  EXPECT_THROW((void)images.read_name(images.name_files().front()), error);
  EXPECT_FALSE(images.list().at(0).is_named());
  pull();
  EXPECT_TRUE(images.find(registry.host() + "/app"));
}

TEST_F(pulling, a_commit_that_fails_halfway_takes_back_what_it_made) {
  registry.publish(tar, test::gzip(tar));
  pull();
  const std::string ref = file::list_at(where.root_fd(), "refs").at(0),
                    kept = file::list_at(where.root_fd(), "layers").at(0);
  ::unlinkat(where.root_fd(), ("refs/" + ref).c_str(), 0);
  file::make_directory_at(where.root_fd(), "refs/" + ref);  // where its name is to be
  file::make_directory_at(where.root_fd(), "refs/" + ref + "/taken");
  EXPECT_THROW(pull(), error);
  EXPECT_EQ(file::list_at(where.root_fd(), "images").size(), 1u);  // it was there before
  const std::string other = tar_builder().file("other", "o").finish();
  registry.publish_image("app", {{test::gzip(tar), test::sha256_of(tar)}, {test::gzip(other), test::sha256_of(other)}});
  EXPECT_THROW(pull(), error);
  EXPECT_EQ(file::list_at(where.root_fd(), "images").size(), 1u);
  const auto layers = file::list_at(where.root_fd(), "layers");  // what is whole stays, for the next pull
  EXPECT_EQ(layers.size(), 2u);
  EXPECT_NE(std::ranges::find(layers, kept), layers.end());
  EXPECT_EQ(file::list_at(where.root_fd(), "blobs").size(), 2u);
  for (const char* place : {"ingest", "trash"}) EXPECT_TRUE(file::list_at(where.root_fd(), place).empty()) << place;
}

// An image that is there is kept: a container may look through its top layer.
TEST_F(pulling, two_pulls_at_once_commit_one_image) {
  const std::string base = tar_builder().directory("run", 0711).finish(),
                    top = tar_builder().file("run/app.pid", "1").finish();
  registry.publish_image("app", {{test::gzip(base), test::sha256_of(base)}, {test::gzip(top), test::sha256_of(top)}});
  asio::io_context loop;
  worker_pool pool(2);
  const auto backend = io::file::select_backend(loop.get_executor(), pool);
  no_events events;
  io::http::client http(loop.get_executor(), {});
  block_pool blocks(4 * layers_at_once, plain_block_size);
  const oci::reference name = oci::reference::parse(registry.host() + "/app");
  const auto one = make_registry_source(http, name, options_of_registry),
             other = make_registry_source(http, name, options_of_registry);
  unique_fd first;  // the top layer as soon as there is one
  pull_tools tools{images, driver, safety, pool, blocks, *backend, events, limits};
  const auto both = [&]() -> task<void> {
    task_scope scope(co_await asio::this_coro::executor);
    const auto pull_one = [&](source& from) -> task<void> {
      auto whole = pull_image(tools, from, name, "amd64");
      const pull_result r = co_await std::move(whole);
      if (!first) first = file::open_at(where.root_fd(), "images/" + r.image_id + "/root", O_RDONLY | O_DIRECTORY);
    };
    scope.spawn(pull_one(*one));
    scope.spawn(pull_one(*other));
    co_await scope.join();
  };
  run(loop, both());
  std::map<std::string, int> asked;  // issue 11, 2.2: each layer is fetched once
  for (const auto& r : registry.requests()) ++asked[r.path];
  for (const std::string& layer : {base, top})
    EXPECT_EQ(asked["/v2/app/blobs/" + test::sha256_of(test::gzip(layer))], 1);
  struct stat before{}, now{};
  ASSERT_EQ(::fstat(first.get(), &before), 0);
  ASSERT_EQ(::fstatat(where.root_fd(), ("images/" + images.ids().at(0) + "/root").c_str(), &now, 0), 0);
  EXPECT_EQ(before.st_ino, now.st_ino);
  EXPECT_EQ(file::list_at(first.get(), "."), std::vector<std::string>{"run"});
  for (const char* place : {"ingest", "trash"}) EXPECT_TRUE(file::list_at(where.root_fd(), place).empty()) << place;
}

// Issue 11, 2.2: what was finished is not thrown away.
TEST_F(pulling, a_layer_that_is_done_stays_when_another_fails) {
  for (const layer::store_driver each : {layer::store_driver::directories, layer::store_driver::erofs}) {
    driver = each;
    const std::string good = tar_builder().file("good", "g").finish(), bad = tar_builder().file("bad", "b").finish();
    registry.publish_image("app", {{test::gzip(good), test::sha256_of(good)}, {test::gzip(bad), test::sha256_of(bad)}});
    const std::string bad_path = "/v2/app/blobs/" + test::sha256_of(test::gzip(bad)),
                      good_path = "/v2/app/blobs/" + test::sha256_of(test::gzip(good));
    registry.on(bad_path, [&](const registry_imposter::request&) {
      while (!images.has_layer(oci::digest::parse(test::sha256_of(good)))) std::this_thread::yield();
      return registry_imposter::answer{404, {}, ""};
    });
    EXPECT_THROW(pull(), error);
    EXPECT_TRUE(file::list_at(where.root_fd(), "ingest").empty());
    registry.on(bad_path, {200, {}, test::gzip(bad)});
    registry.on(good_path, {404, {}, ""});  // not asked for again
    EXPECT_EQ(images.open_layers(images.load(pull().image_id)).empty(), false);
    store::prune(where, true);
    EXPECT_TRUE(file::list_at(where.root_fd(), "layers").empty());
  }
}

TEST_F(pulling, a_prune_leaves_the_layers_of_a_pull_in_progress) {
  const std::string first = tar_builder().file("first", "1").finish(),
                    second = tar_builder().file("second", "2").finish();
  registry.publish_image("app",
                         {{test::gzip(first), test::sha256_of(first)}, {test::gzip(second), test::sha256_of(second)}});
  std::atomic<int> asked = 0;
  registry.on("/v2/app/blobs/" + test::sha256_of(test::gzip(first)), [&](const registry_imposter::request&) {
    ++asked;
    return registry_imposter::answer{200, {}, test::gzip(first)};
  });
  registry.on("/v2/app/blobs/" + test::sha256_of(test::gzip(second)), [&](const registry_imposter::request&) {
    while (!images.has_layer(oci::digest::parse(test::sha256_of(first)))) std::this_thread::yield();
    store::prune(where, true);
    return registry_imposter::answer{200, {}, test::gzip(second)};
  });
  EXPECT_NO_THROW(pull());
  EXPECT_EQ(asked, 1);
}

TEST_F(pulling, what_was_pulled_without_syncing_is_synced_by_a_pull_that_is_durable) {
  registry.publish(tar, test::gzip(tar));
  const auto unsynced = [&] {  // layers and images
    int marked = 0;
    for (const char* kind : {"layers", "images"}) {
      for (const std::string& name : file::list_at(where.root_fd(), kind))
        marked += file::read_at(where.root_fd(), std::string(kind) + "/" + name + "/unsynced").has_value() ? 1 : 0;
    }
    return marked;
  };
  safety = layer::durability::none;
  pull();
  EXPECT_EQ(unsynced(), 2);
  pull();
  EXPECT_EQ(unsynced(), 2);
  safety = layer::durability::full;
  pull();  // the same image
  EXPECT_EQ(unsynced(), 0);
  const std::string other = tar_builder().file("other", "o").finish(),
                    third = tar_builder().file("third", "3").finish();
  safety = layer::durability::none;
  registry.publish_image("one", {{test::gzip(other), test::sha256_of(other)}});
  pull("one");
  EXPECT_EQ(unsynced(), 2);
  safety = layer::durability::full;
  registry.publish_image("two",
                         {{test::gzip(other), test::sha256_of(other)}, {test::gzip(third), test::sha256_of(third)}});
  pull("two");               // one of its layers
  EXPECT_EQ(unsynced(), 1);  // the other image
  pull("one");
  EXPECT_EQ(unsynced(), 0);
}

TEST_F(pulling, what_cannot_be_indexed_is_stored_as_files) {
  driver = layer::store_driver::erofs;
  tar_builder b;
  b.add({.path = "odd",
         .content = std::string(600, 'o'),
         .pax = {{"GNU.sparse.size", "5000"}, {"GNU.sparse.map", "100,600"}}});
  const std::string odd = b.finish();
  registry.publish_image("app", {{test::gzip(tar), test::sha256_of(tar)}, {test::gzip(odd), test::sha256_of(odd)}});
  const store::image i = images.load(pull().image_id);
  const auto layers = images.open_layers(i);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(file::read_at(layers.at(0).get(), "odd"),
            std::string(100, '\0') + std::string(600, 'o') + std::string(4300, '\0'));
  EXPECT_EQ(file::read_at(layers.at(1).get(), "etc/x"), "content");
}

TEST_F(pulling, a_small_blob_does_not_unpack_to_more_than_allowed) {
  const std::string zeros = tar_builder().file("zeros", std::string(8u << 20, '\0')).finish();
  tar_builder many;
  for (int i = 0; i < 2000; ++i) many.file("f" + std::to_string(i), "");
  for (const layer::store_driver each : {layer::store_driver::directories, layer::store_driver::erofs}) {
    driver = each;
    limits = {4u << 20, 1000};
    registry.publish(zeros, test::gzip(zeros));
    expect_failure(errc::exhausted, "LXR_LAYER_MAX_BYTES");
    registry.publish(many.finish(), test::gzip(many.finish()));
    expect_failure(errc::exhausted, "LXR_LAYER_MAX_FILES");
  }
}

// Issue 11, 2.9: the system of a config is compared, and other tools' words for processors are understood.
TEST_F(pulling, images_for_another_system_are_refused) {
  for (const auto& [platform, fits] :
       std::initializer_list<std::pair<std::string, bool>>{{R"("os":"windows","architecture":"amd64")", false},
                                                           {R"("os":"linux","architecture":"arm64")", false},
                                                           {R"("os":"linux","architecture":"x86_64")", true},
                                                           {R"("x":1)", true}}) {
    const auto p = registry.publish(tar, test::gzip(tar));
    const std::string config = "{" + platform + p.config.substr(p.config.find(R"(,"config")"));
    std::string manifest = registry.answer_to({"GET", p.manifest_path, {}}).body;
    manifest.replace(manifest.find(test::sha256_of(p.config)), 71, test::sha256_of(config));
    registry.on(p.manifest_path, {200, {}, manifest});
    registry.on("/v2/app/blobs/" + test::sha256_of(config), {200, {}, config});
    if (!fits) {
      expect_failure(errc::not_found, "not linux/amd64");
    } else {
      EXPECT_NO_THROW(pull()) << platform;
      store::prune(where, true);
    }
  }
}

// The registry goes away after any byte; nothing stays, and the next pull has it all.
TEST_F(pulling, a_transfer_cut_anywhere_leaves_nothing) {
  const std::string packed = test::gzip(tar);
  std::mt19937 dice(4);
  for (int round = 0; round < 30; ++round) {
    driver = round % 2 == 0 ? layer::store_driver::erofs : layer::store_driver::directories;
    const auto p = registry.publish(tar, packed);
    registry.on(p.layer_path, {.body = packed, .cut_after = round == 0 ? packed.size() - 1 : dice() % packed.size()});
    expect_failure(errc::unavailable, "");
  }
  registry.publish(tar, packed);
  EXPECT_NO_THROW(pull());
}

// Honestly packed and hashed, but the tar ends anywhere.
TEST_F(pulling, a_tar_that_ends_anywhere_leaves_nothing) {
  std::mt19937 dice(5);
  for (int round = 0; round < 20; ++round) {
    driver = round % 2 == 0 ? layer::store_driver::erofs : layer::store_driver::directories;
    const std::string part = tar.substr(0, 1 + dice() % (tar.size() - 2048));
    if (part.size() % 512 == 0) continue;
    registry.publish(part, test::gzip(part));
    expect_failure(errc::corrupt, "truncated");
  }
}

TEST_F(pulling, what_a_dead_pull_left_is_swept_and_the_living_are_not) {
  const store::image_store::staging living = images.begin();
  file::make_directory_at(where.root_fd(), "ingest/dead");
  file::replace_at(where.root_fd(), "ingest/dead/half", "x");
  images.sweep();
  EXPECT_EQ(file::list_at(where.root_fd(), "ingest").size(), 1u);
  images.discard(living);
}

}  // namespace
}  // namespace lxr::transfer
