#include "net/status_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "net/transport.h"

namespace sluice::net {
namespace {

using ::testing::HasSubstr;

class StatusServerTest : public ::testing::Test {
 protected:
  StatusServerTest() {
    auto served = serve_status("127.0.0.1:0", [](std::string_view path) {
      if (path == "/healthz") return StatusPage{.body = "ok\n"};
      return StatusPage{.status = 404, .body = "nothing here\n"};
    });
    EXPECT_TRUE(served.ok());
    server_ = std::move(served).value();
  }
  HttpResponse asked(const std::string& path, const std::string& method = "GET") {
    const auto transport = make_transport({}).value();
    const HttpRequest request{.method = method,
                              .url = "http://127.0.0.1:" + std::to_string(server_->port()) + path};
    auto reply = transport->send(request, 10'000);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().message);
    return reply.ok() ? std::move(reply).value() : HttpResponse();
  }
  std::unique_ptr<StatusServer> server_;
};

TEST_F(StatusServerTest, a_page_is_answered_with_or_without_a_query) {
  EXPECT_EQ(asked("/healthz").body, "ok\n");
  EXPECT_EQ(asked("/healthz?verbose=1").body, "ok\n");
}

TEST_F(StatusServerTest, an_unknown_page_is_404_and_a_post_is_405) {
  EXPECT_EQ(asked("/").status, 404);
  EXPECT_EQ(asked("/healthz", "POST").status, 405);
}

TEST_F(StatusServerTest, many_ask_at_once) {
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([this] {
      for (int n = 0; n < 5; ++n) EXPECT_EQ(asked("/healthz").status, 200);
    });
  }
  for (std::thread& asker : askers) asker.join();
}

TEST_F(StatusServerTest, a_taken_port_is_refused_with_its_address) {
  const std::string address = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = serve_status(address, [](std::string_view) { return StatusPage(); });
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on " + address));
}

TEST_F(StatusServerTest, what_is_no_address_is_refused) {
  for (const char* address :
       {"", "9464", "localhost:9464", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:80x"}) {
    const auto served = serve_status(address, [](std::string_view) { return StatusPage(); });
    ASSERT_FALSE(served.ok()) << address;
    EXPECT_THAT(served.error().message, HasSubstr("is no address to listen on")) << address;
  }
}

}  // namespace
}  // namespace sluice::net
