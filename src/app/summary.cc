#include "app/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/text_width.h"
#include "app/units.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {
namespace {

using change::Books;

// More shards than this are shown only with --verbose.
constexpr size_t kShardsShown = 16;
constexpr size_t kWidth = 100;

Books sum(const std::map<std::string, Books, std::less<>>& shards) {
  Books total;
  for (const auto& [shard, books] : shards) total.add(books);
  return total;
}

bool is_keyless(const pipeline::TableNote& note) { return note.keyless_rows > 0 || note.key.columns.empty(); }

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// A word as the shell needs it.
std::string shell_word(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("./_-:=,+@%").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string table_text(const change::TableName& name) {
  return printable(name.schema == "public" ? name.table : name.schema + "." + name.table);
}

// The rows of the books, each with its name, under one header, numbers aligned.
class BooksTable {
 public:
  void add(const std::string& name, const Books& books) {
    rows_.push_back({printable(name),
                     {with_thousands(books.read), with_thousands(books.landed), with_thousands(books.repeats),
                      with_thousands(books.quarantined), with_thousands(books.waiting)}});
  }

  std::string text() const {
    static constexpr std::array<const char*, 5> kNames = {"read", "landed", "repeats", "quarantined",
                                                          "waiting"};
    size_t name_width = 0;
    std::array<size_t, 5> widths{};
    for (size_t at = 0; at < kNames.size(); ++at) widths[at] = std::string_view(kNames[at]).size();
    for (const auto& [name, cells] : rows_) {
      name_width = std::max(name_width, display_width(name));
      for (size_t at = 0; at < cells.size(); ++at) widths[at] = std::max(widths[at], cells[at].size());
    }
    std::string out = "  " + std::string(name_width, ' ');
    for (size_t at = 0; at < kNames.size(); ++at) out += fmt::format("  {:>{}}", kNames[at], widths[at]);
    out += '\n';
    for (const auto& [name, cells] : rows_) {
      out += "  " + name + std::string(name_width - display_width(name), ' ');
      for (size_t at = 0; at < cells.size(); ++at) out += fmt::format("  {:>{}}", cells[at], widths[at]);
      out += '\n';
    }
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::array<std::string, 5>>> rows_;
};

std::string headline(const RunReport& report) {
  const Books books = sum(report.summary.shards);
  if (report.summary.interrupted) {
    return "Stopped. Everything read is durable; the next run continues at the same place.\n";
  }
  if (books.read == 0) return fmt::format("Nothing new in {}.\n", report.from);
  const double rate = report.seconds > 0 ? static_cast<double>(books.read) / report.seconds : 0;
  return fmt::format("Done. Everything in {} is durable in {}.\n  {} records, {} in {}, {}/s\n", report.from,
                     report.to, with_thousands(books.read), human_bytes(static_cast<uint64_t>(books.bytes)),
                     human_duration(report.seconds), with_thousands(static_cast<int64_t>(rate)));
}

std::string books_text(const RunReport& report) {
  const auto& shards = report.summary.shards;
  BooksTable table;
  const Books run = sum(shards);
  const Books ever = sum(report.summary.shards_ever);
  if (shards.size() > 1 && (report.verbose || shards.size() <= kShardsShown)) {
    for (const auto& [shard, books] : shards) table.add(shard, books);
  }
  table.add("this run", run);
  if (ever.read != run.read) table.add("since the file was made", ever);
  std::string out = table.text();
  if (shards.size() > kShardsShown && !report.verbose) {
    out += fmt::format("  {} shards; --verbose shows each.\n", shards.size());
  }
  return out;
}

std::string balance_text(const RunReport& report, bool colour) {
  if (report.summary.imbalances.empty()) {
    return "  The books balance: read = landed + repeats + quarantined + waiting.\n";
  }
  std::string out = colour ? "\x1b[31m  THE BOOKS DO NOT BALANCE.\x1b[0m\n" : "  THE BOOKS DO NOT BALANCE.\n";
  for (const std::string& line : report.summary.imbalances) out += fmt::format("    {}\n", printable(line));
  return out + "  Keep the file and the source as they are; docs/OPERATIONS.md says what to do.\n";
}

std::string expired_text(const RunReport& report, bool colour) {
  if (report.expired_unread == 0) return {};
  return fmt::format(
      "{}  RECORDS MAY BE LOST{} in {} {}: they expired at the source before they were read. The lines "
      "above name them;\n  docs/OPERATIONS.md says what to do.\n",
      colour ? "\x1b[31m" : "", colour ? "\x1b[0m" : "", with_thousands(report.expired_unread),
      report.expired_unread == 1 ? "place" : "places");
}

std::string reasons_text(const std::vector<std::pair<std::string, int64_t>>& reasons) {
  std::string out;
  for (const auto& [reason, count] : reasons) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", with_thousands(count), printable(reason));
  }
  return out;
}

std::string repeats_text(const RunReport& report) {
  if (report.repeats_in_log == 0) return {};
  const std::string text =
      fmt::format("{} of the log {} the same change delivered again. The views show each change once{}.",
                  report.repeats_in_log == 1 ? "1 row" : with_thousands(report.repeats_in_log) + " rows",
                  report.repeats_in_log == 1 ? "is" : "are",
                  report.can_skip_repeats ? "; --repeats skip keeps them out of the log" : "");
  return "\n  " + wrap_words(text, 2, kWidth) + "\n";
}

std::string quarantine_text(const RunReport& report) {
  int64_t count = 0;
  for (const auto& [reason, records] : report.quarantine) count += records;
  if (count == 0) return {};
  const std::string text =
      fmt::format("{} {} in quarantine: {}.", with_thousands(count), count == 1 ? "record is" : "records are",
                  reasons_text(report.quarantine));
  return fmt::format("\n  {}\n    sluice quarantine list --db {}\n", wrap_words(text, 2, kWidth),
                     shell_word(report.db));
}

std::string waiting_text(const RunReport& report) {
  const pipeline::RunSummary& summary = report.summary;
  if (summary.waiting == 0) return {};
  const double age = static_cast<double>(report.now_ns - summary.oldest_waiting_ns) / 1e9;
  const std::string text = fmt::format(
      "{} of oversized records {} for the rest, the oldest for {}. What is not complete after {} goes to "
      "quarantine.",
      summary.waiting == 1 ? "1 piece" : with_thousands(summary.waiting) + " pieces",
      summary.waiting == 1 ? "waits" : "wait", human_duration(std::max(0.0, age)),
      duration_text(report.incomplete_after_ms));
  std::string out = "\n  " + wrap_words(text, 2, kWidth) + "\n";
  if (!summary.waiting_chunks.empty()) {
    out += "    chunks:";
    for (const std::string& chunk : summary.waiting_chunks) out += " " + printable(chunk);
    out += '\n';
  }
  return out;
}

std::string tables_text(const RunReport& report) {
  std::string keyless;
  std::string mismatched;
  for (const pipeline::TableNote& note : report.summary.tables_to_mention) {
    const std::string columns = printable(fmt::format("{}", fmt::join(note.key.columns, ", ")));
    if (is_keyless(note)) {
      const std::string why =
          note.key.columns.empty() ? "have no key" : fmt::format("lack the key ({})", columns);
      keyless +=
          fmt::format("    {}  {} rows {}\n", table_text(note.table), with_thousands(note.keyless_rows), why);
    }
    if (note.key_mismatches > 0) {
      mismatched += fmt::format("    {}  {} deletes name other columns than its key ({})\n",
                                table_text(note.table), with_thousands(note.key_mismatches), columns);
    }
  }
  std::string out;
  if (!keyless.empty()) {
    out +=
        "\n  Rows without a key. The views show every distinct image of them; deletes on a table without a "
        "key\n"
        "  are quarantined.\n" +
        keyless + "    Name the key with --key schema.table=column,column, or give --catalog.\n";
  }
  if (!mismatched.empty()) {
    out += "\n  Tables whose deletes disagree with the key in use:\n" + mismatched;
  }
  return out;
}

std::string curiosities_text(const RunReport& report) {
  if (report.summary.curiosities.empty()) return {};
  const std::vector<std::pair<std::string, int64_t>> list(report.summary.curiosities.begin(),
                                                          report.summary.curiosities.end());
  const std::string text =
      fmt::format("Landed, but unusual: {}. docs/OPERATIONS.md says what each means.", reasons_text(list));
  return "\n  " + wrap_words(text, 2, kWidth) + "\n";
}

std::string books_json(const Books& books) {
  return fmt::format(
      R"({{"read":{},"landed":{},"rows":{},"repeats":{},"quarantined":{},"waiting":{},"bytes":{}}})",
      books.read, books.landed, books.rows, books.repeats, books.quarantined, books.waiting, books.bytes);
}

template <typename Entries, typename Text>
std::string json_object(const Entries& entries, const Text& value_text) {
  std::string out = "{";
  for (const auto& [name, value] : entries) {
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", quoted(name), value_text(value));
  }
  return out + "}";
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + quoted(text);
  return out + "]";
}

std::string tables_json(const std::vector<pipeline::TableNote>& notes) {
  std::string out = "[";
  for (const pipeline::TableNote& note : notes) {
    out += fmt::format(R"({}{{"schema":{},"table":{},"key":{},"keyless_rows":{},"key_mismatches":{}}})",
                       out.size() > 1 ? "," : "", quoted(note.table.schema), quoted(note.table.table),
                       json_list(note.key.columns), note.keyless_rows, note.key_mismatches);
  }
  return out + "]";
}

}  // namespace

ExitCode exit_code_of(const RunReport& report) {
  const pipeline::RunSummary& summary = report.summary;
  if (!summary.imbalances.empty()) return kImbalance;
  if (report.expired_unread > 0) return kNeedsAPerson;
  const bool keyless =
      std::any_of(summary.tables_to_mention.begin(), summary.tables_to_mention.end(), is_keyless);
  if (report.strict && (keyless || !summary.quarantined_by_reason.empty())) return kNeedsAPerson;
  return kOk;
}

std::string summary_text(const RunReport& report, bool colour) {
  return headline(report) + "\n" + books_text(report) + balance_text(report, colour) +
         expired_text(report, colour) + repeats_text(report) + quarantine_text(report) +
         waiting_text(report) + tables_text(report) + curiosities_text(report);
}

std::string summary_json(const RunReport& report) {
  const pipeline::RunSummary& summary = report.summary;
  const auto number = [](int64_t value) { return std::to_string(value); };
  const double age =
      summary.waiting == 0 ? 0 : static_cast<double>(report.now_ns - summary.oldest_waiting_ns) / 1e9;
  return fmt::format(
      R"({{"interrupted":{},"balanced":{},"exit_code":{},"seconds":{:.3f},"this_run":{},"ever":{},"shards":{},)"
      R"("quarantined_by_reason":{},"quarantine":{},"waiting":{{"pieces":{},"oldest_seconds":{:.0f},"chunks":{}}},)"
      R"("tables":{},"unusual":{},"imbalances":{},"repeats_in_log":{},"expired_unread":{}}})"
      "\n",
      summary.interrupted, summary.imbalances.empty(), static_cast<int>(exit_code_of(report)), report.seconds,
      books_json(sum(summary.shards)), books_json(sum(summary.shards_ever)),
      json_object(summary.shards, books_json), json_object(summary.quarantined_by_reason, number),
      json_object(report.quarantine, number), summary.waiting, std::max(0.0, age),
      json_list(summary.waiting_chunks), tables_json(summary.tables_to_mention),
      json_object(summary.curiosities, number), json_list(summary.imbalances), report.repeats_in_log,
      report.expired_unread);
}

}  // namespace sluice::app
