// Micro-benchmarks of the parts of one start and one pull (Google Benchmark).
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <random>

#include "core/base/bytes.hpp"
#include "io/codec/decoder.hpp"
#include "io/codec/sha256.hpp"
#include "pipeline/container/plan.hpp"
#include "pipeline/container/spec.hpp"

namespace {

using namespace lxr;

void launch_plan(benchmark::State& state) {
  oci::image_config image;
  image.cmd = {"sh"};
  container_config config;
  config.hostname = "box";
  const auto spec = container::make_spec(config, image, [](const std::string&) { return std::optional<std::string>(); });
  container::plan_inputs in;
  in.staging_directory = "/run/lxr";
  in.stdin_fd = in.stdout_fd = in.stderr_fd = in.hosts = in.hostname = in.resolv_conf = 9;
  for (auto _ : state) benchmark::DoNotOptimize(container::make_container_plan(spec, in));
}
BENCHMARK(launch_plan)->Unit(benchmark::kMicrosecond);

std::string gzip_sample() {
  std::mt19937 dice(1);
  std::string text;
  while (text.size() < (32u << 20)) text += "word" + std::to_string(dice() % 5000) + ' ';
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream s{};
  deflateInit2(&s, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  s.next_in = reinterpret_cast<Bytef*>(text.data());
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<Bytef*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  deflate(&s, Z_FINISH);
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

template <auto Make>
void inflate(benchmark::State& state) {
  static const std::string packed = gzip_sample();
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
BENCHMARK(inflate<&io::codec::make_gzip_decoder>)->Name("inflate/isal")->Unit(benchmark::kMillisecond);
BENCHMARK(inflate<&io::codec::make_zlib_decoder>)->Name("inflate/zlib")->Unit(benchmark::kMillisecond);

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

}  // namespace
