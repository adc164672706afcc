#include "app/retry_text.h"

#include <fmt/format.h>

#include "app/text_width.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {

ExitCode exit_code_of(const RetryReport& report) {
  if (!report.imbalances.empty()) return kImbalance;
  return report.books.quarantined > 0 ? kNeedsAPerson : kOk;
}

std::string retry_text(const RetryReport& report) {
  if (report.tried == 0) return "Nothing of that is in quarantine.\n";
  const change::Books& books = report.books;
  std::string text = fmt::format("{} tried, {} landed and left the quarantine.\n",
                                 with_thousands(report.tried), with_thousands(books.landed));
  if (books.repeats > 0) {
    text +=
        fmt::format("  {} left it because the same is in the log already.\n", with_thousands(books.repeats));
  }
  if (books.waiting > 0) {
    text += fmt::format("  {} wait again for the rest of their oversized record.\n",
                        with_thousands(books.waiting));
  }
  if (books.quarantined > 0) {
    std::string reasons;
    for (const auto& [reason, count] : report.refused_by_reason) {
      reasons +=
          fmt::format("{}{} {}", reasons.empty() ? "" : ", ", with_thousands(count), printable(reason));
    }
    text += fmt::format("  {} refused again: {}.\n    sluice quarantine list {}\n",
                        with_thousands(books.quarantined), reasons, report.where);
  }
  for (const std::string& line : report.imbalances)
    text += fmt::format("  THE BOOKS DO NOT BALANCE: {}\n", printable(line));
  return text;
}

std::string retry_json(const RetryReport& report) {
  std::string reasons;
  for (const auto& [reason, count] : report.refused_by_reason) {
    reasons += reasons.empty() ? "" : ",";
    append_json_string(reasons, reason);
    reasons += fmt::format(":{}", count);
  }
  return fmt::format(
      "{{\"tried\":{},\"landed\":{},\"repeats\":{},\"waiting\":{},\"refused\":{},\"refused_by_reason\":{{{}}}"
      ","
      "\"balanced\":{}}}\n",
      report.tried, report.books.landed, report.books.repeats, report.books.waiting, report.books.quarantined,
      reasons, report.imbalances.empty());
}

}  // namespace sluice::app
