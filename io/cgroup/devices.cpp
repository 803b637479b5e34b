// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/devices.hpp"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::io::cgroup {
namespace {

std::string number_or_all(const std::optional<std::int64_t>& n) {
  return n && *n >= 0 ? std::to_string(*n) : std::string("*");
}

std::uint32_t access_bits(const std::string& access) {
  std::uint32_t bits = 0;
  for (const char c : access.empty() ? std::string("rwm") : access) {
    if (c == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
    if (c == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (c == 'w') bits |= BPF_DEVCG_ACC_WRITE;
  }
  return bits;
}

bool is_any_type(const oci::device_rule& r) { return r.type.empty() || r.type == "a"; }

// Instructions, one 64-bit word each, with the few forms that are needed here.
class program {
 public:
  enum reg : std::uint8_t { result = 0, context = 1, type = 2, wanted = 3, major = 4, minor = 5, scratch = 6 };

  void load(reg to, std::size_t offset) {
    emit(BPF_LDX | BPF_MEM | BPF_W, to, context, static_cast<std::int16_t>(offset), 0);
  }
  void move(reg to, reg from) { emit(BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(reg to, std::uint32_t value) { emit(BPF_ALU | BPF_MOV | BPF_K, to, 0, 0, value); }
  void keep_bits(reg of, std::uint32_t bits) { emit(BPF_ALU | BPF_AND | BPF_K, of, 0, 0, bits); }
  void shift_right(reg of, std::uint32_t by) { emit(BPF_ALU | BPF_RSH | BPF_K, of, 0, 0, by); }
  void exit() { emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

  // Jumps to the end of the rule, whose length only end_rule() knows.
  void leave_rule_unless(reg a, std::uint32_t value) {
    leaving_.push_back(code_.size());
    emit(BPF_JMP | BPF_JNE | BPF_K, a, 0, 0, value);
  }
  void leave_rule_if(reg a, std::uint32_t value) {
    leaving_.push_back(code_.size());
    emit(BPF_JMP | BPF_JEQ | BPF_K, a, 0, 0, value);
  }
  void end_rule() {
    for (const std::size_t at : leaving_) code_[at].off = static_cast<std::int16_t>(code_.size() - at - 1);
    leaving_.clear();
  }

  [[nodiscard]] std::vector<std::uint64_t> words() const {
    std::vector<std::uint64_t> out;
    out.reserve(code_.size());
    for (const bpf_insn& i : code_) out.push_back(std::bit_cast<std::uint64_t>(i));
    return out;
  }

 private:
  void emit(int code, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::uint32_t value) {
    bpf_insn i{};
    i.code = static_cast<std::uint8_t>(code);
    i.dst_reg = to & 0xf;
    i.src_reg = from & 0xf;
    i.off = offset;
    i.imm = static_cast<std::int32_t>(value);
    code_.push_back(i);
  }
  std::vector<bpf_insn> code_;
  std::vector<std::size_t> leaving_;
};

// `wanted` holds the kinds of access that no rule has decided yet. A rule that allows takes its kinds away, and none
// left is a yes; a rule that denies says no if any of its kinds is left.
void add_rule(program& p, const oci::device_rule& r) {
  if (!is_any_type(r)) p.leave_rule_unless(program::type, r.type == "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (r.major && *r.major >= 0) p.leave_rule_unless(program::major, static_cast<std::uint32_t>(*r.major));
  if (r.minor && *r.minor >= 0) p.leave_rule_unless(program::minor, static_cast<std::uint32_t>(*r.minor));
  if (r.allow) {
    p.keep_bits(program::wanted, ~access_bits(r.access));
    p.leave_rule_unless(program::wanted, 0);
  } else {
    p.move(program::scratch, program::wanted);
    p.keep_bits(program::scratch, access_bits(r.access));
    p.leave_rule_if(program::scratch, 0);
  }
  p.set(program::result, r.allow ? 1 : 0);
  p.exit();
  p.end_rule();
}

long bpf(int command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof attributes); }

unique_fd load_program(const std::vector<std::uint64_t>& code) {
  static constexpr char license[] = "Apache-2.0";
  bpf_attr a{};
  a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  a.insns = reinterpret_cast<std::uint64_t>(code.data());
  a.insn_cnt = static_cast<std::uint32_t>(code.size());
  a.license = reinterpret_cast<std::uint64_t>(license);
  unique_fd loaded(static_cast<int>(bpf(BPF_PROG_LOAD, a)));
  if (!loaded) throw_errno("load", "the program for linux.resources.devices");
  return loaded;
}

std::vector<std::uint32_t> attached_programs(int directory) {
  std::vector<std::uint32_t> ids(64);
  bpf_attr a{};
  a.query.target_fd = static_cast<std::uint32_t>(directory);
  a.query.attach_type = BPF_CGROUP_DEVICE;
  a.query.prog_ids = reinterpret_cast<std::uint64_t>(ids.data());
  a.query.prog_cnt = static_cast<std::uint32_t>(ids.size());
  if (bpf(BPF_PROG_QUERY, a) != 0) return {};
  ids.resize(a.query.prog_cnt);
  return ids;
}

void detach(int directory, std::uint32_t id) {
  bpf_attr a{};
  a.prog_id = id;
  const unique_fd fd(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, a)));
  if (!fd) return;
  bpf_attr b{};
  b.target_fd = static_cast<std::uint32_t>(directory);
  b.attach_bpf_fd = static_cast<std::uint32_t>(fd.get());
  b.attach_type = BPF_CGROUP_DEVICE;
  bpf(BPF_PROG_DETACH, b);
}

}  // namespace

std::vector<device_write> device_writes(const std::vector<oci::device_rule>& rules) {
  std::vector<device_write> out;
  for (const oci::device_rule& r : rules) {
    const char* file = r.allow ? "devices.allow" : "devices.deny";
    std::string access = r.access.empty() ? "rwm" : r.access;
    std::erase_if(access, [](char c) { return c != 'r' && c != 'w' && c != 'm'; });
    const std::string numbers = " " + number_or_all(r.major) + ":" + number_or_all(r.minor) + " " + access;
    if (!is_any_type(r)) {
      out.push_back({file, r.type + numbers});
    } else if (!r.major && !r.minor && access_bits(access) == access_bits("rwm")) {
      out.push_back({file, "a"});
    } else {  // the kernel takes "a" as everything, whatever follows
      out.push_back({file, "b" + numbers});
      out.push_back({file, "c" + numbers});
    }
  }
  return out;
}

std::vector<std::uint64_t> device_program(const std::vector<oci::device_rule>& rules) {
  program p;
  p.load(program::type, offsetof(bpf_cgroup_dev_ctx, access_type));  // kind of access << 16 | kind of device
  p.move(program::wanted, program::type);
  p.keep_bits(program::type, 0xffff);
  p.shift_right(program::wanted, 16);
  p.load(program::major, offsetof(bpf_cgroup_dev_ctx, major));
  p.load(program::minor, offsetof(bpf_cgroup_dev_ctx, minor));
  for (auto r = rules.rbegin(); r != rules.rend(); ++r) add_rule(p, *r);
  p.set(program::result, 1);
  p.exit();
  return p.words();
}

void attach_device_program(int directory, const std::vector<oci::device_rule>& rules) {
  const std::vector<std::uint32_t> before = attached_programs(directory);
  const unique_fd loaded = load_program(device_program(rules));
  bpf_attr a{};
  a.target_fd = static_cast<std::uint32_t>(directory);
  a.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  a.attach_type = BPF_CGROUP_DEVICE;
  a.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, a) != 0) throw_errno("attach", "the program for linux.resources.devices");
  for (const std::uint32_t id : before) detach(directory, id);
}

}  // namespace lxr::io::cgroup
