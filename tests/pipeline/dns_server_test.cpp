// SPDX-License-Identifier: Apache-2.0
// The resolver's server, with a client that is a container, one that is not, and a server that lies.
#include "pipeline/network/dns_server.hpp"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <random>

#include "core/async/run.hpp"
#include "tests/support/own_network.hpp"

namespace lxr::network {
namespace {

using namespace std::string_literals;

const std::string here = "127.0.0.1", member = "127.0.0.2", stranger = "127.0.0.3", upstream = "127.0.0.9";

unique_fd make_socket(int type, const std::string& address, int port) {
  unique_fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) throw std::runtime_error("bind");
  return fd;
}

unique_fd connect_from(int type, const std::string& address) {
  unique_fd fd = make_socket(type, address, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  ::inet_pton(AF_INET, here.c_str(), &to.sin_addr);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
  return fd;
}

// Returns what comes within 2 s; "" when the connection ends, "nothing" when nothing comes.
std::string receive(const unique_fd& fd) {
  pollfd ready{fd.get(), POLLIN, 0};
  if (::poll(&ready, 1, 2000) != 1) return "nothing";
  char buffer[8192];
  const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
  return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
}

void send(const unique_fd& fd, const std::string& bytes) {
  static_cast<void>(!::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

std::string query_for(const std::string& name, char id = 1) {
  return "\0"s + id + "\1\0\0\1\0\0\0\0\0\0"s + io::dns::name_of(name).value() + "\0\1\0\1"s;
}
std::string framed(const std::string& message) { return "\0"s + static_cast<char>(message.size()) + message; }
int code_of(const std::string& answer) { return answer.size() < 12 ? -1 : answer[3] & 15; }
std::string address_in(const std::string& answer) {
  char text[INET_ADDRSTRLEN] = {};
  if (answer.size() < 16 || answer[7] == 0) return "none";
  ::inet_ntop(AF_INET, answer.data() + answer.size() - 4, text, sizeof text);
  return text;
}

task<void> serve(dns_server& server, unique_fd udp, unique_fd tcp) {
  task_scope all(co_await asio::this_coro::executor);
  all.spawn(server.serve_udp(std::move(udp)));
  all.spawn(server.serve_tcp(std::move(tcp)));
  co_await all.join();
}

[[noreturn]] void run_server(unique_fd udp, unique_fd tcp) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  name_table names;
  names.enter(served_network{"networks/n", here, "127.0.0.0/8", "udp"});
  names.enter({"a", "", {{"networks/n", member, {"a"}}}, {upstream}, true});
  asio::io_context loop(1);
  admissions egress;
  dns_server server(names, egress, loop.get_executor());
  run(loop, serve(server, std::move(udp), std::move(tcp)));
  ::_exit(0);
}

// Runs `body` beside a server.
template <class Body>
void beside_server(Body body) {
  test::in_own_network([&] {
    io::netlink::batch b;
    io::netlink::put_link_up(b, 1, "lo");
    io::netlink::socket::open(NETLINK_ROUTE).exchange_or_throw(b, "set");
    unique_fd udp = make_socket(SOCK_DGRAM, here, 53), tcp = make_socket(SOCK_STREAM, here, 53);
    for (const unique_fd* fd : {&udp, &tcp}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    ::listen(tcp.get(), 100);
    const pid_t child = ::fork();
    if (child == 0) run_server(std::move(udp), std::move(tcp));
    udp.reset();
    tcp.reset();
    body();
    ::kill(child, SIGKILL);
    return true;
  });
}

TEST(dns_server, outlives_nonsense) {
  beside_server([] {
    const unique_fd client = connect_from(SOCK_DGRAM, member);
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
    for (int i = 0; i < 300; ++i) {
      std::string nonsense(random() % 3000, '\0');
      for (char& c : nonsense) c = static_cast<char>(random());
      if (i % 2 == 0 && nonsense.size() > 12) nonsense.replace(0, 12, "\0\2\1\0\0\1\0\0\0\0\0\0"s);
      send(client, nonsense);
    }
    const unique_fd other = connect_from(SOCK_DGRAM, member);
    std::string answer;
    for (int i = 0; i < 10 && answer.size() < 12; ++i) {  // the queue may be full of nonsense
      send(other, query_for("a"));
      answer = receive(other);
    }
    EXPECT_EQ(address_in(answer), member);
    const unique_fd outside = connect_from(SOCK_DGRAM, stranger);
    send(outside, query_for("a"));
    EXPECT_EQ(code_of(receive(outside)), 5);
  });
}

// Security case 58 (answers that lie).
TEST(dns_server, takes_an_answer_only_from_whom_it_asked_and_to_what_it_asked) {
  beside_server([] {
    const unique_fd server = make_socket(SOCK_DGRAM, upstream, 53), liar = make_socket(SOCK_DGRAM, "127.0.0.8", 53);
    const unique_fd client = connect_from(SOCK_DGRAM, member);
    send(client, query_for("out.test"));
    char buffer[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(server.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_GT(got, 12);
    const std::string asked(buffer, static_cast<std::size_t>(got));
    const auto answer = [&](const unique_fd& by, std::string question, char address) {
      question[2] = '\x81';
      question[7] = 1;
      question += "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x01\x01\x01"s + address;
      ::sendto(by.get(), question.data(), question.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    };
    std::string other_id = asked, other_name = asked;
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    other_name[13] = 'x';
    answer(liar, asked, 2);
    answer(server, other_id, 3);
    answer(server, other_name, 4);
    answer(server, "", 5);
    answer(server, asked, 1);
    EXPECT_EQ(address_in(receive(client)), "1.1.1.1");
    send(client, query_for("out.test", 2));
    EXPECT_EQ(address_in(receive(client)), "1.1.1.1") << "from the cache";
  });
}

TEST(dns_server, gives_up_a_server_that_is_silent_after_two_seconds) {
  beside_server([] {
    const unique_fd silent = make_socket(SOCK_DGRAM, upstream, 53);
    const unique_fd client = connect_from(SOCK_DGRAM, member);
    const auto begin = std::chrono::steady_clock::now();
    send(client, query_for("out.test"));
    std::string answer;
    for (int i = 0; i < 5 && answer.size() < 12; ++i) answer = receive(client);
    EXPECT_EQ(code_of(answer), 2);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    EXPECT_LT(used.ru_utime.tv_sec, 1);
  });
}

TEST(dns_server, bounds_what_one_container_has_under_way) {
  beside_server([] {
    const unique_fd server = make_socket(SOCK_DGRAM, upstream, 53);
    const unique_fd client = connect_from(SOCK_DGRAM, member);
    for (int i = 0; i < 110; ++i) send(client, query_for("n" + std::to_string(i) + ".test"));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(receive(client)), 2);
    send(client, query_for("a"));
    EXPECT_EQ(address_in(receive(client)), member);
  });
}

TEST(dns_server, reads_tcp_in_any_pieces_and_bounds_it) {
  beside_server([] {
    const unique_fd client = connect_from(SOCK_STREAM, member);
    const std::string two = framed(query_for("a", 1)) + framed(query_for("a", 2));
    for (const char c : two.substr(0, 20)) send(client, std::string(1, c));
    send(client, two.substr(20));
    std::string answers;
    while (answers.size() < 2 * (query_for("a").size() + 16 + 2)) {
      const std::string more = receive(client);
      ASSERT_FALSE(more.empty());
      answers += more;
    }
    EXPECT_EQ(answers.size(), 2 * (query_for("a").size() + 16 + 2));
    send(client, "\x20\0"s);
    EXPECT_EQ(receive(client), "") << "a message of 8,192 bytes";
    std::vector<unique_fd> many;
    many.reserve(65);
    for (int i = 0; i < 65; ++i) many.push_back(connect_from(SOCK_STREAM, member));
    EXPECT_EQ(receive(many.back()), "");
    send(many.front(), framed(query_for("a")));
    EXPECT_EQ(address_in(receive(many.front())), member);
  });
}

}  // namespace
}  // namespace lxr::network
