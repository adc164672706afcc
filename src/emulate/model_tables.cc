// The tables of the model. What each is for stands beside it.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "emulate/model.h"

namespace sluice::emulate {
namespace {

using catalog::Type;

ModelColumn column(std::string name, Type type, Flavor flavor = Flavor::Edge) {
  ModelColumn made;
  made.name = std::move(name);
  made.type.type = type;
  made.flavor = flavor;
  return made;
}

ModelColumn key_column(std::string name, Type type, Flavor flavor = Flavor::Edge) {
  ModelColumn made = column(std::move(name), type, flavor);
  made.nullable = false;
  return made;
}

ModelColumn stable(ModelColumn made) {
  made.stable = true;
  return made;
}

ModelColumn always(ModelColumn made) {
  made.nullable = false;
  return made;
}

ModelColumn sized(ModelColumn made, int length) {
  made.type.length = length;
  return made;
}

ModelColumn decimal(std::string name, int precision, int scale, Flavor flavor = Flavor::Edge) {
  ModelColumn made = column(std::move(name), Type::Numeric, flavor);
  made.type.precision = precision;
  made.type.scale = scale;
  return made;
}

ModelTable table(std::string schema, std::string name, std::string group, std::vector<std::string> key,
                 std::vector<ModelColumn> columns) {
  ModelTable made;
  made.name = {std::move(schema), std::move(name)};
  made.group = std::move(group);
  made.key = std::move(key);
  made.columns = std::move(columns);
  for (ModelColumn& each : made.columns) {
    if (std::find(made.key.begin(), made.key.end(), each.name) != made.key.end()) each.nullable = false;
  }
  return made;
}

// Records of 300 to 500 bytes, as a shop's database gives them. For benchmarks, too: `--tables shop`.
void add_shop(std::vector<ModelTable>& to) {
  const size_t first = to.size();
  to.push_back(table(
      "public", "customers", "shop", {"id"},
      {key_column("id", Type::BigInt, Flavor::Plain),
       stable(always(column("email", Type::Text, Flavor::Email))),
       always(column("name", Type::Text, Flavor::PersonName)), column("street", Type::Text, Flavor::Street),
       column("city", Type::Text, Flavor::City), column("country", Type::Text, Flavor::Country),
       always(column("newsletter", Type::Boolean, Flavor::Plain)),
       stable(always(column("created_at", Type::TimestampTz, Flavor::Recent)))}));
  to.back().weight = 3;
  to.push_back(table(
      "public", "products", "shop", {"id"},
      {key_column("id", Type::Uuid, Flavor::Plain), stable(always(column("sku", Type::Text, Flavor::Sku))),
       always(column("title", Type::Text, Flavor::Title)), always(decimal("price", 12, 2, Flavor::Money)),
       always(column("stock", Type::Integer, Flavor::Plain)),
       column("attributes", Type::Json, Flavor::Attributes),
       stable(column("description", Type::Text, Flavor::Prose)),
       always(column("updated_at", Type::TimestampTz, Flavor::Recent))}));
  to.back().weight = 2;
  to.push_back(table(
      "public", "orders", "shop", {"id"},
      {key_column("id", Type::BigInt, Flavor::Plain),
       stable(always(column("customer_id", Type::BigInt, Flavor::Plain))),
       always(column("status", Type::Text, Flavor::Status)), always(decimal("total", 12, 2, Flavor::Money)),
       stable(always(column("placed_at", Type::TimestampTz, Flavor::Recent))),
       always(column("updated_at", Type::TimestampTz, Flavor::Recent)),
       column("note", Type::Text, Flavor::Prose)}));
  to.back().weight = 8;
  to.push_back(table("public", "order_items", "shop", {"order_id", "line_no"},
                     {key_column("order_id", Type::BigInt, Flavor::Plain),
                      key_column("line_no", Type::Integer, Flavor::Plain),
                      stable(always(column("product_id", Type::Uuid, Flavor::Plain))),
                      always(column("quantity", Type::Integer, Flavor::Quantity)),
                      always(decimal("unit_price", 12, 2, Flavor::Money)),
                      always(column("gift_wrapped", Type::Boolean, Flavor::Plain))}));
  to.back().weight = 10;
  for (size_t at = first; at < to.size(); ++at) to[at].fixed_schema = true;
}

// Keys of every shape: learnt from deletes unless the column is called id.
void add_keys(std::vector<ModelTable>& to) {
  to.push_back(
      table("public", "note", "keys", {"id"},
            {column("body", Type::Text), key_column("id", Type::Integer), column("rank", Type::Real)}));
  to.push_back(table("public", "session", "keys", {"token"},
                     {column("seen_at", Type::TimestampTz), key_column("token", Type::Uuid),
                      column("device", Type::Text), column("hits", Type::Integer)}));
  to.push_back(
      table("public", "word", "keys", {"word"},
            {key_column("word", Type::Text), column("meaning", Type::Text), column("uses", Type::SmallInt)}));
  to.push_back(table(
      "public", "ledger_entry", "keys", {"entry_no"},
      {column("amount", Type::Numeric), column("memo", Type::Text), key_column("entry_no", Type::BigInt)}));
  to.push_back(table("public", "price_list", "keys", {"sku"},
                     {sized(key_column("sku", Type::Char, Flavor::Plain), 12), decimal("price", 10, 4),
                      column("remark", Type::Text)}));
  // The key's order is not the columns', and its columns do not come first.
  to.push_back(table("depot", "bin_slot", "keys", {"aisle", "slot"},
                     {column("label", Type::Text), key_column("slot", Type::Text),
                      column("content", Type::Json), key_column("aisle", Type::SmallInt, Flavor::Plain)}));
  // Holds a column called id that alone is no key: whoever guesses is corrected by the first delete.
  to.push_back(
      table("depot", "tenant_item", "keys", {"tenant", "id"},
            {key_column("id", Type::BigInt, Flavor::Plain), column("title", Type::Text),
             key_column("tenant", Type::SmallInt, Flavor::Plain), column("score", Type::DoublePrecision)}));
  to.push_back(
      table("depot", "reading", "keys", {"day", "meter", "rate"},
            {key_column("meter", Type::Uuid), column("value", Type::Numeric), key_column("day", Type::Date),
             column("comment", Type::Text), key_column("rate", Type::Numeric)}));
  // One name in two schemas, each with its own keys.
  to.push_back(table("north", "parcel", "keys", {"id"},
                     {key_column("id", Type::BigInt, Flavor::Plain), column("label", Type::Text),
                      column("weight_kg", Type::Numeric)}));
  to.push_back(table("south", "parcel", "keys", {"parcel_no"},
                     {key_column("parcel_no", Type::BigInt, Flavor::Plain), column("label", Type::Text),
                      column("fragile", Type::Boolean)}));
}

// A column of every type, with the edges of each.
void add_types(std::vector<ModelTable>& to) {
  std::vector<ModelColumn> columns = {key_column("id", Type::Integer, Flavor::Plain)};
  for (const Type type :
       {Type::SmallInt, Type::Integer, Type::BigInt, Type::Oid,      Type::Real,       Type::DoublePrecision,
        Type::Numeric,  Type::Boolean, Type::Text,   Type::Name,     Type::QuotedChar, Type::Bytea,
        Type::Uuid,     Type::Date,    Type::Time,   Type::TimeTz,   Type::Timestamp,  Type::TimestampTz,
        Type::Interval, Type::Json,    Type::Jsonb,  Type::OidVector}) {
    std::string name = "a_" + std::string(catalog::type_name(type));
    if (type == Type::QuotedChar) name = "a_quoted_char";
    std::replace(name.begin(), name.end(), ' ', '_');
    columns.push_back(column(std::move(name), type));
  }
  columns.push_back(sized(column("a_varchar", Type::Varchar), 200));
  columns.push_back(sized(column("a_char", Type::Char), 12));
  columns.push_back(decimal("a_money", 12, 2));
  columns.push_back(decimal("a_widest", 38, 0));
  columns.push_back(decimal("a_finest", 38, 37));
  to.push_back(table("public", "every_type", "types", {"id"}, columns));
  to.back().weight = 2;
  std::reverse(columns.begin(), columns.end());
  for (ModelColumn& each : columns) {
    if (each.name == "id") each.name = "row_no";
  }
  to.push_back(table("public", "every_type_learnt", "types", {"row_no", "a_bigint"}, columns));
}

// Names that break who builds SQL, JSON or file names by hand.
void add_names(std::vector<ModelTable>& to) {
  const auto hostile = [&to](std::string schema, std::string name) {
    to.push_back(table(std::move(schema), std::move(name), "names", {"key"},
                       {key_column("key", Type::Integer, Flavor::Plain), column("value", Type::Text)}));
  };
  hostile("public", "order\"s; drop");
  hostile("public", "select");
  hostile("public", "Mixed");
  hostile("public", "mixed");
  hostile("public", "back\\slash/and 'quote'");
  hostile("Sch\"ema", "größe 📦");
  // 63 bytes, PostgreSQL's limit.
  hostile("public", std::string("ü") + "日本語日本語日本語日本語日本語日本語日本" + "x");
  // Joined with an underscore, these two look the same.
  hostile("a", "b_c");
  hostile("a_b", "c");
  to.push_back(table(
      "public", "odd_columns", "names", {"id", "Id"},
      {column("select", Type::Text), key_column("Id", Type::Integer, Flavor::Plain),
       column("quote\"d", Type::Text), column("semi;colon", Type::Integer), column("größe 📦", Type::Text),
       key_column("id", Type::Text, Flavor::Plain), column("back\\slash", Type::Date),
       column(" ", Type::Boolean), column("ünï\u2028code", Type::Numeric), column("$.a[0]", Type::Text),
       column("source", Type::Text), column("after", Type::Json), column("op", Type::Text),
       column("ts_ns", Type::BigInt)}));
}

// Without a key: every distinct image counts, and deletes say nothing.
void add_keyless(std::vector<ModelTable>& to) {
  to.push_back(table("public", "scratch_note", "keyless", {},
                     {sized(column("word", Type::Char), 4), column("flag", Type::Boolean),
                      column("level", Type::SmallInt)}));
}

}  // namespace

std::vector<ModelTable> model_tables() {
  std::vector<ModelTable> tables;
  add_shop(tables);
  add_keys(tables);
  add_types(tables);
  add_names(tables);
  add_keyless(tables);
  return tables;
}

Result<std::vector<ModelTable>> choose_tables(const std::vector<std::string>& names) {
  const std::vector<ModelTable> all = model_tables();
  std::vector<std::string> known = {"all"};
  for (const ModelTable& each : all) {
    for (std::string name : {each.group, each.name.table, each.name.schema + "." + each.name.table}) {
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(std::move(name));
    }
  }
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::optional<std::string> nearest = nearest_name(name, known);
    return refused("--tables does not know '" + name + "'; " +
                   (nearest ? "did you mean '" + *nearest + "'?"
                            : "name a group (all, shop, keys, types, names, keyless) or a table such as "
                              "depot.bin_slot."));
  }
  std::vector<ModelTable> chosen;
  const auto is_chosen = [&names](const ModelTable& each) {
    return names.empty() || std::any_of(names.begin(), names.end(), [&each](const std::string& name) {
             return name == "all" || name == each.group || name == each.name.table ||
                    name == each.name.schema + "." + each.name.table;
           });
  };
  std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), is_chosen);
  return chosen;
}

}  // namespace sluice::emulate
