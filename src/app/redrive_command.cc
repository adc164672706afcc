// sluice redrive: lands what an event source mapping gave up.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/function_parts.h"
#include "app/options.h"
#include "app/report.h"
#include "aws/sqs.h"
#include "base/clock.h"
#include "base/text.h"

namespace sluice::app {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// For one document, and a little less than its message stays hidden.
constexpr int64_t kPatienceNs = 600 * kSecond;
constexpr int kHiddenS = 630;
constexpr int kWaitS = 5;

struct Count {
  int done = 0;
  int left = 0;
};

// Tells what became of one document, and counts it.
bool redrive_one(lambda::SluiceFunction& function, const std::string& name, const std::string& document,
                 Count& count) {
  const Result<void> done = function.redrive(document, system_clock().steady_ns() + kPatienceNs);
  if (done.ok()) {
    ++count.done;
    fmt::print("  done  {}\n", name);
  } else {
    ++count.left;
    fmt::print("  LEFT  {}: {}\n", name, done.error().message);
  }
  std::fflush(stdout);
  return done.ok();
}

Result<void> redrive_queue(FunctionParts& parts, lambda::SluiceFunction& function, const std::string& url,
                           Count& count) {
  aws::Sqs sqs(parts.session());
  std::set<std::string> seen;
  for (;;) {
    const std::vector<aws::SqsMessage> messages = TRY(sqs.receive(url, 1, kWaitS, kHiddenS));
    if (messages.empty()) return {};
    const aws::SqsMessage& message = messages.front();
    // What comes again within one call is not done with now either.
    if (!seen.insert(message.id).second) return {};
    if (redrive_one(function, message.id, message.body, count)) {
      TRY(sqs.remove(url, message.receipt));
    } else {
      TRY(sqs.hide(url, message.receipt, 60));
    }
  }
}

Result<void> redrive_file(lambda::SluiceFunction& function, const std::string& path, Count& count) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return refused(fmt::format("cannot read {}.", path));
  redrive_one(function, path, text.str(), count);
  return {};
}

Result<Count> redrive(const Options& options) {
  const auto parts = TRY(FunctionParts::open(options));
  lambda::SluiceFunction& function = parts->add_worker(nullptr);
  Count count;
  if (options.has("queue")) {
    const std::string url = TRY(aws::parse_queue_url(options.text("queue")));
    TRY(redrive_queue(*parts, function, url, count));
  } else {
    TRY(redrive_file(function, options.text("from"), count));
  }
  const lambda::Account& total = function.total();
  fmt::print(
      "{} documents done, {} left.  read {}  landed {}  repeats {}  quarantined {}  waiting {}  failed {}\n",
      count.done, count.left, with_thousands(total.received), with_thousands(total.landed),
      with_thousands(total.repeats), with_thousands(total.quarantined), with_thousands(total.waiting),
      with_thousands(total.failed));
  return count;
}

}  // namespace

int redrive_command(const Options& options) {
  if (options.has("queue") == options.has("from"))
    return misused(refused("say either --queue URL or --from FILE. `sluice redrive --help` has examples."));
  const auto done = redrive(options);
  if (!done.ok()) return cannot(done.error());
  return done.value().left == 0 ? kOk : kNeedsAPerson;
}

}  // namespace sluice::app
