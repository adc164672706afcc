#include "keys/keys.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::keys {

using change::Image;
using change::ImageField;
using change::KeyOrigin;
using change::TableKey;
using change::ValueKind;

namespace {

std::string name_of(const ImageField& field) {
  std::string name;
  append_unescaped(name, field.key);
  return name;
}

const ImageField* find_field(const Image& image, std::string_view column) {
  for (const ImageField& field : image.fields) {
    if (field.key_escaped ? name_of(field) == column : field.key == column) return &field;
  }
  return nullptr;
}

bool is_string(const ImageField& field) {
  return field.kind == ValueKind::String || field.kind == ValueKind::NonFinite;
}

std::string_view inside_of(const ImageField& field) { return field.value.substr(1, field.value.size() - 2); }

void append_bare(std::string& to, const ImageField& field) {
  if (is_string(field)) {
    append_unescaped(to, inside_of(field));
  } else {
    to += field.value;
  }
}

// The value as JSON in one spelling: the same string is the same text however the source escaped it.
void append_canonical(std::string& to, const ImageField& field) {
  if (!is_string(field)) {
    to += field.value;
    return;
  }
  const std::string_view inside = inside_of(field);
  if (inside.find('\\') == std::string_view::npos) {
    to += field.value;
    return;
  }
  std::string meant;
  append_unescaped(meant, inside);
  append_json_string(to, meant);
}

void shorten(std::string& id) {
  if (id.size() > kMaxRecordIdBytes) id = "sha256:" + sha256_hex(id);
}

// The id by these fields; none may be null.
void write_id(std::string& to, const std::vector<const ImageField*>& fields) {
  if (fields.size() == 1) {
    append_bare(to, *fields.front());
  } else {
    to += '[';
    for (const ImageField* field : fields) {
      if (to.size() > 1) to += ',';
      append_canonical(to, *field);
    }
    to += ']';
  }
  shorten(to);
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TableKey initial_key(const change::TableName& table,
                     const std::map<change::TableName, std::vector<std::string>>& configured,
                     const catalog::Catalog* catalog) {
  if (const auto found = configured.find(table); found != configured.end())
    return {found->second, KeyOrigin::Config, 0};
  const catalog::Table* known = catalog == nullptr ? nullptr : catalog->find(table);
  if (known != nullptr && !known->learned) return {known->key, KeyOrigin::Catalog, 0};
  // Learned from another store's deletes: any delete that is seen here knows better.
  if (known != nullptr && !known->key.empty()) return {known->key, KeyOrigin::Learned, 0};
  return {{"id"}, KeyOrigin::IdColumn, 0};
}

Lesson learn(TableKey& key, const Image& before, int64_t commit_ts_ns) {
  std::vector<std::string> columns;
  columns.reserve(before.fields.size());
  for (const ImageField& field : before.fields) columns.push_back(name_of(field));
  const bool open_to_learning =
      key.origin == KeyOrigin::IdColumn || key.origin == KeyOrigin::Learned || key.columns.empty();
  if (!open_to_learning) return sorted(columns) == sorted(key.columns) ? Lesson::Agrees : Lesson::Disagrees;
  const bool same = columns == key.columns;
  const bool newer = key.origin != KeyOrigin::Learned || commit_ts_ns > key.learned_at_ns ||
                     (commit_ts_ns == key.learned_at_ns && columns < key.columns);
  if (!newer) return same || sorted(columns) == sorted(key.columns) ? Lesson::Agrees : Lesson::Disagrees;
  key = {std::move(columns), KeyOrigin::Learned, commit_ts_ns};
  if (same) return Lesson::Confirmed;
  return Lesson::Taught;
}

void make_record_id(std::string& to, const std::vector<std::string>& key_columns, bool is_delete,
                    const Image& image) {
  to.clear();
  if (key_columns.size() == 1) {
    // By far the most common case, without a list.
    const ImageField* field = find_field(image, key_columns.front());
    if (field != nullptr && field->kind != ValueKind::Null) {
      append_bare(to, *field);
      shorten(to);
      return;
    }
  }
  std::vector<const ImageField*> fields;
  for (const std::string& column : key_columns) {
    const ImageField* field = find_field(image, column);
    if (field == nullptr || field->kind == ValueKind::Null) break;
    fields.push_back(field);
  }
  if (fields.size() == key_columns.size() && !fields.empty()) {
    write_id(to, fields);
    return;
  }
  if (!is_delete) {
    to += kImagePrefix;
    to += sha256_hex(image.json);
    return;
  }
  fields.clear();
  for (const ImageField& field : image.fields) fields.push_back(&field);
  write_id(to, fields);
}

}  // namespace sluice::keys
