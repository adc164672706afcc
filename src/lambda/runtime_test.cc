#include "lambda/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "net/scripted_server_for_test.h"
#include "net/transport.h"

namespace sluice::lambda {
namespace {

using net::ScriptedReply;
using net::SeenRequest;
using ::testing::HasSubstr;

class Echo final : public Function {
 public:
  Result<std::string> invoke(Invocation invocation) override {
    traces.push_back(std::getenv("_X_AMZN_TRACE_ID") == nullptr ? "" : std::getenv("_X_AMZN_TRACE_ID"));
    deadlines.push_back(invocation.deadline_ms);
    if (invocation.event == "bad") return malformed("unknown-event", "say \"no\"");
    return "[" + invocation.event + "]";
  }
  std::vector<std::string> traces;
  std::vector<int64_t> deadlines;
};

// A sandbox that hands out these events and then ends.
class RuntimeTest : public ::testing::Test {
 protected:
  ScriptedReply answer(const SeenRequest& request) {
    if (request.method == "POST") return {.status = post_status};
    if (events.empty()) return {.status = 500};
    ScriptedReply reply{.body = events.front(),
                        .headers = {{"Lambda-Runtime-Aws-Request-Id", "r-" + events.front()},
                                    {"Lambda-Runtime-Deadline-Ms", "1790000000123"},
                                    {"Lambda-Runtime-Trace-Id", "Root=1-" + events.front()}}};
    if (sends_invocation_id) reply.headers.push_back({"Lambda-Runtime-Invocation-Id", "i-" + events.front()});
    events.pop_front();
    return reply;
  }
  std::vector<SeenRequest> posts() const {
    std::vector<SeenRequest> found;
    for (const SeenRequest& one : server.seen())
      if (one.method == "POST") found.push_back(one);
    return found;
  }

  std::deque<std::string> events;
  bool sends_invocation_id = true;
  int post_status = 202;
  Echo function;
  net::ScriptedServer server{[this](const SeenRequest& request) { return answer(request); }};
  std::unique_ptr<net::HttpTransport> transport = net::make_transport({}).value();
  Runtime runtime{*transport, "127.0.0.1:" + std::to_string(server.port())};
};

TEST_F(RuntimeTest, EveryInvocationIsAnsweredUnderItsOwnIdsOnOneConnection) {
  events = {"a", "b"};
  const Error ended = serve(runtime, function, true);
  EXPECT_THAT(ended.message, HasSubstr("status 500"));
  const auto answers = posts();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].target, "/2018-06-01/runtime/invocation/r-b/response");
  EXPECT_EQ(answers[1].header("Lambda-Runtime-Invocation-Id"), "i-b");
  EXPECT_EQ(answers[1].header("Content-Type"), "application/json");
  EXPECT_EQ(answers[1].body, "[b]");
  EXPECT_EQ(function.traces, (std::vector<std::string>{"Root=1-a", "Root=1-b"}));
  EXPECT_EQ(function.deadlines, (std::vector<int64_t>{1790000000123, 1790000000123}));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RuntimeTest, AnIdThatDidNotComeIsNotEchoed) {
  events = {"a"};
  sends_invocation_id = false;
  (void)serve(runtime, function, false);
  EXPECT_EQ(posts().at(0).header("Lambda-Runtime-Invocation-Id"), "");
}

TEST_F(RuntimeTest, AFailedInvocationIsReportedAndTheNextOneTaken) {
  events = {"bad", "b"};
  (void)serve(runtime, function, false);
  const auto answers = posts();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].target, "/2018-06-01/runtime/invocation/r-bad/error");
  EXPECT_EQ(answers[0].header("Lambda-Runtime-Function-Error-Type"), "Sluice.UnknownEvent");
  EXPECT_EQ(answers[0].body,
            R"({"errorMessage":"say \"no\"","errorType":"Sluice.UnknownEvent","stackTrace":[]})");
  EXPECT_EQ(answers[1].body, "[b]");
}

TEST_F(RuntimeTest, AnAnswerThatIsTooLargeCostsOnlyItsOwnInvocation) {
  events = {"a", "b"};
  post_status = 413;
  (void)serve(runtime, function, false);
  EXPECT_EQ(posts().size(), 2U);
}

TEST_F(RuntimeTest, ASandboxThatEndsIsLeft) {
  events = {"a", "b"};
  post_status = 500;
  const Error ended = serve(runtime, function, false);
  EXPECT_EQ(ended.kind, ErrorKind::Refused);
  EXPECT_EQ(posts().size(), 1U);
}

TEST_F(RuntimeTest, AnInvocationWithoutARequestIdIsNotServed) {
  server.change([](const SeenRequest&) { return ScriptedReply{.body = "x"}; });
  EXPECT_FALSE(runtime.next());
}

TEST_F(RuntimeTest, AStartThatFailsIsToldOnce) {
  ASSERT_TRUE(runtime.init_failed({"Sluice.Settings", "SLUICE_TO is missing"}));
  EXPECT_EQ(posts().at(0).target, "/2018-06-01/runtime/init/error");
  EXPECT_EQ(posts().at(0).header("Lambda-Runtime-Function-Error-Type"), "Sluice.Settings");
}

}  // namespace
}  // namespace sluice::lambda
