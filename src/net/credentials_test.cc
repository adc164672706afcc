#include "net/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "net/credential_process.h"
#include "net/endpoint.h"
#include "net/scripted_transport_for_test.h"
#include "net/shared_config.h"

namespace sluice::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kNow = 1767323045 * kSecond;  // 2026-01-02T03:04:05Z
constexpr std::string_view kSecret = "hush+secret/1";

std::string json_credentials(const std::string& id, const std::string& expiration = "2026-01-02T09:04:05Z") {
  return R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":")" + id + R"(","SecretAccessKey":")" +
         std::string(kSecret) + R"(","Token":"hush-token","Expiration":")" + expiration + R"("})";
}

std::string xml_credentials(const std::string& id) {
  return "<AssumeRoleResponse "
         "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
         "<AccessKeyId>" +
         id + "</AccessKeyId><SecretAccessKey>" + std::string(kSecret) +
         "</SecretAccessKey><SessionToken>hush-token</SessionToken><Expiration>2026-01-02T04:04:05Z</"
         "Expiration>"
         "</Credentials></AssumeRoleResult></AssumeRoleResponse>";
}

// A world in which nothing is configured and nobody answers, until a test says otherwise.
class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : folder_(::testing::TempDir() + "credentials_test." + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
    variables = {{"HOME", folder_}, {"AWS_REGION", "eu-central-1"}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  CredentialsProvider& provider() {
    if (!provider_) provider_ = default_credentials({environment_of(variables), &transport, &clock});
    return *provider_;
  }
  std::string found_id() {
    const auto found = provider().get();
    if (!found.ok()) return "error: " + found.error().message;
    EXPECT_FALSE(found.value().secret_access_key.empty());
    return found.value().access_key_id;
  }
  std::string error() {
    const auto found = provider().get();
    if (found.ok()) return "no error";
    EXPECT_THAT(found.error().message, Not(HasSubstr("hush")));
    return found.error().message;
  }

  std::map<std::string, std::string> variables;
  ScriptedTransport::Rule rule = [](const HttpRequest&) { return unavailable("nobody answers"); };
  ScriptedTransport transport{[this](const HttpRequest& request) { return rule(request); }};
  ManualClock clock{kNow};

 private:
  std::string folder_;
  std::unique_ptr<CredentialsProvider> provider_;
};

TEST_F(CredentialsTest, TheEnvironmentComesFirst) {
  variables.insert(
      {{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}});
  file(".aws/credentials", "[default]\naws_access_key_id=AKFILE\naws_secret_access_key=s\n");
  EXPECT_EQ(found_id(), "AKENV");
  EXPECT_EQ(provider().get().value().session_token, "t");
  EXPECT_TRUE(transport.seen.empty());
}

TEST_F(CredentialsTest, HalfAPairInTheEnvironmentIsSaid) {
  variables["AWS_ACCESS_KEY_ID"] = "AKENV";
  EXPECT_THAT(error(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
}

TEST_F(CredentialsTest, WhenNothingIsFoundEveryPlaceIsNamed) {
  const std::string text = error();
  for (const char* place : {"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", ".aws/credentials",
                            ".aws/config", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "169.254.169.254"})
    EXPECT_THAT(text, HasSubstr(place));
}

TEST_F(CredentialsTest, AProfileIsTakenOutOfBothFilesAndTheCredentialsFileWins) {
  variables["AWS_PROFILE"] = "shop";
  file(".aws/config",
       "[profile shop]\nregion = x\naws_access_key_id = AKCONFIG\naws_secret_access_key = s\n");
  file(".aws/credentials",
       "# keys\n[default]\naws_access_key_id=AKDEFAULT\n\n[shop]\naws_access_key_id = AKSHOP ; mine\n");
  EXPECT_EQ(found_id(), "AKSHOP");
}

TEST_F(CredentialsTest, AProfileThatIsNotThereIsRefusedAndNobodyElseIsAsked) {
  variables["AWS_PROFILE"] = "shpo";
  file(".aws/credentials", "[shop]\naws_access_key_id=AKSHOP\naws_secret_access_key=s\n");
  EXPECT_THAT(error(), HasSubstr("no profile shpo"));
  EXPECT_TRUE(transport.seen.empty());
}

TEST_F(CredentialsTest, ALineThatCannotBeReadIsNamedByItsNumberOnly) {
  file(".aws/credentials", "[default]\naws_access_key_id=AK\nhush hush\n");
  EXPECT_THAT(error(), HasSubstr("line 3"));
}

TEST_F(CredentialsTest, ARoleIsAssumedWithTheKeysOfItsSourceProfile) {
  variables["AWS_PROFILE"] = "shop";
  file(".aws/config",
       "[profile shop]\nrole_arn = arn:aws:iam::1:role/shop\nsource_profile = base\nexternal_id = e/1\n"
       "[profile base]\naws_access_key_id = AKBASE\naws_secret_access_key = s\n");
  rule = [](const HttpRequest&) { return replies(200, xml_credentials("AKROLE")); };
  EXPECT_EQ(found_id(), "AKROLE");
  ASSERT_EQ(transport.seen.size(), 1U);
  EXPECT_EQ(transport.seen[0].url, "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_EQ(transport.seen[0].body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fshop&"
            "RoleSessionName=sluice&ExternalId=e%2F1");
  EXPECT_THAT(header_of(transport.seen[0], "Authorization"),
              HasSubstr("Credential=AKBASE/20260102/eu-central-1/sts/aws4_request"));
}

TEST_F(CredentialsTest, ProfilesThatLeadToEachOtherEnd) {
  file(".aws/config",
       "[default]\nrole_arn=a\nsource_profile=other\n[profile other]\nrole_arn=b\nsource_profile=default\n");
  EXPECT_THAT(error(), HasSubstr("circles"));
}

TEST_F(CredentialsTest, WhatIsNotSupportedIsSaid) {
  file(".aws/config", "[default]\nsso_session = work\n[sso-session work]\nsso_region = x\n");
  EXPECT_THAT(error(), HasSubstr("not supported"));
}

TEST_F(CredentialsTest, WebIdentityGivesItsTokenToStsUnsigned) {
  variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
  variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("token", "hush.jwt\n");
  rule = [](const HttpRequest&) { return replies(200, xml_credentials("AKPOD")); };
  EXPECT_EQ(found_id(), "AKPOD");
  EXPECT_THAT(transport.seen[0].body, HasSubstr("&WebIdentityToken=hush.jwt"));
  EXPECT_EQ(header_of(transport.seen[0], "Authorization"), "");
}

TEST_F(CredentialsTest, StsSayingNoIsRefusedWithItsCode) {
  variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
  variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("token", "hush.jwt");
  rule = [](const HttpRequest&) {
    return replies(400,
                   "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>hush</Message></Error>");
  };
  EXPECT_EQ(provider().get().error().kind, ErrorKind::Refused);
  EXPECT_THAT(error(), HasSubstr("ExpiredTokenException"));
  rule = [](const HttpRequest&) { return replies(503, "hush"); };
  EXPECT_EQ(provider().get().error().kind, ErrorKind::Unavailable);
}

TEST_F(CredentialsTest, AProcessPrintsThem) {
  file(".aws/config",
       "[default]\ncredential_process = printf '%s' '{\"Version\":1,\"AccessKeyId\":\"AKPROC\","
       "\"SecretAccessKey\":\"hush\",\"SessionToken\":\"hush\"}'\n");
  EXPECT_EQ(found_id(), "AKPROC");
}

TEST_F(CredentialsTest, AProcessThatFailsIsRefusedWithoutWhatItPrinted) {
  for (const std::string command :
       {"echo hush; exit 3", "echo hush", "yes hush | head -c 70000", "kill $$"}) {
    file(".aws/config", "[default]\ncredential_process = " + command + "\n");
    EXPECT_THAT(error(), HasSubstr("credential_process of the profile default")) << command;
  }
}

TEST(CredentialProcess, OneThatHangsIsKilledWithItsChildren) {
  const auto printed = run_credential_process("sleep 600 | cat", 50);
  ASSERT_FALSE(printed);
  EXPECT_THAT(printed.error().message, HasSubstr("took longer"));
}

TEST_F(CredentialsTest, AContainerIsAskedAtEcssAddress) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AKECS")); };
  EXPECT_EQ(found_id(), "AKECS");
  EXPECT_EQ(transport.seen[0].url, "http://169.254.170.2/v2/credentials/1");
}

TEST_F(CredentialsTest, APodIdentityTokenIsReadAnewForEachRequest) {
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file("pod", "hush-1\n");
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AKEKS", "2026-01-02T03:10:05Z")); };
  EXPECT_EQ(found_id(), "AKEKS");
  EXPECT_EQ(header_of(transport.seen[0], "Authorization"), "hush-1");
  file("pod", "hush-2");
  clock.advance_ns(120 * kSecond);
  EXPECT_EQ(found_id(), "AKEKS");
  EXPECT_EQ(header_of(transport.seen.at(1), "Authorization"), "hush-2");
}

TEST_F(CredentialsTest, AStrangersAddressIsNotAskedWithoutTls) {
  for (const std::string address :
       {"http://example.com/creds", "http://169.254.170.99/", "http://127.0.0.1.test/"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address;
    auto chain = default_credentials({environment_of(variables), &transport, &clock});
    ASSERT_FALSE(chain->get());
    EXPECT_EQ(chain->get().error().kind, ErrorKind::Refused) << address;
  }
  EXPECT_TRUE(transport.seen.empty());
}

TEST_F(CredentialsTest, AnInstanceIsAskedWithATokenFirst) {
  rule = [](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.method == "PUT") return replies(200, "imds-token");
    if (header_of(request, "X-aws-ec2-metadata-token") != "imds-token") return replies(401, "");
    if (request.url.ends_with("/security-credentials/")) return replies(200, "shop-role");
    if (request.url.ends_with("/security-credentials/shop-role"))
      return replies(200, json_credentials("AKEC2"));
    return replies(404, "");
  };
  EXPECT_EQ(found_id(), "AKEC2");
  EXPECT_EQ(transport.seen[0].url, "http://169.254.169.254/latest/api/token");
}

TEST_F(CredentialsTest, AnInstanceWithoutARoleAndOneThatIsSwitchedOffAreNamed) {
  rule = [](const HttpRequest& request) -> Result<HttpResponse> {
    return request.method == "PUT" ? replies(200, "t") : replies(404, "");
  };
  EXPECT_THAT(error(), HasSubstr("the instance has no role"));
  variables["AWS_EC2_METADATA_DISABLED"] = "true";
  transport.seen.clear();
  auto chain = default_credentials({environment_of(variables), &transport, &clock});
  EXPECT_THAT(chain->get().error().message, HasSubstr("AWS_EC2_METADATA_DISABLED"));
  EXPECT_TRUE(transport.seen.empty());
}

TEST_F(CredentialsTest, TheyAreKeptUntilFiveMinutesBeforeTheyExpire) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AK", "2026-01-02T04:04:05Z")); };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(found_id(), "AK");
  clock.advance_ns((3600 - 301) * kSecond);
  EXPECT_EQ(found_id(), "AK");
  EXPECT_EQ(transport.seen.size(), 1U);
  clock.advance_ns(2 * kSecond);
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AKNEW")); };
  EXPECT_EQ(found_id(), "AKNEW");
}

TEST_F(CredentialsTest, OldOnesServeUntilTheyExpireWhileTheOriginIsDown) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AK", "2026-01-02T04:04:05Z")); };
  EXPECT_EQ(found_id(), "AK");
  rule = [](const HttpRequest&) { return replies(500, ""); };
  clock.advance_ns(3400 * kSecond);
  EXPECT_EQ(found_id(), "AK");
  EXPECT_EQ(found_id(), "AK");
  EXPECT_EQ(transport.seen.size(), 2U) << "asked again only after a while";
  clock.advance_ns(300 * kSecond);
  EXPECT_EQ(provider().get().error().kind, ErrorKind::Unavailable);
}

TEST_F(CredentialsTest, WhatWasForgottenIsAskedForAgain) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AK")); };
  EXPECT_EQ(found_id(), "AK");
  provider().forget();
  EXPECT_EQ(found_id(), "AK");
  EXPECT_EQ(transport.seen.size(), 2U);
}

TEST_F(CredentialsTest, ManyThreadsMayAsk) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  rule = [](const HttpRequest&) { return replies(200, json_credentials("AK")); };
  provider();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(provider().get()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(transport.seen.size(), 1U);
}

TEST_F(CredentialsTest, GarbledAnswersAreErrorsThatShowNothing) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  for (const std::string body : {"", "hush", "[]", "{}", R"({"AccessKeyId":"hush"})",
                                 R"({"AccessKeyId":"a","SecretAccessKey":"hush","Expiration":"hush"})",
                                 R"({"Code":"hush","AccessKeyId":"a","SecretAccessKey":"b"})"}) {
    rule = [&](const HttpRequest&) { return replies(200, body); };
    EXPECT_THAT(error(), HasSubstr("169.254.170.2")) << body;
  }
}

class EndpointTest : public CredentialsTest {
 protected:
  Result<EndpointSettings> settings() {
    return endpoint_settings({environment_of(variables), &transport, &clock});
  }
  std::string url(const std::string& service) { return endpoint_url(settings().value(), service).value(); }
};

TEST_F(EndpointTest, EveryPartitionHasItsAddresses) {
  struct Case {
    std::string region;
    bool fips;
    bool dual;
    std::string service;
    std::string url;
  };
  for (const Case& one : std::vector<Case>{
           {"us-east-1", false, false, "kinesis", "https://kinesis.us-east-1.amazonaws.com"},
           {"us-east-1", true, false, "kinesis", "https://kinesis-fips.us-east-1.amazonaws.com"},
           {"us-east-1", false, true, "kinesis", "https://kinesis.us-east-1.api.aws"},
           {"us-east-1", true, true, "redshift-data", "https://redshift-data-fips.us-east-1.api.aws"},
           {"us-east-1", false, false, "dsql", "https://dsql.us-east-1.api.aws"},
           {"us-east-1", true, false, "dsql", "https://dsql-fips.us-east-1.api.aws"},
           {"us-east-1", false, true, "s3", "https://s3.dualstack.us-east-1.amazonaws.com"},
           {"cn-north-1", false, false, "kinesis", "https://kinesis.cn-north-1.amazonaws.com.cn"},
           {"cn-north-1", false, true, "kinesis", "https://kinesis.cn-north-1.api.amazonwebservices.com.cn"},
           {"us-gov-west-1", true, false, "sts", "https://sts-fips.us-gov-west-1.amazonaws.com"}}) {
    EndpointSettings wanted;
    wanted.region = one.region;
    wanted.fips = one.fips;
    wanted.dual_stack = one.dual;
    EXPECT_EQ(endpoint_url(wanted, one.service).value(), one.url);
  }
}

TEST_F(EndpointTest, AServicesOwnAddressComesBeforeTheOneForAll) {
  variables.insert({{"AWS_ENDPOINT_URL", "http://localhost:4566/"},
                    {"AWS_ENDPOINT_URL_KINESIS", "http://localhost:4567"},
                    {"AWS_ENDPOINT_URL_REDSHIFT_DATA", "http://localhost:4568"}});
  EXPECT_EQ(url("kinesis"), "http://localhost:4567");
  EXPECT_EQ(url("redshift-data"), "http://localhost:4568");
  EXPECT_EQ(url("sts"), "http://localhost:4566");
}

TEST_F(EndpointTest, AProfileMaySayAddressesToo) {
  file(
      ".aws/config",
      "[default]\nservices = local\nendpoint_url = http://all\nuse_fips_endpoint = true\n"
      "[services local]\nkinesis =\n  endpoint_url = http://streams\ns3 =\n  endpoint_url = http://bucket\n");
  EXPECT_EQ(url("kinesis"), "http://streams");
  EXPECT_EQ(url("sqs"), "http://all");
  variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(url("kinesis"), "https://kinesis-fips.eu-central-1.amazonaws.com");
}

TEST_F(EndpointTest, TheRegionIsLookedForInOrder) {
  EXPECT_EQ(settings().value().region, "eu-central-1");
  variables.erase("AWS_REGION");
  variables["AWS_DEFAULT_REGION"] = "eu-west-1";
  EXPECT_EQ(settings().value().region, "eu-west-1");
  variables.erase("AWS_DEFAULT_REGION");
  file(".aws/config", "[default]\nregion = eu-north-1\n");
  EXPECT_EQ(settings().value().region, "eu-north-1");
  file(".aws/config", "");
  rule = [](const HttpRequest& request) {
    return replies(200, request.method == "PUT" ? "t" : "eu-south-1");
  };
  EXPECT_EQ(settings().value().region, "eu-south-1");
  rule = [](const HttpRequest&) { return unavailable("nobody"); };
  EXPECT_THAT(settings().error().message, HasSubstr("Set AWS_REGION"));
}

TEST_F(EndpointTest, WhatIsNoRegionOrAddressIsRefused) {
  for (const std::string region : {"evil.com/", "us_east", "-x", "us-east-1:80"}) {
    variables["AWS_REGION"] = region;
    EXPECT_FALSE(settings()) << region;
  }
  variables["AWS_REGION"] = "us-iso-east-1";
  EXPECT_THAT(endpoint_url(settings().value(), "kinesis").error().message,
              HasSubstr("AWS_ENDPOINT_URL_KINESIS"));
  variables["AWS_ENDPOINT_URL"] = "localhost:4566";
  EXPECT_THAT(settings().error().message, HasSubstr("AWS_ENDPOINT_URL"));
}

}  // namespace
}  // namespace sluice::net
