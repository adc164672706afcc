// SQS: messages of standard queues, one attempt each.
//
// A message that was received is hidden for its visibility timeout and comes again unless it is removed by
// its receipt. Any message may come twice. Limits:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/session.h"
#include "base/result.h"

namespace sluice::aws {

// A message's body at most, as the service takes it since 2025; older queues' settings and emulators may
// allow less, and then refuse.
inline constexpr size_t kMaxMessageBytes = 1U << 20;
// What one receive() gives at most.
inline constexpr int kMaxReceivedMessages = 10;

struct SqsMessage {
  std::string id;
  std::string receipt;
  std::string body;
  int64_t receive_count = 0;  // this time included; 0 when the service does not say
};

// Whether `text` can be a queue's URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, or an emulator's.
Result<std::string> parse_queue_url(std::string_view text);

// The messages in a reply; Malformed with reason "bad-reply" when it is none. For receive(), and for tests.
Result<std::vector<SqsMessage>> parse_messages(const std::string& body);

// Threads: any number at once.
class Sqs {
 public:
  struct Timeouts {
    int64_t read_ms = 30'000;  // a long poll takes up to 20 s
    int64_t write_ms = 20'000;
  };
  explicit Sqs(Session& session) : session_(session) {}
  Sqs(Session& session, Timeouts timeouts) : session_(session), timeouts_(timeouts) {}

  // The message is durable. A lost reply is OutcomeUnknown: sent again it may be there twice. Gives its id.
  Result<std::string> send(const std::string& queue_url, std::string_view body);
  // 0 to `limit` messages (1 to 10), waiting up to `wait_s` (0 to 20) for the first; nobody else gets them
  // for `hidden_s` (0 to 43,200). A lost reply is Unavailable: its messages come again by themselves.
  Result<std::vector<SqsMessage>> receive(const std::string& queue_url, int limit, int wait_s, int hidden_s);
  // The message never comes again, unless it came again already. Harmless to repeat.
  Result<void> remove(const std::string& queue_url, const std::string& receipt);
  // It stays hidden for `hidden_s` from now; 0: it comes again at once.
  Result<void> hide(const std::string& queue_url, const std::string& receipt, int hidden_s);

 private:
  Session& session_;
  Timeouts timeouts_;
};

}  // namespace sluice::aws
