// Against the signatures that AWS publishes: the Signature Version 4 test suite (awslabs/aws-c-auth,
// tests/aws-signing-test-suite/v4), and tokens for Aurora DSQL made with AWS's own SDK.
#include "net/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/url.h"

namespace sluice::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSuiteTime = 1440938160LL * 1'000'000'000;  // 2015-08-30T12:36:00Z
constexpr int64_t kTokenTime = 1767323045LL * 1'000'000'000;  // 2026-01-02T03:04:05Z

Credentials suite_credentials(const std::string& token = {}) {
  return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token};
}

Signing suite_signing() { return {.region = "us-east-1", .service = "service", .wall_ns = kSuiteTime}; }

struct HeaderVector {
  std::string name;
  std::string method;
  std::string target;
  std::vector<Header> headers;
  std::string body;
  std::string token;
  bool as_sent = false;      // the suite's "normalize: false"
  bool body_hashed = false;  // the suite's "sign_body: true"
  std::string signature;
};

std::vector<HeaderVector> header_and_path_vectors() {
  return {{"get-vanilla",
           "GET",
           "/",
           {},
           "",
           "",
           false,
           false,
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
          {"get-header-key-duplicate",
           "GET",
           "/",
           {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
           "",
           "",
           false,
           false,
           "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
          {"get-header-value-multiline",
           "GET",
           "/",
           {{"My-Header1", "value1\n  value2\n     value3"}},
           "",
           "",
           false,
           false,
           "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
          {"get-header-value-order",
           "GET",
           "/",
           {{"My-Header1", "value4"},
            {"My-Header1", "value1"},
            {"My-Header1", "value3"},
            {"My-Header1", "value2"}},
           "",
           "",
           false,
           false,
           "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
          {"get-header-value-trim",
           "GET",
           "/",
           {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
           "",
           "",
           false,
           false,
           "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
          {"get-relative-normalized",
           "GET",
           "/example/..",
           {},
           "",
           "",
           false,
           false,
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
          {"get-relative-relative-normalized",
           "GET",
           "/example1/example2/../..",
           {},
           "",
           "",
           false,
           false,
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
          {"get-relative-relative-unnormalized",
           "GET",
           "/example1/example2/../..",
           {},
           "",
           "",
           true,
           false,
           "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
          {"get-slash-dot-slash-normalized",
           "GET",
           "/./",
           {},
           "",
           "",
           false,
           false,
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
          {"get-slash-pointless-dot-normalized",
           "GET",
           "/./example",
           {},
           "",
           "",
           false,
           false,
           "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
          {"get-slash-unnormalized",
           "GET",
           "//",
           {},
           "",
           "",
           true,
           false,
           "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"},
          {"get-slashes-normalized",
           "GET",
           "//example//",
           {},
           "",
           "",
           false,
           false,
           "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
          {"get-space",
           "GET",
           "/example%20space/",
           {},
           "",
           "",
           true,
           false,
           "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
          {"get-utf8",
           "GET",
           "/%E1%88%B4",
           {},
           "",
           "",
           true,
           false,
           "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
          {"get-unreserved",
           "GET",
           "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
           {},
           "",
           "",
           false,
           false,
           "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"}};
}

std::vector<HeaderVector> query_token_and_body_vectors() {
  return {{"get-vanilla-empty-query-key",
           "GET",
           "/?Param1=value1",
           {},
           "",
           "",
           false,
           false,
           "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
          {"get-vanilla-query-order-encoded",
           "GET",
           "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
           {},
           "",
           "",
           false,
           false,
           "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
          {"get-vanilla-query-order-key-case",
           "GET",
           "/?Param2=value2&Param1=value1",
           {},
           "",
           "",
           false,
           false,
           "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
          {"get-vanilla-utf8-query",
           "GET",
           "/?%E1%88%B4=bar",
           {},
           "",
           "",
           false,
           false,
           "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
          {"get-vanilla-with-session-token",
           "GET",
           "/",
           {},
           "",
           "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
           false,
           false,
           "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
          {"post-header-value-case",
           "POST",
           "/",
           {{"My-Header1", "VALUE1"}},
           "",
           "",
           false,
           false,
           "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
          {"post-vanilla",
           "POST",
           "/",
           {},
           "",
           "",
           false,
           false,
           "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
          {"post-x-www-form-urlencoded",
           "POST",
           "/",
           {{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Length", "13"}},
           "Param1=value1",
           "",
           false,
           true,
           "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
          {"post-x-www-form-urlencoded-parameters",
           "POST",
           "/",
           {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}, {"Content-Length", "13"}},
           "Param1=value1",
           "",
           false,
           true,
           "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"}};
}

TEST(SigV4, EveryHeaderVectorOfAwsComesOutTheSame) {
  std::vector<HeaderVector> vectors = header_and_path_vectors();
  for (const HeaderVector& vector : query_token_and_body_vectors()) vectors.push_back(vector);
  ASSERT_EQ(vectors.size(), 24U);
  for (const HeaderVector& vector : vectors) {
    HttpRequest request{.method = vector.method,
                        .url = "https://example.amazonaws.com" + vector.target,
                        .headers = vector.headers,
                        .body = vector.body};
    Signing signing = suite_signing();
    signing.path_as_sent = vector.as_sent;
    signing.content_hash_header = vector.body_hashed;
    ASSERT_TRUE(sign_headers(request, suite_credentials(vector.token), signing)) << vector.name;
    EXPECT_EQ(request.headers.back().name, "Authorization");
    EXPECT_THAT(request.headers.back().value, EndsWith("Signature=" + vector.signature)) << vector.name;
  }
}

TEST(SigV4, TheAuthorizationHeaderSaysWhatWasSigned) {
  HttpRequest request{.url = "https://example.amazonaws.com/"};
  request.headers = {{"User-Agent", "sluice"}, {"Connection", "keep-alive"}};
  ASSERT_TRUE(sign_headers(request, suite_credentials(), suite_signing()));
  EXPECT_EQ(request.headers.back().value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4, EveryQueryVectorOfAwsComesOutTheSame) {
  struct Vector {
    std::string target;
    std::string token;
    std::string signature;
  };
  const std::vector<Vector> vectors = {
      {"/", "", "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
      {"//example//", "", "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082"},
      {"/?Param1=value1", "", "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de"},
      {"/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "",
       "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
      {"/?Param2=value2&Param1=value1", "",
       "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
      {"/", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
       "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"}};
  for (const Vector& vector : vectors) {
    const auto url = presign_url("GET", "https://example.amazonaws.com" + vector.target,
                                 suite_credentials(vector.token), suite_signing(), 3600);
    ASSERT_TRUE(url);
    EXPECT_THAT(url.value(), EndsWith("&X-Amz-Signature=" + vector.signature)) << vector.target;
  }
}

TEST(SigV4, TokensForAuroraDsqlAreTheOnesOfAwssSdk) {
  struct Vector {
    std::string action;
    std::string token;
    std::string signature;
  };
  const std::vector<Vector> vectors = {
      {"DbConnectAdmin", "AQoEXAMPLE/+=", "ef600cc78458ae6d0db5611ec7b5efc1f79b29f383cae2df7c18dfa0c7c55d89"},
      {"DbConnect", "AQoEXAMPLE/+=", "927ebcc57edf90284fa7e3411aec6b40dc0fd8160f2f699c840c8cd10bcf3b33"},
      {"DbConnectAdmin", "", "241b277c8af13e34206583c36da080d92995bf2584795c905540885eacf37b94"},
      {"DbConnect", "", "3159e5388ef326397b4fc1f9a0b39bee4525113b448749fcb47a767f5246ec61"}};
  for (const Vector& vector : vectors) {
    const auto url = presign_url(
        "GET", "https://foo0bar1baz2quux3quux4abcd.dsql.us-east-1.on.aws/?Action=" + vector.action,
        suite_credentials(vector.token), {.region = "us-east-1", .service = "dsql", .wall_ns = kTokenTime},
        900);
    ASSERT_TRUE(url);
    EXPECT_THAT(url.value(), EndsWith("&X-Amz-Signature=" + vector.signature)) << vector.action;
    EXPECT_THAT(url.value(), HasSubstr("/?Action=" + vector.action + "&X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
  }
}

TEST(SigV4, APortThatIsNotTheUsualOneIsSigned) {
  EXPECT_EQ(parse_url("https://localhost:443/").value().authority(), "localhost");
  EXPECT_EQ(parse_url("http://localhost:4568/").value().authority(), "localhost:4568");
  EXPECT_EQ(parse_url("http://[FD00:EC2::23]:80/x").value().authority(), "[fd00:ec2::23]");
}

TEST(Url, WhatIsNoAddressIsRefusedWithoutShowingAPassword) {
  for (const std::string text :
       {"localhost:80", "ftp://host/", "http://", "http://host:0/", "http://host:99999/", "http://host:port/",
        "http://[::1/", "http://[host]/", "http://ho st/", "http://host/a b", "http://host/\r\nX: y",
        "http://user:pass@host:x/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::Refused);
    EXPECT_THAT(url.error().message, Not(HasSubstr("pass"))) << text;
  }
}

TEST(Url, EncodingAndDecodingAreEachOthersOpposite) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decode(percent_encode(every)), every);
  EXPECT_EQ(percent_encode("a/b c~\xE1"), "a%2Fb%20c~%E1");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  EXPECT_EQ(percent_decode("%4g%4"), "%4g%4");
}

}  // namespace
}  // namespace sluice::net
