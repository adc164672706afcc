#include "aws/s3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/kinesis_for_test.h"
#include "net/scripted_server_for_test.h"
#include "net/scripted_transport_for_test.h"

namespace sluice::aws {
namespace {

using net::ScriptedReply;
using net::SeenRequest;
using ::testing::HasSubstr;

std::string contents(const std::string& key, const std::string& bytes) {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;x" + "&quot;</ETag><Size>" +
         bytes + "</Size></Contents>";
}

class S3Test : public ::testing::Test {
 protected:
  void answer(ScriptedReply reply) {
    server.change([reply](const SeenRequest&) { return reply; });
  }
  SeenRequest last() const { return server.seen().back(); }

  net::ScriptedServer server{[](const SeenRequest&) { return ScriptedReply{.status = 500}; }};
  KinesisSession session{server.url()};
  S3 s3{session.session};
};

TEST_F(S3Test, APageOfAListBeginsBehindAKeyAndSaysWhetherThereIsMore) {
  answer({.status = 200,
          .body = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</"
                  "NextContinuationToken>" +
                  contents("pieces/b", "2") + "</ListBucketResult>"});
  const auto page = s3.list_page("shop-cdc", "pieces/", "pieces/a b");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(last().target,
            "/shop-cdc?encoding-type=url&list-type=2&prefix=pieces%2F&start-after=pieces%2Fa%20b");
  EXPECT_EQ(page.value().objects.at(0).key, "pieces/b");
  EXPECT_FALSE(page.value().next_token.empty());
  ASSERT_TRUE(s3.list_page("shop-cdc", "pieces/", ""));
  EXPECT_EQ(last().target, "/shop-cdc?encoding-type=url&list-type=2&prefix=pieces%2F");
}

TEST_F(S3Test, AnObjectIsWrittenAtItsPathWithTheHashOfItsBytes) {
  answer({.status = 200});
  ASSERT_TRUE(s3.put("shop.cdc", "a b/c+d", "bytes"));
  EXPECT_EQ(last().method, "PUT");
  EXPECT_EQ(last().target, "/shop.cdc/a%20b/c%2Bd");
  EXPECT_EQ(last().body, "bytes");
  EXPECT_EQ(last().header("X-Amz-Content-Sha256"),
            "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9");
  EXPECT_THAT(last().header("Authorization"), HasSubstr("/us-east-1/s3/aws4_request"));
}

TEST_F(S3Test, AnObjectComesBackByteForByte) {
  const std::string bytes("\0\xFF<Code>NoSuchKey</Code>", 24);
  answer({.body = bytes});
  const auto got = s3.get("shop", "k");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got.value(), bytes);
}

TEST_F(S3Test, AMissingObjectIsAnAnswerAndAMissingBucketIsAnError) {
  answer({.status = 404, .body = "<Error><Code>NoSuchKey</Code><Key>k</Key></Error>"});
  const auto missing = s3.get("shop", "k");
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing.value().has_value());
  EXPECT_TRUE(s3.remove("shop", "k"));
  answer({.status = 404, .body = "<Error><Code>NoSuchBucket</Code></Error>"});
  const auto none = s3.get("shop", "k");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::Refused);
  EXPECT_THAT(none.error().message, HasSubstr("NoSuchBucket"));
  EXPECT_FALSE(s3.put("shop", "k", ""));
  EXPECT_FALSE(s3.remove("shop", "k"));
}

TEST_F(S3Test, AListReadsEveryPageAndDecodesItsKeys) {
  server.change([](const SeenRequest& request) {
    const bool second = request.target.find("continuation-token=t%26o") != std::string::npos;
    return ScriptedReply{
        .body = second ? "<ListBucketResult><IsTruncated>false</IsTruncated>" + contents("p/c%26d", "7") +
                             "</ListBucketResult>"
                       : "<ListBucketResult><Name>shop</Name><IsTruncated>true</IsTruncated>" +
                             contents("p/a+b", "1") + contents("p/b%2Bc", "0") +
                             "<NextContinuationToken>t&amp;o</NextContinuationToken></ListBucketResult>"};
  });
  const auto objects = s3.list("shop", "p/");
  ASSERT_TRUE(objects) << objects.error().message;
  ASSERT_EQ(objects.value().size(), 3U);
  EXPECT_EQ(objects.value()[0].key, "p/a b");
  EXPECT_EQ(objects.value()[1].key, "p/b+c");
  EXPECT_EQ(objects.value()[2].key, "p/c&d");
  EXPECT_EQ(objects.value()[2].bytes, 7U);
  EXPECT_EQ(objects.value()[0].modified_ms, 1767323045678);
  EXPECT_THAT(server.seen().front().target, HasSubstr("?encoding-type=url&list-type=2&prefix=p%2F"));
}

TEST_F(S3Test, TheHeadOfAnObjectIsItsOwnAndNotThatOfALongerKey) {
  answer({.body = "<L><IsTruncated>false</IsTruncated>" + contents("k2", "5") + "</L>"});
  const auto none = s3.head("shop", "k");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none.value().has_value());
  answer({.body = "<L><IsTruncated>false</IsTruncated>" + contents("k", "6") + "</L>"});
  EXPECT_EQ(s3.head("shop", "k").value()->bytes, 6U);
}

TEST_F(S3Test, AListThatIsCutIsNeverTakenForAShortOne) {
  for (const std::string& body :
       {std::string(), std::string("<html>hello</html>"),
        "<L><IsTruncated>true</IsTruncated>" + contents("k", "1") + "</L>",
        std::string("<L><IsTruncated>false</IsTruncated><Contents><Key>k</Key></Contents></L>")}) {
    answer({.body = body});
    const auto objects = s3.list("shop", "k");
    ASSERT_FALSE(objects) << body;
    EXPECT_EQ(objects.error().kind, ErrorKind::Unavailable);
  }
}

TEST_F(S3Test, ALostReplyLeavesOpenWhetherAnObjectWasWrittenButNotWhatWasRead) {
  answer({.status = 200, .cut_after = 5});
  EXPECT_EQ(s3.put("shop", "k", "x").error().kind, ErrorKind::OutcomeUnknown);
  EXPECT_EQ(s3.get("shop", "k").error().kind, ErrorKind::Unavailable);
  answer({.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"});
  EXPECT_EQ(s3.put("shop", "k", "x").error().kind, ErrorKind::Throttled);
}

// The signatures that botocore's S3SigV4Auth makes of the same requests at the same time.
TEST(S3SignatureTest, IsWhatAnotherClientSigns) {
  net::ScriptedTransport transport([](const net::HttpRequest& request) -> Result<net::HttpResponse> {
    const bool second = request.url.find("continuation-token") != std::string::npos;
    return net::replies(200, second ? "<L><IsTruncated>false</IsTruncated></L>"
                                    : "<L><IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;o+="
                                      "</NextContinuationToken></L>");
  });
  const auto credentials =
      net::fixed_credentials({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", 0});
  const ManualClock clock(1'767'323'045'000'000'000);
  Session session(transport, *credentials, clock, KinesisSession::settings_for("http://127.0.0.1:4566"));
  S3 s3(session);
  ASSERT_TRUE(s3.list("shop", "p/a b"));
  ASSERT_TRUE(s3.put("shop", "p/a b+c.json", R"({"x":1})", "application/json"));
  ASSERT_EQ(transport.seen.size(), 3U);
  const auto signature = [&transport](size_t at) {
    const std::string value = net::header_of(transport.seen[at], "Authorization");
    return value.substr(value.find("Signature=") + 10);
  };
  EXPECT_EQ(signature(0), "536f2c39314eb3b3dbe234701a7fd5dadf3bcab82c94cb5c48f05179fa67bd5c");
  EXPECT_EQ(signature(2), "b6f39688cb9c075aee0aaa187cd41dd22ff4c299982d5bad2fcd4d24acbcb8bd");
}

TEST(S3PlaceTest, IsABucketAndAPrefixThatEndsInASlash) {
  EXPECT_EQ(parse_s3_place("s3://shop-cdc").value().prefix, "");
  EXPECT_EQ(parse_s3_place("s3://shop-cdc/").value().prefix, "");
  EXPECT_EQ(parse_s3_place("s3://shop-cdc/a/b").value().prefix, "a/b/");
  EXPECT_EQ(parse_s3_place("s3://shop-cdc/a/").value().prefix, "a/");
  for (const char* wrong : {"", "shop", "s3://", "s3://ab", "s3://Shop/x", "https://shop/x"})
    EXPECT_FALSE(parse_s3_place(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::aws
