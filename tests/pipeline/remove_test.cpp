// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/remove.hpp"

#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "tests/support/running_fixture.hpp"

namespace lxr::container {
namespace {

struct removing : test::running_fixture {
  removal_result remove_now(const std::string& id, removal_mode mode) {
    return run(loop, remove(where, no_cgroups, id, mode));
  }
  std::error_code refusal_of(const std::string& id, removal_mode mode) {
    try {
      remove_now(id, mode);
    } catch (const error& e) {
      return e.code();
    }
    return {};
  }
  void expect_gone(const std::string& id, const std::string& name) const {
    for (const int directory : {where.root_fd(), where.state_fd()}) {
      EXPECT_TRUE(file::list_at(directory, "containers/" + id).empty());
    }
    EXPECT_NO_THROW(reserve_name(where, name, std::string(64, 'f'))) << "its name is free";
  }
};

TEST_F(removing, one_that_does_not_run_goes_with_its_name) {
  const std::string id = make_container("box");
  EXPECT_EQ(remove_now(id, removal_mode::stopped), removal_result::removed);
  expect_gone(id, "box");
  EXPECT_EQ(refusal_of(id, removal_mode::any), errc::not_found);
}

TEST_F(removing, one_that_runs_is_killed_only_when_that_is_asked_for) {
  const std::string id = make_running("box", SIGTERM);
  const container_state state = load_raw_state(where, id);
  EXPECT_EQ(refusal_of(id, removal_mode::stopped), errc::conflict);
  EXPECT_EQ(remove_now(id, removal_mode::idle), removal_result::left);
  EXPECT_TRUE(is_alive(state));
  EXPECT_EQ(remove_now(id, removal_mode::any), removal_result::removed);
  EXPECT_FALSE(is_alive(state));
  expect_gone(id, "box");
}

TEST_F(removing, one_that_another_lxr_holds_is_left_by_prune) {
  const std::string id = make_container("box");
  const container_lock held = try_lock_container(where, id);
  ASSERT_TRUE(held);
  EXPECT_EQ(remove_now(id, removal_mode::idle), removal_result::left);
  EXPECT_EQ(load_config(where, id).name, "box");
}

TEST_F(removing, what_its_records_contain_does_not_keep_it) {
  const std::string id = make_container("box");
  file::replace_at(where.root_fd(), "containers/" + id + "/config.json", "{");
  file::replace_at(where.state_fd(), "containers/" + id + "/state.json", "[]");
  EXPECT_EQ(remove_now(id, removal_mode::any), removal_result::removed);
  release_stale_names(where);  // as settle() does
  expect_gone(id, "box");
}

TEST_F(removing, cancelled_while_it_waits_for_the_lock_it_leaves_the_container) {
  const std::string id = make_container("box");
  const container_lock held = try_lock_container(where, id);
  const auto waiting = [](removing& t, std::string which) -> task<void> {
    auto one = remove(t.where, t.no_cgroups, std::move(which), removal_mode::any);
    co_await std::move(one);
  };
  test::spawned one(loop, waiting(*this, id));
  test::settle(loop);
  EXPECT_FALSE(one.done());
  one.cancel();
  loop.restart();
  loop.run();
  EXPECT_TRUE(one.was_cancelled());
  EXPECT_EQ(load_config(where, id).name, "box");
}

TEST_F(removing, of_many_each_has_its_own_result) {
  const std::vector<std::string> ids{make_container("a"), make_running("b"), new_container_id(), make_container("c")};
  const auto results = run(loop, remove_many(where, no_cgroups, ids, removal_mode::stopped));
  ASSERT_EQ(results.size(), ids.size());
  EXPECT_FALSE(results[0].failure);
  EXPECT_TRUE(results[1].failure) << "it runs";
  EXPECT_TRUE(results[2].failure) << "it does not exist";
  EXPECT_FALSE(results[3].failure);
  EXPECT_EQ(results[3].result, removal_result::removed);
  EXPECT_EQ(list_containers(where), std::vector{ids[1]});
}

}  // namespace
}  // namespace lxr::container
