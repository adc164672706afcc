// Tokens against those that AWS's own SDK makes.
#include "aws/dsql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

constexpr const char* kHost = "foo0bar1baz2quux3quux4abcd.dsql.us-east-1.on.aws";
constexpr int64_t kTime = 1'767'323'045'000'000'000;  // 2026-01-02T03:04:05Z

std::string token(const std::string& user, const std::string& session) {
  const auto made =
      dsql_auth_token(kHost, region_of_dsql(kHost), user,
                      {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session, 0}, kTime);
  return made.ok() ? made.value() : made.error().message;
}

TEST(DsqlToken, IsThatOfTheSdkForAdminAndForEverybodyElse) {
  EXPECT_THAT(token("admin", "AQoEXAMPLE/+="),
              EndsWith("=ef600cc78458ae6d0db5611ec7b5efc1f79b29f383cae2df7c18dfa0c7c55d89"));
  EXPECT_THAT(token("reader", "AQoEXAMPLE/+="),
              EndsWith("=927ebcc57edf90284fa7e3411aec6b40dc0fd8160f2f699c840c8cd10bcf3b33"));
  EXPECT_THAT(token("admin", ""),
              EndsWith("=241b277c8af13e34206583c36da080d92995bf2584795c905540885eacf37b94"));
  EXPECT_THAT(token("Admin", ""),
              EndsWith("=3159e5388ef326397b4fc1f9a0b39bee4525113b448749fcb47a767f5246ec61"));
  EXPECT_THAT(token("admin", ""), StartsWith(std::string(kHost) + "/?Action=DbConnectAdmin&"));
}

TEST(DsqlToken, TheRegionStandsInTheName) {
  EXPECT_EQ(region_of_dsql(kHost), "us-east-1");
  EXPECT_EQ(region_of_dsql("vpce-0123.dsql-abcd.eu-west-1.vpce.amazonaws.com"), "");
  EXPECT_EQ(region_of_dsql("x.dsql..on.aws"), "");
  EXPECT_EQ(region_of_dsql("localhost"), "");
}

TEST(DsqlToken, IsRefusedForWhatIsNoName) {
  for (const char* host : {"", "https://x.dsql.us-east-1.on.aws", "a/b", "a b", "user@host"})
    EXPECT_FALSE(dsql_auth_token(host, "us-east-1", "admin", {"a", "b", "", 0}, kTime).ok()) << host;
}

}  // namespace
}  // namespace sluice::aws
