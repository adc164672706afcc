#include "emulate/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json_text.h"
#include "emulate/generator_poison.h"
#include "emulate/generator_unusual.h"

namespace sluice::emulate {
namespace {

constexpr uint64_t kGeneratorStream = 0x6E11;
constexpr int64_t kStartNs = 1'790'000'000'000'000'000;
constexpr int64_t kMillisecondNs = 1'000'000;

Result<void> check_share(double value, std::string_view flag) {
  if (value >= 0 && value <= 1) return {};
  return refused(fmt::format("{} is {}; give a number from 0 to 1.", flag, value));
}

Result<void> check(const GenerateOptions& options) {
  TRY(check_share(options.duplicates, "--duplicates"));
  TRY(check_share(options.poison, "--poison"));
  TRY(check_share(options.oversize, "--oversize"));
  TRY(check_share(options.unusual, "--unusual"));
  TRY(check_share(options.schema_changes, "--schema-changes"));
  TRY(check_share(options.updates, "--updates"));
  TRY(check_share(options.deletes, "--deletes"));
  if (options.updates + options.deletes > 1) {
    return refused("--updates and --deletes together are more than 1; what they leave are inserts.");
  }
  if (options.changes < 1) return refused("--changes must be at least 1.");
  if (options.oversize_bytes < 1) return refused("--oversize-bytes must be at least 1.");
  if (options.rows_per_table < 1 || options.rows_per_table >= size_t{1} << 32) {
    return refused("--rows must be at least 1 and below 4,294,967,296.");
  }
  if (options.most_statements < 1) return refused("--statements must be at least 1.");
  return {};
}

ModelOptions model_options(const GenerateOptions& options) {
  ModelOptions model;
  model.seed = options.seed;
  model.rows_per_table = options.rows_per_table;
  model.updates = options.updates;
  model.deletes = options.deletes;
  model.schema_changes = options.schema_changes;
  model.unusual = options.unusual;
  model.oversize = options.preview ? 0 : options.oversize;
  model.oversize_bytes = options.oversize_bytes;
  return model;
}

EncodingOptions encoding_options(const GenerateOptions& options) {
  EncodingOptions encoding;
  encoding.oversize_bytes = options.oversize_bytes;
  encoding.fragment_bytes = options.fragment_bytes > 0 ? options.fragment_bytes : options.oversize_bytes;
  encoding.preview = options.preview;
  return encoding;
}

void count_unusual(std::map<std::string, int64_t>& counts, const Unusual& unusual) {
  const std::pair<const char*, bool> kinds[] = {{"unknown-op", unusual.unknown_op},
                                                {"unknown-version", unusual.unknown_version},
                                                {"extra-members", unusual.extra_members},
                                                {"shuffled", unusual.shuffled},
                                                {"spaced", unusual.spaced},
                                                {"escaped-names", unusual.escaped_names}};
  for (const auto& [name, is_so] : kinds) {
    if (is_so) ++counts[name];
  }
}

void append_counts(std::string& to, std::string_view name, const std::map<std::string, int64_t>& counts) {
  fmt::format_to(std::back_inserter(to), ",\n  \"{}\": {{", name);
  bool first = true;
  for (const auto& [key, count] : counts) {
    to.append(first ? "\n    " : ",\n    ");
    append_json_string(to, key);
    fmt::format_to(std::back_inserter(to), ": {}", count);
    first = false;
  }
  to.append(first ? "}" : "\n  }");
}

}  // namespace

std::string GenerateSummary::to_json() const {
  std::string to = fmt::format("{{\n  \"changes\": {}", changes);
  const auto add = [&to](std::string_view name, int64_t value) {
    fmt::format_to(std::back_inserter(to), ",\n  \"{}\": {}", name, value);
  };
  add("transactions", model.transactions);
  add("statements", model.statements);
  add("compacted_rows", model.compacted);
  add("key_updates", model.key_updates);
  add("schema_changes", model.schema_changes);
  add("records_delivered", delivery.delivered);
  add("records_repeated", delivery.repeats);
  add("full_records", full_records);
  add("head_records", head_records);
  add("fragment_records", fragment_records);
  add("poison_records", poison_records);
  add("keyless_deletes", keyless_deletes);
  add("quarantined_at_least", quarantined_at_least);
  add("never_complete_pieces", never_complete_pieces);
  add("unusual_images", model.unusual_images);
  add("oversized_images", model.oversized_images);
  add("truth_rows", truth_rows);
  add("first_commit_ts_ns", first_commit_ts_ns);
  add("last_commit_ts_ns", last_commit_ts_ns);
  append_counts(to, "operations", operations);
  append_counts(to, "poison", poison);
  append_counts(to, "unusual", unusual);
  to.append("\n}");
  return to;
}

Result<Generator> Generator::make(const GenerateOptions& options) {
  TRY(check(options));
  return Generator(options, TRY(choose_tables(options.tables)));
}

Generator::Generator(const GenerateOptions& options, std::vector<ModelTable> tables)
    : options_(options),
      model_(std::move(tables), model_options(options)),
      random_(options.seed, kGeneratorStream),
      again_random_(options.seed, kGeneratorStream + 1),
      poison_random_(options.seed, kGeneratorStream + 2),
      commit_ts_ns_(kStartNs) {}

// Strictly increasing, with several commits inside one microsecond and inside one millisecond, and now and
// then a pause. Preview records carry milliseconds only, so there every commit has its own.
int64_t Generator::next_commit_ts_ns() {
  int64_t step = 0;
  const uint64_t draw = random_.below(1000);
  if (draw < 350) {
    step = random_.between(1, 3);
  } else if (draw < 600) {
    step = random_.between(10, 900);
  } else if (draw < 900) {
    step = random_.between(1'000, 900'000);
  } else if (draw < 998) {
    step = random_.between(kMillisecondNs, 200 * kMillisecondNs);
  } else {
    step = random_.between(1'000, 600'000) * kMillisecondNs;
  }
  commit_ts_ns_ += step;
  if (options_.preview) commit_ts_ns_ = (commit_ts_ns_ / kMillisecondNs + 1) * kMillisecondNs;
  return commit_ts_ns_;
}

// Usually tens of milliseconds after the commit, sometimes just before it, sometimes a week late.
int64_t Generator::processing_time(int64_t commit_ts_ns, Random& random) {
  const uint64_t draw = random.below(1000);
  if (draw < 20) return commit_ts_ns - random.between(1, 5 * kMillisecondNs);
  if (draw < 25) return commit_ts_ns + random.between(1, 7 * 86'400'000) * kMillisecondNs;
  return commit_ts_ns + random.between(15 * kMillisecondNs, 300 * kMillisecondNs);
}

// One drawn transaction that fits into what is left of the changes; a statement makes at most two, and may
// show a table that still needs a delete. The last of them are deletes that teach a key.
void Generator::live_through_transaction() {
  const std::vector<size_t> owed = options_.teach_keys ? model_.tables_to_teach() : std::vector<size_t>();
  const int64_t left = options_.changes - summary_.changes - static_cast<int64_t>(owed.size());
  if (left <= 0) {
    for (const size_t table : owed) model_.delete_any_row(table);
    return;
  }
  if (left < 3) {
    if (!model_.update_some_row()) model_.random_statement();
    return;
  }
  const uint64_t draw = random_.below(100);
  int64_t statements = 1;
  if (draw >= 60) statements = random_.between(2, 6);
  if (draw >= 90) statements = random_.between(7, 40);
  if (draw >= 99) statements = random_.between(41, 200);
  statements = std::min({statements, options_.most_statements, left / 3});
  for (int64_t statement = 0; statement < statements; ++statement) model_.random_statement();
}

Result<void> Generator::deliver(const RowEffect& change, std::string_view tx_id, Delivery& delivery) {
  const ModelTable& table = model_.tables()[change.table];
  Unusual unusual;
  if (random_.chance(options_.unusual)) unusual = draw_unusual(random_);
  if (change.op == 'd') unusual.unknown_op = false;
  count_unusual(summary_.unusual, unusual);

  const std::string chunk_id = fmt::format("c-{:x}-{:016x}", summary_.changes, random_.next());
  EnvelopeFields fields;
  const std::string_view op(&change.op, 1);
  fields.op = unusual.unknown_op ? "x" : op;
  if (!change.before.empty()) fields.before = change.before;
  if (change.op != 'd') fields.after = change.after;
  fields.schema = table.name.schema;
  fields.table = table.name.table;
  fields.tx_id = tx_id;
  fields.commit_ts_ns = commit_ts_ns_;
  if (unusual.unknown_version) fields.version = "1.7";
  fields.chunk_id = chunk_id;

  const auto encode = [&](bool is_first) {
    fields.processed_ts_ns = processing_time(commit_ts_ns_, is_first ? random_ : again_random_);
    std::vector<std::string> texts;
    for (EncodedRecord& record : encode_record(fields, encoding_options(options_))) {
      if (is_first) {
        summary_.full_records += record.kind == RecordKind::Full ? 1 : 0;
        summary_.head_records += record.kind == RecordKind::Head ? 1 : 0;
        summary_.fragment_records += record.kind == RecordKind::Fragment ? 1 : 0;
      }
      texts.push_back(unusual.any() ? spelled_unusually(record.text, unusual) : std::move(record.text));
    }
    return texts;
  };
  ++summary_.changes;
  ++summary_.operations[std::string(options_.preview && fields.op == "u" ? "c" : fields.op)];
  if (change.op == 'd' && table.key.empty()) {
    ++summary_.keyless_deletes;
    ++summary_.quarantined_at_least;
  }
  const std::vector<std::string> texts = encode(true);
  return delivery.add(texts, [&encode] { return encode(false); });
}

Result<void> Generator::deliver_poison(Delivery& delivery) {
  const ModelTable& table = model_.tables()[poison_random_.index(model_.tables().size())];
  const PoisonOrigin origin{table.name.schema, table.name.table, commit_ts_ns_};
  const Poison poison = make_poison(poison_random_.index(poison_classes().size()), origin, poison_random_);
  ++summary_.poison[std::string(poison.name)];
  summary_.poison_records += static_cast<int64_t>(poison.records.size());
  summary_.quarantined_at_least += poison.quarantined_at_least;
  summary_.never_complete_pieces += poison.never_complete;
  return delivery.add(poison.records);
}

Result<void> Generator::run(const Take& take) {
  CHECK(summary_.changes == 0);
  Delivery delivery({options_.seed, options_.duplicates, options_.reorder}, take);
  while (summary_.changes < options_.changes) {
    live_through_transaction();
    const std::vector<RowEffect>& changes = model_.commit(next_commit_ts_ns());
    const uint64_t high = random_.next();
    const std::string tx_id = transaction_id(high, random_.next());
    for (const RowEffect& change : changes) {
      if (summary_.first_commit_ts_ns == 0) summary_.first_commit_ts_ns = commit_ts_ns_;
      summary_.last_commit_ts_ns = commit_ts_ns_;
      TRY(deliver(change, tx_id, delivery));
      if (options_.poison > 0 && poison_random_.chance(options_.poison)) TRY(deliver_poison(delivery));
    }
    model_.maybe_change_schema();
  }
  TRY(delivery.flush());
  summary_.delivery = delivery.counts();
  summary_.model = model_.counts();
  summary_.truth_rows = model_.truth_rows();
  return {};
}

Result<void> Generator::write_truth(const Take& take) const {
  std::string line;
  return model_.truth(
      [&](const change::TableName& table, std::string_view record_id, std::string_view row) -> Result<void> {
        line.assign("{\"schema\":");
        append_json_string(line, table.schema);
        line.append(",\"table\":");
        append_json_string(line, table.table);
        line.append(",\"record_id\":");
        append_json_string(line, record_id);
        line.append(",\"row\":").append(row).append("}");
        return take(line);
      });
}

}  // namespace sluice::emulate
