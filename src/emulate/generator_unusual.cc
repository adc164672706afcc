#include "emulate/generator_unusual.h"

#include <array>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "emulate/model_values.h"

namespace sluice::emulate {
namespace {

// The first byte after the string that starts at `at`.
size_t end_of_string(std::string_view text, size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// The first byte after the value that starts at `at`.
size_t end_of_value(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
    if (depth == 0 && (c == '}' || c == ']')) return at;
  }
  return at;
}

// Names that a careless comparison takes for known ones, and values of every kind.
constexpr MemberText kExtraMembers[] = {
    {"\"Op\"", "\"d\""},
    {"\"TS_NS\"", "1"},
    {"\"ts_ns \"", "\"later\""},
    {"\"\"", "null"},
    {"\"trace\"", "{\"before\":{\"id\":1},\"after\":null,\"source\":{\"table\":\"x\"}}"},
    {"\"tags\"", "[1,-2.5e3,true,\"a\\\"]}\",{\"ts_ns\":[]}]"},
    {"\"schema_id\"", "9223372036854775807"},
    {"\"aft\\u0000er\"", "{}"},
};

void append_space(std::string& to, const Unusual& unusual, Random& random) {
  static constexpr std::string_view kSpaces[] = {"", " ", "   ", "\t", "\r\t "};
  if (unusual.spaced) to.append(kSpaces[random.index(std::size(kSpaces))]);
}

void append_object(std::string& to, std::string_view object, bool is_envelope, const Unusual& unusual,
                   Random& random) {
  std::vector<MemberText> members = members_of(object);
  std::string deep;
  if (unusual.extra_members) {
    members.push_back(kExtraMembers[random.index(std::size(kExtraMembers))]);
    if (random.one_in(4)) {
      deep = std::string(500, '[') + std::string(500, ']');
      members.push_back({"\"deep\"", deep});
    }
  }
  for (size_t at = members.size(); unusual.shuffled && at > 1; --at) {
    std::swap(members[at - 1], members[random.index(at)]);
  }
  to.push_back('{');
  for (size_t at = 0; at < members.size(); ++at) {
    const auto& [name, value] = members[at];
    if (at > 0) to.push_back(',');
    append_space(to, unusual, random);
    to.append(unusual.escaped_names ? spelled_with_escapes(name, random) : std::string(name));
    append_space(to, unusual, random);
    to.push_back(':');
    append_space(to, unusual, random);
    const bool is_short_string = value.starts_with('"') && value.size() < 200 && name != "\"data\"";
    if (is_envelope && (name == "\"source\"" || name == "\"chunked\"")) {
      append_object(to, value, false, unusual, random);
    } else if (unusual.escaped_names && is_short_string) {
      to.append(spelled_with_escapes(value, random));
    } else {
      to.append(value);
    }
    append_space(to, unusual, random);
  }
  to.push_back('}');
}

}  // namespace

std::vector<MemberText> members_of(std::string_view object) {
  CHECK(object.size() >= 2 && object.front() == '{' && object.back() == '}');
  std::vector<MemberText> members;
  for (size_t at = 1; at + 1 < object.size(); ++at) {  // each turn ends on the comma
    const size_t colon = end_of_string(object, at);
    const size_t end = end_of_value(object, colon + 1);
    members.push_back({object.substr(at, colon - at), object.substr(colon + 1, end - colon - 1)});
    at = end;
  }
  return members;
}

Unusual draw_unusual(Random& random) {
  Unusual unusual;
  while (!unusual.any()) {
    unusual.unknown_op = random.one_in(4);
    unusual.unknown_version = random.one_in(4);
    unusual.extra_members = random.one_in(3);
    unusual.shuffled = random.one_in(3);
    unusual.spaced = random.one_in(3);
    unusual.escaped_names = random.one_in(3);
  }
  unusual.seed = random.next();
  return unusual;
}

std::string spelled_unusually(std::string_view record, const Unusual& unusual) {
  if (!unusual.extra_members && !unusual.shuffled && !unusual.spaced && !unusual.escaped_names) {
    return std::string(record);
  }
  Random random(unusual.seed);
  std::string to;
  append_space(to, unusual, random);
  append_object(to, record, true, unusual, random);
  if (unusual.spaced) to.push_back(' ');
  return to;
}

}  // namespace sluice::emulate
