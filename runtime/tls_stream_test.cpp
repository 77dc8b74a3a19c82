// TlsStream against a real `openssl s_server`, with certificates that the test makes: which names
// are accepted, who is trusted, and that bytes go through.
#include "runtime/tls_stream.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <spawn.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "platform/socket.h"

extern char** environ;

namespace bulkhead::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

pid_t start(std::vector<std::string> arguments, int output) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  pid_t child = -1;
  EXPECT_EQ(::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  platform::UniqueFd read, write;
};

void run_openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const Pipe output;
  const pid_t child = start(arguments, output.write.get());
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "openssl " << arguments[1];
}

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A CA, another CA, and a certificate by the first for parent.test and 127.0.0.1; made once.
struct Certificates {
  Certificates() {
    std::string name = (fs::temp_directory_path() / "tls_stream_test.XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder = name;
    make_ca("ca");
    make_ca("other");
    run_openssl({"req",
                 "-x509",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:prime256v1",
                 "-nodes",
                 "-days",
                 "2",
                 "-subj",
                 "/CN=parent.test",
                 "-CA",
                 path("ca.pem"),
                 "-CAkey",
                 path("ca.key"),
                 "-addext",
                 "subjectAltName=DNS:parent.test,IP:127.0.0.1",
                 "-addext",
                 "basicConstraints=critical,CA:FALSE",
                 "-keyout",
                 path("server.key"),
                 "-out",
                 path("server.pem")});
  }
  ~Certificates() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  void make_ca(const std::string& name) {
    run_openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", path(name + ".key"),
                 "-out", path(name + ".pem")});
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  fs::path folder;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

// `openssl s_server -rev`: answers each line backwards.
class Server {
 public:
  explicit Server(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"openssl",
                                       "s_server",
                                       "-accept",
                                       "127.0.0.1:0",
                                       "-rev",
                                       "-cert",
                                       certificates().path("server.pem"),
                                       "-key",
                                       certificates().path("server.key")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    child_ = start(arguments, output_.write.get());
    output_.write.reset();
    read_port();
  }
  ~Server() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  wire::Endpoint endpoint;

 private:
  // It says "ACCEPT 127.0.0.1:port" once it listens.
  void read_port() {
    std::string said;
    char octet = 0;
    while (!endpoint.port && ::read(output_.read.get(), &octet, 1) == 1) {
      said += octet;
      const auto at = said.find("ACCEPT ");
      if (octet != '\n' || at == std::string::npos) continue;
      const auto parsed = wire::Endpoint::parse(said.substr(at + 7, said.size() - at - 8));
      if (parsed) endpoint = *parsed;
      said.clear();
    }
    EXPECT_NE(endpoint.port, 0) << said;
  }

  Pipe output_;
  pid_t child_ = -1;
};

struct Trial {
  IoResult handshake;
  std::string error;
  std::string answer;  // to "abc\n"
};

Task<void> attempt(TlsStream& stream, Trial& trial, Loop& loop) {
  const Deadline deadline = loop.after(10s);
  trial.handshake = co_await stream.handshake(deadline);
  trial.error = stream.error();
  if (trial.handshake.ok()) {
    const IoResult sent = co_await write_all(stream, std::string_view("abc\n"), deadline);
    EXPECT_TRUE(sent.ok());
    std::array<char, 64> buffer;
    while (trial.answer.find('\n') == std::string::npos) {
      const IoResult got =
          co_await read(stream, std::as_writable_bytes(std::span(buffer)), deadline);
      if (!got.ok()) break;
      trial.answer.append(buffer.data(), got.bytes);
    }
  }
  loop.stop();
}

class TlsStreamTest : public testing::Test {
 protected:
  Trial connect(const wire::Endpoint& peer, const std::string& ca, TlsClientSettings settings) {
    const SslContext context = make_client_context(ca, error_);
    EXPECT_TRUE(context) << error_;
    auto socket = platform::create_tcp(peer.address);
    EXPECT_TRUE(platform::start_connect(socket->get(), peer));
    TlsStream stream(std::make_unique<SocketStream>(std::move(*socket)), context.get(), settings);
    Trial trial;
    spawn(attempt(stream, trial, loop_));
    loop_.run();
    return trial;
  }
  static std::string ca(const std::string& name) {
    return contents(certificates().path(name + ".pem"));
  }
  static TlsClientSettings expecting(std::string name) { return {std::move(name), false}; }

  Loop loop_;
  std::string error_;
};

TEST_F(TlsStreamTest, AcceptsTheRightNameAndCarriesBytes) {
  const Server server;
  const Trial trial = connect(server.endpoint, ca("ca"), expecting("parent.test"));
  EXPECT_TRUE(trial.handshake.ok()) << trial.error;
  EXPECT_EQ(trial.answer, "cba\n");
}

TEST_F(TlsStreamTest, AcceptsTls12) {
  const Server server({"-tls1_2"});
  EXPECT_EQ(connect(server.endpoint, ca("ca"), expecting("parent.test")).answer, "cba\n");
}

TEST_F(TlsStreamTest, AcceptsTheAddressInTheCertificate) {
  const Server server;
  const Trial trial = connect(server.endpoint, ca("ca"), expecting("127.0.0.1"));
  EXPECT_TRUE(trial.handshake.ok()) << trial.error;
}

TEST_F(TlsStreamTest, RefusesAnotherName) {
  const Server server;
  const Trial trial = connect(server.endpoint, ca("ca"), expecting("other.test"));
  EXPECT_EQ(trial.handshake.status, IoStatus::failed);
  EXPECT_NE(trial.error.find("ostname mismatch"), std::string::npos) << trial.error;
}

TEST_F(TlsStreamTest, RefusesAnotherAddress) {
  const Server server;
  const Trial trial = connect(server.endpoint, ca("ca"), expecting("127.0.0.2"));
  EXPECT_EQ(trial.handshake.status, IoStatus::failed);
  EXPECT_NE(trial.error.find("IP address mismatch"), std::string::npos) << trial.error;
}

TEST_F(TlsStreamTest, RefusesAnotherAuthority) {
  const Server server;
  const Trial trial = connect(server.endpoint, ca("other"), expecting("parent.test"));
  EXPECT_EQ(trial.handshake.status, IoStatus::failed);
  EXPECT_NE(trial.error, "");
}

TEST_F(TlsStreamTest, TrustsNobodyWithoutAuthorities) {
  const Server server;
  EXPECT_FALSE(connect(server.endpoint, "", expecting("parent.test")).handshake.ok());
}

TEST_F(TlsStreamTest, AsksNoQuestionsWhenToldNotTo) {
  const Server server;
  EXPECT_EQ(connect(server.endpoint, "", {"other.test", true}).answer, "cba\n");
}

TEST_F(TlsStreamTest, RefusesABundleWithoutCertificates) {
  EXPECT_FALSE(make_client_context("nonsense", error_));
  EXPECT_NE(error_, "");
}

}  // namespace
}  // namespace bulkhead::runtime
