#include "emulate/model.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"
#include "emulate/dsql_encoding.h"

namespace sluice::emulate {
namespace {

constexpr size_t kDeletedRemembered = 64;
constexpr uint64_t kModelStream = 0x0DE1;
constexpr size_t kRecordIdBytes = 2048;
// "Now" for values that never change, so that they do not follow the commit.
constexpr int64_t kStableNowUs = 1'790'000'000'000'000;
// Values that the columns of a composite key take before its last one moves on.
constexpr uint64_t kKeyFan = 5;

uint64_t touched_key(size_t table, uint64_t number) { return static_cast<uint64_t>(table) << 48 | number; }

uint64_t key_part(uint64_t number, size_t place, size_t places) {
  for (size_t before = 0; before < place; ++before) number /= kKeyFan;
  return place + 1 == places ? number : number % kKeyFan;
}

// How an image is spelled. All of it is legal JSON and means the same.
struct Spelling {
  bool spaced = false;
  bool escaped_names = false;
  bool escaped_values = false;
  bool shuffled = false;
};

void append_space(std::string& to, const Spelling& spelling, Random& random) {
  static constexpr std::string_view kSpaces[] = {"", " ", "  ", "\t", " \r ", ""};
  if (spelling.spaced) to.append(kSpaces[random.index(std::size(kSpaces))]);
}

void append_spelled(std::string& to, std::string_view text, bool escaped, Random& random) {
  if (escaped && text.starts_with('"')) {
    to.append(spelled_with_escapes(text, random));
  } else {
    to.append(text);
  }
}

}  // namespace

Model::Model(std::vector<ModelTable> tables, ModelOptions options)
    : tables_(std::move(tables)),
      options_(options),
      random_(options.seed, kModelStream),
      states_(tables_.size()) {
  CHECK(!tables_.empty());
  for (size_t table = 0; table < tables_.size(); ++table) {
    describe_columns(table);
    total_weight_ += tables_[table].weight;
  }
}

void Model::describe_columns(size_t table) {
  const ModelTable& described = tables_[table];
  State& state = states_[table];
  state.quoted_names.clear();
  state.key_places.clear();
  state.key_columns.assign(described.key.size(), 0);
  for (size_t at = 0; at < described.columns.size(); ++at) {
    const std::string& name = described.columns[at].name;
    append_json_string(state.quoted_names.emplace_back(), name);
    const auto key = std::find(described.key.begin(), described.key.end(), name);
    state.key_places.push_back(key == described.key.end() ? -1
                                                          : static_cast<int>(key - described.key.begin()));
    if (key != described.key.end()) state.key_columns[static_cast<size_t>(key - described.key.begin())] = at;
  }
}

bool Model::has_row(size_t table, uint64_t number) const { return states_[table].places.contains(number); }

Model::Touched& Model::touch(size_t table, uint64_t number, bool existed) {
  const auto [place, is_new] = touched_places_.try_emplace(touched_key(table, number), touched_.size());
  if (is_new) touched_.push_back({table, number, existed, 0});
  Touched& touched = touched_[place->second];
  ++touched.statements;
  return touched;
}

void Model::insert_row(size_t table, uint64_t number) {
  CHECK(!has_row(table, number));
  State& state = states_[table];
  touch(table, number, false);
  state.places.emplace(number, state.rows.size());
  state.rows.push_back({number, {}});
  state.next_number = std::max(state.next_number, number + 1);
  std::erase(state.deleted, number);
  ++counts_.statements;
}

void Model::update_row(size_t table, uint64_t number) {
  CHECK(has_row(table, number));
  touch(table, number, true);
  ++counts_.statements;
}

void Model::delete_row(size_t table, uint64_t number) {
  CHECK(has_row(table, number));
  State& state = states_[table];
  touch(table, number, true);
  const size_t place = state.places[number];
  state.places[state.rows.back().number] = place;
  std::swap(state.rows[place], state.rows.back());
  state.rows.pop_back();
  state.places.erase(number);
  state.deleted.push_back(number);
  if (state.deleted.size() > kDeletedRemembered) state.deleted.pop_front();
  ++counts_.statements;
}

size_t Model::any_table() {
  uint64_t draw = random_.below(total_weight_);
  size_t table = 0;
  while (draw >= tables_[table].weight) draw -= tables_[table++].weight;
  return table;
}

void Model::insert_any_row(size_t table) {
  State& state = states_[table];
  if (!state.deleted.empty() && random_.one_in(4)) {
    insert_row(table, state.deleted[random_.index(state.deleted.size())]);
  } else {
    insert_row(table, state.next_number);
  }
}

void Model::change_key(size_t table, uint64_t number) {
  ++counts_.key_updates;
  delete_row(table, number);
  insert_any_row(table);
}

void Model::touch_again() {
  const Touched touched = touched_[random_.index(touched_.size())];
  if (!has_row(touched.table, touched.number)) {
    insert_row(touched.table, touched.number);
  } else if (options_.deletes <= 0 || random_.one_in(2)) {
    update_row(touched.table, touched.number);
  } else {
    delete_row(touched.table, touched.number);
  }
}

// Often one of the newest, so that a row changes several times within a millisecond, even a microsecond.
uint64_t Model::any_row(size_t table) {
  const std::vector<Row>& rows = states_[table].rows;
  const size_t among = random_.one_in(3) ? std::min<size_t>(rows.size(), 4) : rows.size();
  return rows[rows.size() - 1 - random_.index(among)].number;
}

void Model::random_statement() {
  if (!touched_.empty() && random_.one_in(8)) return touch_again();
  const size_t table = any_table();
  State& state = states_[table];
  const double draw = random_.unit();
  const double inserts = 1.0 - options_.updates - options_.deletes;
  if (state.rows.empty() || (draw < inserts && state.rows.size() < options_.rows_per_table)) {
    return insert_any_row(table);
  }
  const uint64_t number = any_row(table);
  if (draw >= 1.0 - options_.deletes) return delete_row(table, number);
  if (!tables_[table].key.empty() && options_.deletes > 0 && random_.one_in(40))
    return change_key(table, number);
  update_row(table, number);
}

const std::vector<RowEffect>& Model::commit(int64_t commit_ts_ns) {
  changes_.clear();
  for (const Touched& touched : touched_) {
    State& state = states_[touched.table];
    const auto place = state.places.find(touched.number);
    const bool exists = place != state.places.end();
    if (touched.statements > 1 || (!exists && !touched.existed)) ++counts_.compacted;
    if (!exists && !touched.existed) continue;
    RowEffect& change = changes_.emplace_back();
    change.table = touched.table;
    change.op = !exists ? 'd' : touched.existed ? 'u' : 'c';
    state.shown = true;
    if (exists) {
      Row& row = state.rows[place->second];
      write_image(touched.table, row, commit_ts_ns / 1000);
      change.after = row.image;
      if (tables_[touched.table].key.empty()) state.images.insert(row.image);
    } else {
      state.taught = true;
      if (!tables_[touched.table].key.empty()) change.before = key_image(touched.table, touched.number);
    }
  }
  touched_.clear();
  touched_places_.clear();
  ++counts_.transactions;
  return changes_;
}

void Model::append_key(std::string& to, size_t table, size_t place, uint64_t number) const {
  const State& state = states_[table];
  const ModelColumn& column = tables_[table].columns[state.key_columns[place]];
  append_key_value(to, column, key_part(number, place, state.key_columns.size()));
}

std::string Model::key_image(size_t table, uint64_t number) const {
  const State& state = states_[table];
  std::string image = "{";
  for (size_t place = 0; place < state.key_columns.size(); ++place) {
    if (place > 0) image.push_back(',');
    image.append(state.quoted_names[state.key_columns[place]]).push_back(':');
    append_key(image, table, place, number);
  }
  image.push_back('}');
  return image;
}

std::string Model::record_id(size_t table, uint64_t number) const {
  const size_t places = states_[table].key_columns.size();
  std::string text;
  if (places == 1) {
    std::string value;
    append_key(value, table, 0, number);
    if (!value.starts_with('"')) {
      text = std::move(value);
    } else {
      append_unescaped(text, std::string_view(value).substr(1, value.size() - 2));
    }
  } else {
    for (size_t place = 0; place < places; ++place) {
      text.push_back(place == 0 ? '[' : ',');
      append_key(text, table, place, number);
    }
    text.push_back(']');
  }
  return text.size() > kRecordIdBytes ? "sha256:" + sha256_hex(text) : text;
}

std::string Model::oversized_value() {
  ++counts_.oversized_images;
  std::string value;
  append_text(value,
              wild_text(random_, options_.oversize_bytes + random_.index(options_.oversize_bytes + 1)));
  return value;
}

void Model::write_image(size_t table, Row& row, int64_t now_us) {
  const ModelTable& described = tables_[table];
  const State& state = states_[table];
  Spelling spelling;
  if (random_.chance(options_.unusual)) {
    ++counts_.unusual_images;
    spelling = {random_.one_in(2), random_.one_in(2), random_.one_in(2), random_.one_in(3)};
  }
  bool oversize = options_.oversize > 0 && random_.chance(options_.oversize);
  std::vector<size_t> order(described.columns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t at = order.size(); spelling.shuffled && at > 1; --at)
    std::swap(order[at - 1], order[random_.index(at)]);
  Random for_row(options_.seed ^ row.number, table + 1);
  std::string& image = row.image;
  image.assign("{");
  std::string value;
  for (size_t at = 0; at < order.size(); ++at) {
    const size_t place = order[at];
    const ModelColumn& column = described.columns[place];
    value.clear();
    if (state.key_places[place] >= 0) {
      append_key(value, table, static_cast<size_t>(state.key_places[place]), row.number);
    } else if (oversize && column.type.type == catalog::Type::Text) {
      value = oversized_value();
      oversize = false;
    } else {
      append_value(value, column, column.stable ? for_row : random_, column.stable ? kStableNowUs : now_us);
    }
    if (at > 0) image.push_back(',');
    append_space(image, spelling, random_);
    append_spelled(image, state.quoted_names[place], spelling.escaped_names, random_);
    append_space(image, spelling, random_);
    image.push_back(':');
    append_space(image, spelling, random_);
    append_spelled(image, value, spelling.escaped_values, random_);
    append_space(image, spelling, random_);
  }
  image.push_back('}');
  if (image.capacity() > 2 * image.size()) image.shrink_to_fit();
}

bool Model::must_be_learnt(size_t table) const {
  const std::vector<std::string>& key = tables_[table].key;
  return !key.empty() && !(key.size() == 1 && key[0] == "id");
}

std::vector<size_t> Model::tables_to_teach() const {
  std::vector<size_t> tables;
  for (size_t table = 0; table < tables_.size(); ++table) {
    if (must_be_learnt(table) && states_[table].shown && !states_[table].taught) tables.push_back(table);
  }
  return tables;
}

bool Model::update_some_row() {
  for (size_t table = 0; table < tables_.size(); ++table) {
    const State& state = states_[table];
    if (state.rows.empty() || (must_be_learnt(table) && !state.taught)) continue;
    update_row(table, state.rows[random_.index(state.rows.size())].number);
    return true;
  }
  return false;
}

int64_t Model::truth_rows() const {
  size_t rows = 0;
  for (size_t table = 0; table < tables_.size(); ++table) {
    rows += tables_[table].key.empty() ? states_[table].images.size() : states_[table].rows.size();
  }
  return static_cast<int64_t>(rows);
}

void Model::delete_any_row(size_t table) {
  State& state = states_[table];
  CHECK(!state.rows.empty());
  delete_row(table, state.rows[random_.index(state.rows.size())].number);
}

catalog::Catalog Model::catalog() const {
  catalog::Catalog catalog;
  for (const ModelTable& described : tables_) {
    catalog::Table& table = catalog.tables[described.name];
    table.name = described.name;
    table.key = described.key;
    for (const ModelColumn& column : described.columns) {
      table.columns.push_back({column.name, column.type, column.nullable});
    }
  }
  return catalog;
}

Result<void> Model::table_truth(size_t table, const TakeRow& take) const {
  const State& state = states_[table];
  std::vector<std::pair<std::string, std::string_view>> rows;
  rows.reserve(state.rows.size() + state.images.size());
  if (tables_[table].key.empty()) {
    for (const std::string& image : state.images) rows.emplace_back("image:" + sha256_hex(image), image);
  } else {
    for (const Row& row : state.rows) rows.emplace_back(record_id(table, row.number), row.image);
  }
  std::sort(rows.begin(), rows.end());
  for (const auto& [id, image] : rows) TRY(take(tables_[table].name, id, image));
  return {};
}

Result<void> Model::truth(const TakeRow& take) const {
  for (size_t table = 0; table < tables_.size(); ++table) TRY(table_truth(table, take));
  return {};
}

}  // namespace sluice::emulate
