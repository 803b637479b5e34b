#include "io/process/plan_builder.hpp"

#include <cstring>

#include "core/base/error.hpp"

namespace lxr::io::process {
namespace {

std::string list_of(const std::vector<std::string>& strings) {
  std::string out;
  for (const std::string& s : strings) out.append(s).push_back('\0');
  return out;
}

constexpr std::uint32_t aligned(std::size_t n) { return static_cast<std::uint32_t>((n + 7) & ~std::size_t{7}); }

constexpr std::uint32_t data_start(std::size_t op_count) {
  return aligned(sizeof(launch_plan) + op_count * sizeof(plan_op));
}

}  // namespace

int plan_builder::slot(int fd) {
  if (slots_.size() == slot_count) throw error(errc::exhausted, "plan a start", "", "too many descriptors");
  slots_.push_back(fd);
  return static_cast<int>(slots_.size()) - 1;
}

std::uint32_t plan_builder::put(std::string_view bytes, bool terminate) {
  data_.resize(aligned(data_.size()));
  const auto offset = static_cast<std::uint32_t>(data_.size());
  data_.append(bytes);
  if (terminate) data_.push_back('\0');
  return offset;
}

std::uint32_t plan_builder::add(op code, std::string subject, const operands& o) {
  for (const std::string_view s : {o.text, o.more}) {
    if (s.find('\0') != std::string_view::npos) throw error(errc::invalid_argument, "plan", subject, "a text holds a NUL byte");
  }
  plan_op p{code};
  p.a = o.a;
  p.b = o.b;
  p.c = o.c;
  if (!o.text.empty()) p.text = put(o.text, true);
  if (!o.more.empty()) p.more = put(o.more, true);
  if (!o.data.empty()) p.data = put(o.data, true);
  p.data_size = static_cast<std::uint32_t>(o.data.size());
  ops_.push_back(p);
  subjects_.push_back(std::move(subject));
  return static_cast<std::uint32_t>(ops_.size()) - 1;
}

std::uint32_t plan_builder::put_list(const std::vector<std::string>& strings) {
  std::vector<std::uint32_t> offsets;
  for (const std::string& s : strings) {
    if (s.find('\0') != std::string::npos) throw error(errc::invalid_argument, "plan", s.c_str(), "a word holds a NUL byte");
    offsets.push_back(put(s, true));
  }
  string_list list{static_cast<std::uint32_t>(strings.size()), 0, 0, 0};
  list.offsets = put({reinterpret_cast<const char*>(offsets.data()), offsets.size() * sizeof(std::uint32_t)}, false);
  list.pointers = put(std::string((strings.size() + 1) * sizeof(char*), '\0'), false);
  return put({reinterpret_cast<const char*>(&list), sizeof list}, false);
}

void plan_builder::add_exec(std::string subject, const std::vector<std::string>& candidates,
                            const std::vector<std::string>& argv, const std::vector<std::string>& envp) {
  const std::uint32_t index = add(op::exec, std::move(subject), {.data = list_of(candidates)});
  const std::uint32_t arguments = put_list(argv);
  const std::uint32_t environment = put_list(envp);
  ops_[index].text = arguments;
  ops_[index].more = environment;
}

built_plan plan_builder::build() {
  const std::uint32_t shift = data_start(ops_.size());
  const auto moved = [shift](plan_op p) {
    for (std::uint32_t* offset : {&p.text, &p.more, &p.data}) {
      if (*offset != 0) *offset += shift;
    }
    return p;
  };
  built_plan out;
  out.block.resize((shift + aligned(data_.size())) / sizeof(std::uint64_t));
  auto* base = reinterpret_cast<char*>(out.block.data());
  std::memcpy(base + shift, data_.data(), data_.size());
  launch_plan header{plan_magic, static_cast<std::uint32_t>(out.bytes().size()), static_cast<std::uint32_t>(ops_.size()),
                     aligned(sizeof(launch_plan)), {}};
  static_assert(sizeof(launch_plan) % 8 == 0);
  for (int i = 0; i < slot_count; ++i) {
    header.slots[i] = static_cast<std::size_t>(i) < slots_.size() ? slots_[static_cast<std::size_t>(i)] : -1;
  }
  std::memcpy(base, &header, sizeof header);
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    const plan_op p = moved(ops_[i]);
    std::memcpy(base + header.ops + i * sizeof p, &p, sizeof p);
    if (p.code != op::exec) continue;
    for (const std::uint32_t at : {p.text, p.more}) {  // the lists' own offsets move along
      auto* list = reinterpret_cast<string_list*>(base + at);
      list->offsets += shift;
      list->pointers += shift;
      auto* offsets = reinterpret_cast<std::uint32_t*>(base + list->offsets);
      for (std::uint32_t n = 0; n < list->count; ++n) offsets[n] += shift;
    }
  }
  out.subjects = std::move(subjects_);
  return out;
}

std::string mount_option_pairs(const std::vector<std::string>& options) {
  std::string out;
  for (const std::string& option : options) {
    const auto equals = option.find('=');
    out.append(option, 0, equals).push_back('\0');
    if (equals != std::string::npos) out.append(option, equals + 1);
    out.push_back('\0');
  }
  return out;
}

}  // namespace lxr::io::process
