#include "net/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "net/scripted_server_for_test.h"

namespace sluice::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kLongMs = 20'000;

ScriptedReply says(const std::string& body, int status = 200) { return {.status = status, .body = body}; }

class TransportTest : public ::testing::Test {
 protected:
  HttpTransport& transport() {
    if (!transport_) transport_ = make_transport(options).value();
    return *transport_;
  }

  Result<HttpResponse> get(const std::string& url, int64_t timeout_ms = kLongMs) {
    return transport().send({.url = url, .repeatable = true}, timeout_ms);
  }
  Result<HttpResponse> post(const std::string& url, const std::string& body, bool repeatable,
                            int64_t timeout_ms = kLongMs) {
    return transport().send({.method = "POST", .url = url, .body = body, .repeatable = repeatable},
                            timeout_ms);
  }

  // Trusts this certificate and no other.
  void trust(const TestCertificate& certificate) {
    options.authorities_file = ::testing::TempDir() + "transport_test.pem";
    std::ofstream(options.authorities_file) << certificate.certificate;
  }

  TransportOptions options;

 private:
  std::unique_ptr<HttpTransport> transport_;
};

TEST_F(TransportTest, ARequestArrivesAsItWasGivenAndItsReplyComesBack) {
  ScriptedServer server([](const SeenRequest&) {
    return ScriptedReply{.status = 418, .body = "short", .headers = {{"X-Kind", "teapot"}}};
  });
  const auto reply = transport().send({.method = "POST",
                                       .url = server.url() + "/a%20b?c=d",
                                       .headers = {{"X-Amz-Target", "Kinesis.Get"}},
                                       .body = "{}"},
                                      kLongMs);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply.value().status, 418);
  EXPECT_EQ(reply.value().body, "short");
  EXPECT_EQ(reply.value().header("x-kind"), "teapot");
  ASSERT_EQ(server.seen().size(), 1U);
  const SeenRequest seen = server.seen()[0];
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/a%20b?c=d");
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.header("x-amz-target"), "Kinesis.Get");
  EXPECT_EQ(seen.header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(TransportTest, OneConnectionServesManyRequests) {
  ScriptedServer server([](const SeenRequest& request) { return says(request.target); });
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(get(server.url() + "/" + std::to_string(i)).value().body, "/" + std::to_string(i));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TransportTest, ManyThreadsEachHaveTheirOwnConnection) {
  ScriptedServer server([](const SeenRequest& request) { return says(request.body + request.body); });
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  transport();
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(t) + ":" + std::to_string(i);
        const auto reply = post(server.url(), body, true);
        if (!reply.ok() || reply.value().body != body + body) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(server.connections(), 8);
}

TEST_F(TransportTest, AReplyThatIsCutIsOfUnknownOutcome) {
  for (const size_t cut : {size_t{0}, size_t{10}, size_t{60}, size_t{5000}}) {
    ScriptedServer server([cut](const SeenRequest&) {
      return ScriptedReply{.body = std::string(10'000, 'x'), .cut_after = cut};
    });
    const auto reply = post(server.url(), "write", false);
    ASSERT_FALSE(reply) << cut;
    EXPECT_EQ(reply.error().kind, ErrorKind::OutcomeUnknown) << cut;
    EXPECT_EQ(server.seen().size(), 1U) << "must not be sent again";
  }
}

TEST_F(TransportTest, AServerThatSaysNothingIsLeftAtTheDeadline) {
  ScriptedServer server([](const SeenRequest&) { return ScriptedReply{.silent = true}; });
  const auto reply = post(server.url(), "write", false, 50);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::OutcomeUnknown);
  EXPECT_THAT(reply.error().message, HasSubstr("took too long"));
}

TEST_F(TransportTest, AServerThatIsNotThereWasSentNothing) {
  int port = 0;
  {
    port = ScriptedServer([](const SeenRequest&) { return says(""); }).port();
  }
  const auto reply = post("http://127.0.0.1:" + std::to_string(port), "write", false);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST_F(TransportTest, AHostWithoutAnAddressIsUnavailableByName) {
  const auto reply = get("http://no-such-host.invalid/");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(TransportTest, APooledConnectionThatWasClosedMeanwhileIsReplaced) {
  ScriptedServer server([](const SeenRequest&) { return ScriptedReply{.body = "x", .close_after = true}; });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(get(server.url()));
    // Long enough for the server's close to arrive mostly; both ways of finding out must work.
    if (i == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_EQ(server.seen().size(), 3U);
}

// The server takes the second request on the old connection and closes without a word.
TEST_F(TransportTest, AWriteOnADeadConnectionIsNotSentTwiceButAReadIs) {
  for (const bool repeatable : {true, false}) {
    ScriptedServer server([](const SeenRequest& request) {
      return request.body == "second" && request.connection == 1 ? ScriptedReply{.cut_after = 0} : says("x");
    });
    ASSERT_TRUE(post(server.url(), "first", repeatable));
    const auto reply = post(server.url(), "second", repeatable);
    EXPECT_EQ(reply.ok(), repeatable);
    if (!repeatable) {
      EXPECT_EQ(reply.error().kind, ErrorKind::OutcomeUnknown);
    }
    EXPECT_EQ(server.seen().size(), repeatable ? 3U : 2U);
  }
}

TEST_F(TransportTest, AReadIsNotSentAgainOnceSomeOfItsReplyCame) {
  ScriptedServer server([](const SeenRequest& request) {
    return request.body == "second" ? ScriptedReply{.body = "xxxx", .cut_after = 3} : says("x");
  });
  ASSERT_TRUE(post(server.url(), "first", true));
  EXPECT_FALSE(post(server.url(), "second", true));
  EXPECT_EQ(server.seen().size(), 2U);
}

TEST_F(TransportTest, APageOfTenMebibytesComesWhole) {
  std::string page(14U << 20, 'x');
  for (size_t i = 0; i < page.size(); i += 997) page[i] = static_cast<char>('a' + i % 23);
  ScriptedServer server([&](const SeenRequest&) { return says(page); });
  const auto reply = get(server.url());
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply.value().body == page);
}

TEST_F(TransportTest, AReplyBeyondTheLimitIsRefused) {
  options.max_reply_bytes = 1000;
  ScriptedServer server([](const SeenRequest&) { return says(std::string(1001, 'x')); });
  const auto reply = get(server.url());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::Refused);
}

TEST_F(TransportTest, ARedirectIsAReplyLikeAnyOther) {
  ScriptedServer other([](const SeenRequest&) { return says("stolen"); });
  ScriptedServer server([&](const SeenRequest&) {
    return ScriptedReply{.status = 307, .headers = {{"Location", other.url()}}};
  });
  EXPECT_EQ(get(server.url()).value().status, 307);
  EXPECT_TRUE(other.seen().empty());
}

TEST_F(TransportTest, ATrustedCertificateForTheNameIsAccepted) {
  const TestCertificate certificate = TestCertificate::make("DNS:localhost,IP:127.0.0.1");
  trust(certificate);
  ScriptedServer server([](const SeenRequest&) { return says("secret"); }, certificate);
  EXPECT_EQ(get(server.url("localhost")).value().body, "secret");
  EXPECT_EQ(get(server.url("localhost")).value().body, "secret");
  EXPECT_EQ(server.connections(), 1) << "kept alive under TLS too";
  EXPECT_EQ(get(server.url("127.0.0.1")).value().body, "secret");
}

TEST_F(TransportTest, ACertificateForAnotherNameIsRefusedBeforeAnythingIsSent) {
  const TestCertificate certificate = TestCertificate::make("DNS:kinesis.us-east-1.amazonaws.com");
  trust(certificate);
  ScriptedServer server([](const SeenRequest&) { return says("x"); }, certificate);
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    const auto reply = get(server.url(host));
    ASSERT_FALSE(reply) << host;
    EXPECT_EQ(reply.error().kind, ErrorKind::Refused);
    EXPECT_THAT(reply.error().message, HasSubstr("certificate"));
  }
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(TransportTest, ACertificateThatSignedItselfIsRefused) {
  ScriptedServer server([](const SeenRequest&) { return says("x"); }, TestCertificate::make("DNS:localhost"));
  const auto reply = get(server.url("localhost"));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::Refused);
  EXPECT_THAT(reply.error().message, HasSubstr("AWS_CA_BUNDLE"));
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(TransportTest, AuthoritiesThatCannotBeReadAreRefusedAtOnce) {
  const auto made = make_transport({.proxies = {}, .authorities_file = "/no/such/file.pem"});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("/no/such/file.pem"));
}

TEST_F(TransportTest, AuthoritiesReadLateAreTrustedNoMoreThanOthers) {
  const TestCertificate certificate = TestCertificate::make("DNS:localhost");
  ScriptedServer server([](const SeenRequest&) { return says("secret"); }, certificate);
  options.late_authorities = true;
  options.authorities_file = "/no/such/file.pem";
  EXPECT_EQ(get(server.url("localhost")).error().kind, ErrorKind::Refused);
  EXPECT_EQ(get(server.url("localhost")).error().kind, ErrorKind::Refused);
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(TransportTest, ACertificateOfALateAuthorityIsTrusted) {
  const TestCertificate certificate = TestCertificate::make("DNS:localhost");
  options.late_authorities = true;
  trust(certificate);
  ScriptedServer server([](const SeenRequest&) { return says("secret"); }, certificate);
  EXPECT_EQ(get(server.url("localhost")).value().body, "secret");
}

TEST_F(TransportTest, AnHttpsRequestGoesThroughTheProxyAsATunnel) {
  const TestCertificate certificate = TestCertificate::make("DNS:service.test");
  trust(certificate);
  ScriptedServer server([](const SeenRequest&) { return says("through"); }, certificate);
  ScriptedServer proxy([](const SeenRequest&) { return ScriptedReply{.tunnel = true}; });
  options.proxies =
      proxy_settings(
          environment_of({{"HTTPS_PROXY", "http://user:p%40ss@127.0.0.1:" + std::to_string(proxy.port())}}))
          .value();
  const auto reply = get(server.url("service.test"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply.value().body, "through");
  ASSERT_EQ(proxy.seen().size(), 1U);
  EXPECT_EQ(proxy.seen()[0].method, "CONNECT");
  EXPECT_EQ(proxy.seen()[0].target, "service.test:" + std::to_string(server.port()));
  EXPECT_EQ(proxy.seen()[0].header("Proxy-Authorization"), "Basic " + base64_encode("user:p@ss"));
  EXPECT_EQ(server.seen()[0].header("Proxy-Authorization"), "") << "is for the proxy only";
}

TEST_F(TransportTest, AProxyThatSaysNoIsNamedWithoutItsPassword) {
  ScriptedServer proxy([](const SeenRequest&) { return ScriptedReply{.status = 407}; });
  options.proxies =
      proxy_settings(
          environment_of({{"HTTPS_PROXY", "http://user:hush@127.0.0.1:" + std::to_string(proxy.port())}}))
          .value();
  const auto reply = get("https://service.test/");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::Refused);
  EXPECT_THAT(reply.error().message, HasSubstr("407"));
  EXPECT_THAT(reply.error().message, Not(HasSubstr("hush")));
}

TEST_F(TransportTest, APlainRequestGoesToTheProxyWithItsWholeAddress) {
  ScriptedServer proxy([](const SeenRequest&) { return says("from the proxy"); });
  options.proxies =
      proxy_settings(environment_of({{"http_proxy", "127.0.0.1:" + std::to_string(proxy.port())}})).value();
  EXPECT_EQ(get("http://service.test/a?b=c").value().body, "from the proxy");
  EXPECT_EQ(proxy.seen()[0].target, "http://service.test/a?b=c");
  EXPECT_EQ(proxy.seen()[0].header("Host"), "service.test");
}

TEST(Proxy, LoopbackAndCredentialAddressesAreNeverProxied) {
  const ProxySettings settings =
      proxy_settings(environment_of({{"HTTP_PROXY", "http://proxy:3128"},
                                     {"NO_PROXY", "x.test, .y.test,z.test:81,10.0.0.1"}}))
          .value();
  const auto is_proxied = [&](const std::string& url) {
    return proxy_for(settings, parse_url(url).value()) != nullptr;
  };
  for (const std::string direct :
       {"http://127.0.0.1:4568/", "http://localhost/", "http://169.254.169.254/", "http://169.254.170.2/",
        "http://[fd00:ec2::254]/", "http://[::1]/", "http://x.test/", "http://a.x.test/", "http://y.test/",
        "http://b.y.test/", "http://z.test:81/", "http://10.0.0.1/", "https://other.test/"})
    EXPECT_FALSE(is_proxied(direct)) << direct;
  for (const std::string proxied :
       {"http://ax.test/", "http://z.test/", "http://10.0.0.10/", "http://127.0.0.1.test/"})
    EXPECT_TRUE(is_proxied(proxied)) << proxied;
}

TEST(Proxy, AProxyThatCannotBeUsedIsSaidWithoutShowingIt) {
  for (const std::string value : {"https://u:hush@proxy:1", "http://u:hush@:x"}) {
    const auto settings = proxy_settings(environment_of({{"HTTPS_PROXY", value}}));
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message, HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(settings.error().message, Not(HasSubstr("hush")));
  }
}

}  // namespace
}  // namespace sluice::net
