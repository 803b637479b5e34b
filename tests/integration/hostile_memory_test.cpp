// SPDX-License-Identifier: Apache-2.0
// Small images that unpack to much memory, disk or time (issue 11, 2.3; security-cases.md, 66), through both store
// drivers: whatever becomes of them, lxr-image stays below 256 MiB, and honest images below 150 MiB.
#include <fcntl.h>
#include <zstd.h>

#include <cstring>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

// A program that ran to its end, with what it and those it waited for took.
struct measured {
  int code = -1;
  std::string err;
  std::size_t peak_mib = 0;  // of memory, of the largest of them
  double seconds = 0;        // of processor time, of all
};

// By time(1), a small process: a child of this one would count as large as this one is until it executes the program.
measured run_measured(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  const temp_directory place;
  const std::string report = place.path() + "/report";
  std::vector<std::string> words{"/usr/bin/time", "-q", "-o", report, "-f", "%M %U %S"};
  words.insert(words.end(), argv.begin(), argv.end());
  outcome o = run_program(words, {}, environment);
  std::size_t kib = 0;
  double user = 0, system = 0;
  std::istringstream(file::read_at(AT_FDCWD, report).value_or("")) >> kib >> user >> system;
  return {o.code, std::move(o.err), kib >> 10, user + system};
}

using layers = std::vector<registry_imposter::layer>;

registry_imposter::layer packed(const std::string& tar) { return {gzip(tar), sha256_of(tar)}; }

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// 4,000 bytes of path of which each member makes 2,000 directories.
layers deep_paths() {
  tar_builder b;
  const std::string depth = repeated("d/", 1990);
  for (int i = 0; i < 12'000; ++i) b.add({.path = "f", .pax = {{"path", std::to_string(i) + "/" + depth + "f"}}});
  return {packed(b.finish())};
}

// The same path for many directories that are named, and so to be remembered until the end.
layers long_paths() {
  tar_builder b;
  const std::string depth = repeated(std::string(200, 'd') + "/", 19);
  for (int i = 0; i < 60'000; ++i) b.add({.path = "d", .type = '5', .pax = {{"path", depth + std::to_string(i)}}});
  return {packed(b.finish())};
}

layers many_layers() {
  layers out;
  for (int i = 0; i < 40; ++i) {
    tar_builder b;
    b.directory(std::to_string(i));
    for (int f = 0; f < 10'000; ++f) b.file(std::to_string(i) + "/" + std::to_string(f), "");
    out.push_back(packed(b.finish()));
  }
  return out;
}

// An index describes a file in pieces of one size: 512 bytes here, of 2 GiB, which takes 32 MiB.
layers chunk_tables() {
  layers out;
  for (int i = 0; i < 8; ++i) {
    tar_builder b;
    for (int f = 0; f < 25; ++f) {
      b.add({.path = std::to_string(i) + "-" + std::to_string(f),
             .content = std::string(512, 'x'),
             .pax = {{"GNU.sparse.size", std::to_string((2u << 30) - 512)}, {"GNU.sparse.map", "512,512"}}});
    }
    out.push_back(packed(b.finish()));
  }
  return out;
}

layers holes() {
  tar_builder b;
  for (int i = 0; i < 400; ++i) {
    b.add({.path = "4g-" + std::to_string(i),
           .pax = {{"GNU.sparse.size", std::to_string(std::uint64_t{4} << 30)}, {"GNU.sparse.numblocks", "0"}}});
    b.add({.path = "8t-" + std::to_string(i),
           .pax = {{"GNU.sparse.size", std::to_string(std::uint64_t{8} << 40)}, {"GNU.sparse.numblocks", "0"}}});
  }
  return {packed(b.finish())};
}

// Records of two bytes take a hundred in memory, those of a global header for every member, in as many layers as are
// unpacked at once.
layers records() {
  tar_builder::member m{.path = "f"};
  for (int i = 0; i < 14'000; ++i) m.pax["SCHILY.xattr.k" + std::to_string(i)] = "v";
  layers out;
  for (int i = 0; i < 16; ++i) {
    m.path = std::to_string(i);
    out.push_back(packed(tar_builder().add(m).add(m).finish()));
  }
  return out;
}

// A million segments that hold nothing, in the blocks behind an old GNU header; in as many layers as are unpacked at
// once.
layers segments() {
  layers out;
  const std::string segment = "00000000000" + std::string(1, '\0') + "00000000000" + std::string(1, '\0');
  for (int i = 0; i < 16; ++i) {
    std::string header = tar_builder().add({.path = std::to_string(i), .type = 'S'}).unfinished();
    header[482] = 1;  // more blocks follow
    std::memcpy(header.data() + 483, "00000000000", 11);
    std::memset(header.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header.data() + 148, 8, "%06o", sum);
    std::string block = repeated(segment, 21);
    block.resize(512, '\0');
    block[504] = 1;
    std::string tar = header + repeated(block, 47'000);
    block[504] = 0;
    out.push_back(packed(tar + block + std::string(1024, '\0')));
  }
  return out;
}

// Each member is found only behind 39 links and 60,000 steps.
layers mazes() {
  tar_builder b;
  b.directory("a");
  for (int i = 0; i < 39; ++i)
    b.add({.path = "l" + std::to_string(i),
           .type = '2',
           .pax = {{"linkpath", repeated("a/../", 780) + "l" + std::to_string(i + 1)}}});
  b.directory("l39");
  for (int i = 0; i < 30'000; ++i) b.file("l0/" + std::to_string(i) + "/f", "");
  return {packed(b.finish())};
}

std::string zstd(const std::string& bytes, int window_bits) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_bits);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
  while (ZSTD_compressStream2(context, &to, &from, ZSTD_e_end) != 0) continue;
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

// Windows of 128 MiB, in as many layers as are unpacked at once.
layers windows() {
  const std::string zeros(150u << 20, '\0');
  layers out;
  for (int i = 0; i < 16; ++i) {
    const std::string tar = tar_builder().file(std::to_string(i), zeros).finish();
    out.push_back({zstd(tar, 27), sha256_of(tar), "application/vnd.oci.image.layer.v1.tar+zstd"});
  }
  return out;
}

// 16 GiB of zeros in half a megabyte; nobody gets as far as its diff-id.
layers zeros() {
  const std::string header =
      tar_builder().add({.path = "zeros", .pax = {{"size", std::to_string(std::uint64_t{16} << 30)}}}).unfinished();
  return {{zstd(header, 20) + repeated(zstd(std::string(128u << 20, '\0'), 20), 128), sha256_of("unknown"),
           "application/vnd.oci.image.layer.v1.tar+zstd"}};
}

struct sample {
  const char* name;
  layers (*make)();
  bool is_refused;  // by either driver
};

class hostile_memory : public installation, public testing::WithParamInterface<std::tuple<const char*, sample>> {};

TEST_P(hostile_memory, is_bounded) {
  const auto& [driver, image] = GetParam();
  set_variable("LXR_STORE_DRIVER", driver);
  registry_imposter server;
  server.publish_image("app", image.make());
  const measured pull = run_measured(command({"pull", "-q", server.host() + "/app"}), environment());
  std::printf("%s: pull %zu MiB %.1f s: %s\n", image.name, pull.peak_mib, pull.seconds, pull.err.c_str());
  EXPECT_LE(pull.peak_mib, 256u);
  EXPECT_LT(pull.seconds, 60);
  EXPECT_EQ(pull.code, image.is_refused ? 125 : 0) << pull.err;
  if (pull.code == 125) {
    EXPECT_NE(pull.err.find("allows more"), std::string::npos) << pull.err;
    must({"system", "prune", "-af"});  // layers that were whole by then
    for (const char* place : {"layers", "images", "refs", "ingest"})
      EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/" + place).empty()) << place;
    return;
  }
  EXPECT_LT(file::disk_usage_at(AT_FDCWD, root_), std::uint64_t{1} << 30);
  const measured check = run_measured(command({"system", "check"}), environment());
  std::printf("%s: check %zu MiB %.1f s: %s\n", image.name, check.peak_mib, check.seconds, check.err.c_str());
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_LE(check.peak_mib, 256u);
  EXPECT_LT(check.seconds, 30);
}

INSTANTIATE_TEST_SUITE_P(
    through, hostile_memory,
    testing::Combine(testing::Values("directories", "erofs"),
                     testing::Values(sample{"deep_paths", deep_paths, true}, sample{"long_paths", long_paths, true},
                                     sample{"many_layers", many_layers, false},
                                     sample{"chunk_tables", chunk_tables, false}, sample{"holes", holes, false},
                                     sample{"records", records, false}, sample{"segments", segments, true},
                                     sample{"mazes", mazes, true}, sample{"windows", windows, true},
                                     sample{"zeros", zeros, true})),
    [](const auto& p) { return std::string(std::get<0>(p.param)) + "_" + std::get<1>(p.param).name; });

class honest_memory : public installation, public testing::WithParamInterface<const char*> {};

TEST_P(honest_memory, stays_below_150_mib) {
  set_variable("LXR_STORE_DRIVER", GetParam());
  registry_imposter server;
  tar_builder b;
  for (int i = 0; i < 100'000; ++i)
    b.file("node_modules/package-" + std::to_string(i / 50) + "/lib/source-" + std::to_string(i) + ".js",
           std::to_string(i * 7919));
  server.publish_image("many-files", {packed(b.finish())});
  for (const std::string& image : {registry() + "/golang:latest", server.host() + "/many-files"}) {
    const measured pull = run_measured(command({"pull", "-q", image}), environment());
    std::printf("%s: %zu MiB %.1f s\n", image.c_str(), pull.peak_mib, pull.seconds);
    EXPECT_EQ(pull.code, 0) << pull.err;
    EXPECT_LE(pull.peak_mib, 150u) << image;
  }
}

INSTANTIATE_TEST_SUITE_P(through, honest_memory, testing::Values("directories", "erofs"),
                         [](const auto& driver) { return std::string(driver.param); });

}  // namespace
}  // namespace lxr::test
