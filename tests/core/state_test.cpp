// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/after_boot.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr {
namespace {

using fixture = test::state_fixture;
using names = fixture;

TEST(container_id, is_a_host_name_and_no_number) {
  for (int i = 0; i < 3000; ++i) {
    const std::string id = new_container_id();
    EXPECT_EQ(id.size(), 64u);
    EXPECT_NE(short_id(id).find_first_not_of("0123456789"), std::string::npos) << id;
  }
}

TEST_F(names, a_name_belongs_to_one_container) {
  const std::string id = make_container("web");
  try {
    reserve_name(where, "web", new_container_id());
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::already_exists);
    EXPECT_NE(std::string(e.what()).find(short_id(id)), std::string::npos);
  }
  release_name(where, "web", "somebody else");
  EXPECT_EQ(resolve_container(where, "web"), id);
  release_name(where, "web", id);
  EXPECT_NO_THROW(reserve_name(where, "web", new_container_id()));
}

TEST_F(names, a_name_whose_container_is_gone_is_taken_over) {
  reserve_name(where, "web", new_container_id());  // no directory: as after a crash
  EXPECT_NO_THROW(make_container("web"));
}

TEST_F(names, of_many_who_take_over_a_name_at_once_one_wins) {
  for (int round = 0; round < 50; ++round) {
    const std::string name = "web" + std::to_string(round);
    reserve_name(where, name, new_container_id());
    int go[2];
    ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(::fork());
      if (children.back() != 0) continue;
      ::close(go[1]);
      char byte;
      static_cast<void>(!::read(go[0], &byte, 1));
      try {
        make_container(name);
        ::_exit(0);
      } catch (const error&) {
        ::_exit(1);
      }
    }
    ::close(go[0]);
    ::close(go[1]);  // all go
    int winners = 0;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      winners += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    EXPECT_EQ(winners, 1) << name;
  }
}

TEST_F(names, are_found_by_name_id_and_unambiguous_prefix) {
  const std::string id = make_container("web");
  EXPECT_EQ(resolve_container(where, "web"), id);
  EXPECT_EQ(resolve_container(where, id), id);
  EXPECT_EQ(resolve_container(where, id.substr(0, 12)), id);
  EXPECT_THROW(resolve_container(where, "nope"), error);
  EXPECT_THROW(resolve_container(where, "../x"), error);
  EXPECT_THROW(resolve_container(where, ""), error);
}

TEST_F(names, words_that_are_no_names_are_refused) {
  for (const char* bad : {"", "-a", "a b", "a/b", ".a", "ä"}) EXPECT_THROW(check_name(bad), error) << bad;
  for (const char* good : {"a", "goCon", "a.b-c_d", "9"}) EXPECT_NO_THROW(check_name(good)) << good;
  const std::string generated = reserve_generated_name(where, new_container_id());
  EXPECT_NO_THROW(check_name(generated));
  EXPECT_NE(generated.find('_'), std::string::npos);
}

using states = fixture;

TEST_F(states, a_config_comes_back_as_it_was_saved) {
  const std::string id = make_container("x");
  container_config c = load_config(where, id);
  c.process.entrypoint.emplace();
  c.process.command = {"sh", "-c", "echo \"hi\"\n"};
  c.network.mode = network_mode::none;
  c.resources.cpus = 1.5;
  c.lifecycle.labels = {{"k", "v"}};
  save(where, c);
  const container_config again = load_config(where, id);
  EXPECT_EQ(again.process.command, c.process.command);
  ASSERT_TRUE(again.process.entrypoint.has_value());
  EXPECT_TRUE(again.process.entrypoint->empty());
  EXPECT_EQ(again.network.mode, network_mode::none);
  EXPECT_DOUBLE_EQ(again.resources.cpus, 1.5);
  EXPECT_EQ(again.lifecycle.labels, c.lifecycle.labels);
  EXPECT_THROW(load_config(where, new_container_id()), error);
}

TEST_F(states, running_is_believed_only_while_the_process_lives) {
  const std::string id = make_container("x");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  container_state s;
  s.status = container_status::running;
  s.init = identify(pid);
  save(where, id, s);
  EXPECT_EQ(load_state(where, id).status, container_status::running);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  const container_state after = load_state(where, id);
  EXPECT_EQ(after.status, container_status::exited);
  EXPECT_EQ(after.init.pid, 0);
  EXPECT_FALSE(after.exit_code.has_value());
}

TEST_F(states, a_process_with_the_same_pid_but_another_start_is_not_it) {
  process_identity self = identify(::getpid());
  EXPECT_TRUE(self.is_alive());
  self.start_time += 1;
  EXPECT_FALSE(self.is_alive());
}

// Issue 11, 1.21: a record that outlived a reboot must not name a process of this boot.
TEST_F(states, a_process_of_another_boot_is_not_it) {
  process_identity self = identify(::getpid());
  self.boot += 1;
  EXPECT_FALSE(self.is_alive());
  EXPECT_FALSE(self.open());
}

container_lock lock_within(const instance& where, const std::string& id, std::chrono::milliseconds limit) {
  asio::io_context loop(1);
  return run(loop, lock_container(where, id, limit));
}

errc failure_of_locking(const instance& where, const std::string& id, std::chrono::milliseconds limit) {
  try {
    lock_within(where, id, limit);
  } catch (const error& e) {
    return static_cast<errc>(e.code().value());
  }
  return {};
}

using std::chrono::milliseconds;

TEST_F(states, a_lock_is_one_holders_at_a_time) {
  const std::string id = make_container("x");
  container_lock held = lock_within(where, id, milliseconds(0));
  EXPECT_TRUE(held);
  EXPECT_FALSE(try_lock_container(where, id));
  EXPECT_EQ(failure_of_locking(where, id, milliseconds(5)), errc::conflict);
  held.release();
  EXPECT_TRUE(try_lock_container(where, id));
}

// Issue 11, 3.16: of two removers, or a remover and a starter, the second one must not believe that it has the
// container.
TEST_F(states, a_lock_is_not_had_on_a_container_that_was_removed_meanwhile) {
  const std::string id = make_container("x");
  container_lock held = lock_within(where, id, milliseconds(0));
  const pid_t waiter = ::fork();
  if (waiter == 0) {
    held.release();  // a forked descriptor holds the same lock, and would wait for itself
    ::_exit(failure_of_locking(where, id, milliseconds(10'000)) == errc::not_found ? 0 : 1);
  }
  move_to_trash(where, "containers/" + id);
  move_state_to_trash(where, "containers/" + id);
  held.release();
  int status = 1;
  ::waitpid(waiter, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(failure_of_locking(where, id, milliseconds(0)), errc::not_found);
  EXPECT_FALSE(open_state_dir(where, id));  // nor did asking make it again
}

TEST_F(states, a_container_whose_state_was_lost_in_a_reboot_can_be_locked) {
  const std::string id = make_container("x");
  file::remove_tree_at(where.state_fd(), "containers/" + id);
  EXPECT_TRUE(try_lock_container(where, id));
}

// Issue 11, section 3: a container on its way is not one that nobody needs.
TEST_F(states, a_container_is_starting_while_its_maker_lives) {
  const pid_t maker = ::fork();
  if (maker == 0) {
    ::pause();
    ::_exit(0);
  }
  container_config c;
  c.id = new_container_id();
  const container_lock making = make_container_lock(where, c.id, identify(maker));
  EXPECT_EQ(load_state(where, c.id).status, container_status::starting);
  EXPECT_FALSE(load_state(where, c.id).can_remove());
  EXPECT_FALSE(load_state(where, c.id).is_idle());
  ::kill(maker, SIGKILL);
  ::waitpid(maker, nullptr, 0);
  EXPECT_EQ(load_state(where, c.id).status, container_status::created);
  EXPECT_TRUE(load_state(where, c.id).is_idle());
}

TEST_F(states, an_exit_that_is_about_to_be_recorded_is_told_apart) {
  const std::string id = make_container("x");
  container_state s;
  s.status = container_status::running;
  s.init = {1 << 30, 1, this_boot()};
  s.monitor = identify(::getpid());
  save(where, id, s);
  EXPECT_TRUE(load_state(where, id).ending);
  EXPECT_FALSE(load_state(where, id).is_idle());
  s.monitor.start_time += 1;  // it died
  save(where, id, s);
  EXPECT_FALSE(load_state(where, id).ending);
  EXPECT_EQ(load_state(where, id).status, container_status::exited);
}

// Issue 11, 1.18: how a container ended is known after a reboot, which takes the state directory.
TEST_F(states, an_end_outlives_the_state_directory) {
  const std::string id = make_container("x");
  container_state s;
  s.status = container_status::exited;
  s.exit_code = 9;
  s.finished_ns = 5;
  save_ended(where, id, s);
  file::remove_tree_at(where.state_fd(), "containers/" + id);
  const container_state after = load_state(where, id);
  EXPECT_EQ(after.status, container_status::exited);
  EXPECT_EQ(after.exit_code, 9);
  EXPECT_EQ(after.finished_ns, 5);
}

TEST_F(states, one_that_ran_when_the_host_went_down_is_not_shown_as_created) {
  const std::string ran = make_container("ran"), waited = make_container("waited"), fresh = make_container("fresh");
  for (const std::string& id : {ran, waited}) file::make_directory_at(where.root_fd(), "containers/" + id + "/upper");
  mark_waiting(where, waited);
  for (const std::string& id : {ran, waited, fresh}) file::remove_tree_at(where.state_fd(), "containers/" + id);
  EXPECT_EQ(load_state(where, ran).status, container_status::exited);
  EXPECT_FALSE(load_state(where, ran).exit_code.has_value());
  EXPECT_EQ(load_state(where, waited).status, container_status::created);
  EXPECT_EQ(load_state(where, fresh).status, container_status::created);
}

TEST_F(states, after_a_boot_names_are_back_and_what_was_to_be_removed_at_its_end_is) {
  const std::string kept = make_container("kept"), thrown = make_container("thrown", true);
  file::remove_tree_at(AT_FDCWD, dir.path() + "/state");
  const instance again = instance::open(dir.path() + "/root", dir.path() + "/state");
  settle_after_boot(again);
  EXPECT_EQ(resolve_container(again, "kept"), kept);
  EXPECT_THROW(resolve_container(again, "thrown"), error);
  EXPECT_EQ(list_containers(again), std::vector{kept});
}

TEST_F(states, after_a_boot_each_root_of_a_shared_state_gets_its_names) {
  const instance other = instance::open(dir.path() + "/other", dir.path() + "/state");
  const std::string ours = make_container("ours");
  container_config c;
  c.id = new_container_id();
  c.name = "theirs";
  file::make_directory_at(other.root_fd(), "containers/" + c.id);
  save(other, c);
  file::remove_tree_at(AT_FDCWD, dir.path() + "/state");
  for (const auto& [root, name, id] : {std::tuple{"/root", "ours", ours}, {"/other", "theirs", c.id}}) {
    const instance again = instance::open(dir.path() + root, dir.path() + "/state");
    settle_after_boot(again);
    EXPECT_EQ(resolve_container(again, name), id);
  }
}

// Issue 11, 1.14 and 3.5: a command line may hold any bytes.
TEST_F(states, records_hold_any_bytes) {
  const std::string id = make_container("x");
  container_config c = load_config(where, id);
  c.process.command = {"echo", "\xff\xfe", "\xc3"};
  c.process.env = {"A=\x80"};
  c.lifecycle.labels = {{"k\xff", "\xff"}};
  save(where, c);
  const container_config again = load_config(where, id);
  EXPECT_EQ(again.process.command, c.process.command);
  EXPECT_EQ(again.process.env, c.process.env);
  EXPECT_EQ(again.lifecycle.labels, c.lifecycle.labels);
  container_state s;
  s.command = "echo \xff";
  save(where, id, s);
  EXPECT_EQ(load_raw_state(where, id).command, s.command);
}

TEST_F(states, mark_running_changes_only_a_created_container) {
  const std::string id = make_container("x");
  mark_running(where, id);
  EXPECT_EQ(load_raw_state(where, id).status, container_status::running);
  EXPECT_NE(load_raw_state(where, id).started_ns, 0);
  container_state s = load_raw_state(where, id);
  s.status = container_status::exited;
  save(where, id, s);
  mark_running(where, id);
  EXPECT_EQ(load_raw_state(where, id).status, container_status::exited);
}

TEST_F(states, instances_with_another_state_directory_use_other_names_in_the_kernel) {
  const instance other = instance::open(dir.path() + "/root2", dir.path() + "/state2");
  EXPECT_NE(where.kernel_name(), other.kernel_name());
  EXPECT_EQ(where.kernel_name(), instance::open(dir.path() + "/root", dir.path() + "/./state/").kernel_name());
}

}  // namespace
}  // namespace lxr
