// The columns of the model's tables and the values that stand in them: realistic ones for the shop, the edges
// of every DSQL type elsewhere.
//
// Everything is drawn from the given Random, so equal draws give equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "emulate/random.h"

namespace sluice::emulate {

// What a column's values look like. Edge: anything its type allows, edges often; the others are texts, sums
// and times as a shop has them.
enum class Flavor : uint8_t {
  Edge,
  Plain,
  PersonName,
  Email,
  Street,
  City,
  Country,
  Title,
  Prose,
  Sku,
  Status,
  Money,
  Quantity,
  Recent,
  Attributes,
};

struct ModelColumn {
  std::string name;
  catalog::ColumnType type;
  Flavor flavor = Flavor::Edge;
  bool stable = false;  // keeps its value for a row's whole life
  bool nullable = true;
};

// Appends one JSON value as DSQL writes it. `now_us` is the commit time, for Recent.
void append_value(std::string& to, const ModelColumn& column, Random& random, int64_t now_us);

// Appends the value of a key column for the row number `number`: different for every number. Types: smallint,
// integer, bigint, uuid, text, varchar, char, date, numeric; Edge spreads integers over the whole of their
// type and texts over hostile ones.
void append_key_value(std::string& to, const ModelColumn& column, uint64_t number);

// Text with anything that a text may hold: emoji, quotes, control characters, escapes, other scripts; never
// NUL, which PostgreSQL has not. About `characters` long.
std::string wild_text(Random& random, size_t characters);

// A string, already in JSON, spelled otherwise: some characters as \uXXXX, slashes as \/. Means the same.
std::string spelled_with_escapes(std::string_view json_string, Random& random);

}  // namespace sluice::emulate
