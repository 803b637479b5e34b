// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <utility>

namespace lxr::io::erofs {

// A std::map that takes the memory of a pointer while it is empty: most nodes of a tree have no attributes, and only
// directories have children.
// Owns: its keys and values.
template <class Key, class Value>
class lazy_map {
  using map = std::map<Key, Value>;

 public:
  lazy_map() = default;
  lazy_map(const lazy_map& other) : map_(other.empty() ? nullptr : std::make_unique<map>(*other.map_)) {}
  lazy_map& operator=(const lazy_map& other) {
    map_ = other.empty() ? nullptr : std::make_unique<map>(*other.map_);
    return *this;
  }
  lazy_map(lazy_map&&) noexcept = default;
  lazy_map& operator=(lazy_map&&) noexcept = default;
  lazy_map(map values) : map_(values.empty() ? nullptr : std::make_unique<map>(std::move(values))) {}
  ~lazy_map() = default;

  [[nodiscard]] bool empty() const noexcept { return !map_ || map_->empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return map_ ? map_->size() : 0; }
  [[nodiscard]] bool contains(const Key& key) const { return map_ && map_->contains(key); }
  [[nodiscard]] auto begin() const { return values().begin(); }
  [[nodiscard]] auto end() const { return values().end(); }
  [[nodiscard]] auto find(const Key& key) const { return values().find(key); }
  [[nodiscard]] const Value& at(const Key& key) const { return values().at(key); }
  [[nodiscard]] const map& values() const noexcept {
    static const map none;
    return map_ ? *map_ : none;
  }

  Value& operator[](const Key& key) { return made()[key]; }
  Value& operator[](Key&& key) { return made()[std::move(key)]; }
  void erase(const Key& key) {
    if (map_) map_->erase(key);
  }
  template <class Condition>
  void erase_if(Condition condition) {
    if (map_) std::erase_if(*map_, condition);
  }
  void clear() noexcept { map_.reset(); }
  bool operator==(const lazy_map& other) const { return values() == other.values(); }

 private:
  map& made() {
    if (!map_) map_ = std::make_unique<map>();
    return *map_;
  }
  std::unique_ptr<map> map_;
};

}  // namespace lxr::io::erofs
