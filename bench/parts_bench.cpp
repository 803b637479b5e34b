// SPDX-License-Identifier: Apache-2.0
// Micro-benchmarks of the parts of one pull (Google Benchmark).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>
#include <zstd.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "core/base/bytes.hpp"
#include "core/base/unique_fd.hpp"
#include "io/codec/decoder.hpp"
#include "io/codec/sha256.hpp"
#include "io/erofs/index.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/layer_index.hpp"
#include "tests/support/tar_builder.hpp"

namespace {

using namespace lxr;

const std::string& text_sample() {
  static const std::string text = [] {
    std::mt19937 dice(1);
    std::string out;
    while (out.size() < (32u << 20)) out += "word" + std::to_string(dice() % 5000) + ' ';
    return out;
  }();
  return text;
}

std::string gzip_sample() { return test::gzip(text_sample()); }

std::string zstd_sample() {
  const std::string& text = text_sample();
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::unique_ptr<io::codec::decoder> make_zstd() {
  static io::codec::zstd_contexts contexts;
  return io::codec::make_zstd_decoder(contexts);
}

template <auto Make, auto Sample>
void inflate(benchmark::State& state) {
  static const std::string packed = Sample();
  std::size_t plain = 0;
  for (auto _ : state) {
    const auto decoder = Make();
    auto input = as_bytes(packed);
    do {
      byte_block out(512u << 10);
      decoder->step(input, out);
      plain += out.size();
    } while (!input.empty() || decoder->has_pending());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(plain));
}
BENCHMARK(inflate<&io::codec::make_gzip_decoder, &gzip_sample>)->Name("inflate/isal")->Unit(benchmark::kMillisecond);
BENCHMARK(inflate<&io::codec::make_zlib_decoder, &gzip_sample>)->Name("inflate/zlib")->Unit(benchmark::kMillisecond);
BENCHMARK(inflate<&make_zstd, &zstd_sample>)->Name("inflate/zstd")->Unit(benchmark::kMillisecond);

void hash(benchmark::State& state) {
  const std::string bytes(16u << 20, 'x');
  for (auto _ : state) {
    io::codec::sha256 h;
    h.update(as_bytes(bytes));
    benchmark::DoNotOptimize(h.hex());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(hash)->Name("sha256")->Unit(benchmark::kMillisecond);

void hash_two(benchmark::State& state) {
  const std::string bytes(16u << 20, 'x');
  for (auto _ : state) {
    io::codec::sha256 one, other;
    io::codec::sha256::update_both(one, as_bytes(bytes), other, as_bytes(bytes));
    benchmark::DoNotOptimize(one.hex() + other.hex());
  }
  state.SetBytesProcessed(2 * static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(hash_two)->Name("sha256, two streams together")->Unit(benchmark::kMillisecond);

// 10,000 members as a distribution's layers have them: small files in directories of forty.
std::string archive_sample() {
  test::tar_builder tar;
  for (int i = 0; i < 10'000; ++i)
    tar.file("usr/share/package" + std::to_string(i / 40) + "/file" + std::to_string(i),
             std::string(static_cast<std::size_t>(i * 37 % 2000), 'x'));
  return tar.finish();
}

void tar_parse(benchmark::State& state) {
  static const std::string archive = archive_sample();
  struct nobody final : io::tar::sink {
    void begin(const io::tar::entry& e) override { benchmark::DoNotOptimize(e.size); }
    void data(std::span<const std::byte>) override {}
    void end() override {}
  };
  for (auto _ : state) {
    nobody sink;
    io::tar::reader reader(sink);
    reader.feed(as_bytes(archive));
  }
}
BENCHMARK(tar_parse)->Name("tar/10,000 members")->Unit(benchmark::kMillisecond);

io::erofs::tree sample_tree() {
  static const std::string archive = archive_sample();
  layer::pull_budget budget;
  layer::layer_index index(budget);
  io::tar::reader reader(index);
  reader.feed(as_bytes(archive));
  return index.take_tree().first;
}

void erofs_tree(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sample_tree());
}
BENCHMARK(erofs_tree)->Name("erofs/tree of 10,000 members, tar included")->Unit(benchmark::kMillisecond);

void erofs_index(benchmark::State& state) {
  const io::erofs::tree tree = sample_tree();
  const std::uint64_t size = 64u << 20;
  for (auto _ : state) benchmark::DoNotOptimize(io::erofs::make_index(tree, {&size, 1}));
}
BENCHMARK(erofs_index)->Name("erofs/index of 10,000 members")->Unit(benchmark::kMillisecond);

void erofs_lay_over(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    io::erofs::tree whole = sample_tree(), upper = sample_tree();
    state.ResumeTiming();
    whole.lay_over(std::move(upper), 2);
  }
}
BENCHMARK(erofs_lay_over)->Name("erofs/10,000 members laid over 10,000")->Unit(benchmark::kMillisecond);

constexpr int files = 1000;
const std::string content(3000, 'c');

std::string bench_directory() {
  std::string path = "/var/tmp/lxr-parts.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

void create_by_calls(benchmark::State& state) {
  for (auto _ : state) {
    const std::string path = bench_directory();
    const unique_fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < files; ++i) {
      const unique_fd fd(::openat(dir.get(), std::to_string(i).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
      if (::write(fd.get(), content.data(), content.size()) < 0) std::abort();
    }
    state.PauseTiming();
    std::filesystem::remove_all(path);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * files);
}
BENCHMARK(create_by_calls)->Name("files/created by system calls")->Unit(benchmark::kMillisecond);

// open, write and close of each as one linked chain into a fixed descriptor, 64 chains at a time.
void create_by_uring(benchmark::State& state) {
  io_uring ring{};
  constexpr unsigned at_once = 64;
  if (::io_uring_queue_init(at_once * 4, &ring, 0) != 0) return state.SkipWithError("no io_uring");
  std::vector<int> none(at_once, -1);
  ::io_uring_register_files(&ring, none.data(), at_once);
  std::vector<std::string> names;
  for (int i = 0; i < files; ++i) names.push_back(std::to_string(i));
  for (auto _ : state) {
    const std::string path = bench_directory();
    const unique_fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int begin = 0; begin < files; begin += at_once) {
      unsigned chains = 0;
      for (; chains < at_once && begin + static_cast<int>(chains) < files; ++chains) {
        io_uring_sqe* open = ::io_uring_get_sqe(&ring);
        ::io_uring_prep_openat_direct(open, dir.get(), names[static_cast<std::size_t>(begin) + chains].c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL, 0644, chains);
        open->flags |= IOSQE_IO_LINK;
        io_uring_sqe* write = ::io_uring_get_sqe(&ring);
        ::io_uring_prep_write(write, static_cast<int>(chains), content.data(), static_cast<unsigned>(content.size()),
                              0);
        write->flags |= IOSQE_IO_LINK | IOSQE_FIXED_FILE;
        ::io_uring_prep_close_direct(::io_uring_get_sqe(&ring), chains);
      }
      ::io_uring_submit_and_wait(&ring, chains * 3);
      ::io_uring_cq_advance(&ring, chains * 3);
    }
    state.PauseTiming();
    std::filesystem::remove_all(path);
    state.ResumeTiming();
  }
  ::io_uring_queue_exit(&ring);
  state.SetItemsProcessed(state.iterations() * files);
}
BENCHMARK(create_by_uring)->Name("files/created by io_uring")->Unit(benchmark::kMillisecond)->UseRealTime();

void write_large(benchmark::State& state) {
  const bool direct = state.range(0) != 0;
  const std::size_t piece = 1u << 20, pieces = 256;
  byte_block block(piece);
  std::memset(block.room().data(), 'w', piece);
  for (auto _ : state) {
    const std::string path = bench_directory();
    {
      const unique_fd fd(
          ::open((path + "/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (direct ? O_DIRECT : 0), 0644));
      for (std::size_t i = 0; i < pieces; ++i) {
        if (::write(fd.get(), block.room().data(), piece) < 0) std::abort();
      }
    }
    state.PauseTiming();
    std::filesystem::remove_all(path);
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(piece * pieces));
}
BENCHMARK(write_large)
    ->Name("write/256 MiB, buffered")
    ->Arg(0)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(write_large)
    ->Name("write/256 MiB, O_DIRECT")
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

}  // namespace
