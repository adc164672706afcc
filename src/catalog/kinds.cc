#include "catalog/kinds.h"

namespace sluice::catalog {

using change::kind_bit;
using change::KindSet;
using change::ValueKind;

namespace {

constexpr KindSet bits(std::initializer_list<ValueKind> kinds) {
  KindSet set = 0;
  for (const ValueKind kind : kinds) set = static_cast<KindSet>(set | kind_bit(kind));
  return set;
}

constexpr KindSet kNull = bits({ValueKind::Null});
constexpr KindSet kBool = bits({ValueKind::Bool});
constexpr KindSet kIntegers = bits({ValueKind::Int, ValueKind::BigInt});
// Whole numbers up to 53 bits are exact as doubles, so they may stand beside fractions and NaN.
constexpr KindSet kDoubles = bits({ValueKind::Int, ValueKind::Float, ValueKind::NonFinite});
constexpr KindSet kNested = bits({ValueKind::Object, ValueKind::Array});
// A text may well be the word "NaN", and so may the Base64 of some bytes.
constexpr KindSet kTexts = bits({ValueKind::String, ValueKind::NonFinite});
constexpr KindSet kEverything = 0xFFFF;

KindSet kinds_without_null(Type type) {
  switch (type) {
    case Type::SmallInt:
    case Type::Integer:
    case Type::Oid:
      return kind_bit(ValueKind::Int);
    case Type::BigInt:
    case Type::Date:
    case Type::Time:
    case Type::TimeTz:
    case Type::Timestamp:
    case Type::TimestampTz:
    case Type::Interval:
      return kIntegers;
    case Type::Real:
    case Type::DoublePrecision:
      return kDoubles | kIntegers | kind_bit(ValueKind::HugeInt);
    case Type::Boolean:
      return kBool;
    case Type::Numeric:
    case Type::Text:
    case Type::Varchar:
    case Type::Char:
    case Type::Name:
    case Type::QuotedChar:
    case Type::Bytea:
    case Type::Uuid:
      return kTexts;
    case Type::Json:
    case Type::Jsonb:
      return kEverything;
    case Type::OidVector:
      return kind_bit(ValueKind::Array);
  }
  return kEverything;
}

}  // namespace

KindSet kinds_of(const ColumnType& type) {
  return static_cast<KindSet>(kinds_without_null(type.type) | kNull);
}

Type infer_type(KindSet kinds) {
  const auto seen = static_cast<KindSet>(kinds & ~kNull);
  const auto only = [seen](KindSet allowed) { return (seen & ~allowed) == 0; };
  // Nothing but null, or nothing but "NaN", which a numeric or a text can say as well.
  if (seen == 0 || seen == kind_bit(ValueKind::NonFinite)) return Type::Text;
  if (only(kBool)) return Type::Boolean;
  if (only(kIntegers)) return Type::BigInt;
  if (only(kDoubles)) return Type::DoublePrecision;
  if (only(kNested)) return Type::Jsonb;
  return Type::Text;
}

std::optional<KindSet> kinds_behind(const ColumnType& learned) {
  if (learned.precision || learned.length) return std::nullopt;
  switch (learned.type) {
    case Type::Boolean:
      return kBool;
    case Type::BigInt:
      return kIntegers;
    case Type::DoublePrecision:
      return kDoubles;
    case Type::Jsonb:
      return kNested;
    case Type::Text:
      return kind_bit(ValueKind::String);
    default:
      return std::nullopt;
  }
}

}  // namespace sluice::catalog
