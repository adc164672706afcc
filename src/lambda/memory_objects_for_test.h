// MemoryObjects: S3 in memory, strongly consistent, which fails by rule.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "lambda/object_store.h"

namespace sluice::lambda {

// Threads: any.
class MemoryObjects final : public ObjectStore {
 public:
  // Asked before every call, with its name; after an error nothing has happened.
  std::function<std::optional<Error>(const std::string& call)> fault = [](const std::string&) {
    return std::nullopt;
  };
  std::map<std::string, std::string> objects;
  int64_t modified_ms = 1'790'000'000'000;  // of all of them
  size_t objects_a_page = 1000;

  Result<void> put(const std::string& key, std::string body) override {
    if (auto error = fault("put " + key)) return *error;
    const std::lock_guard lock(mutex_);
    objects[key] = std::move(body);
    return {};
  }
  Result<std::optional<std::string>> get(const std::string& key) override {
    if (auto error = fault("get " + key)) return *error;
    const std::lock_guard lock(mutex_);
    const auto found = objects.find(key);
    return found == objects.end() ? std::optional<std::string>() : std::optional(found->second);
  }
  Result<std::vector<aws::S3Object>> list(const std::string& prefix) override {
    if (auto error = fault("list " + prefix)) return *error;
    const std::lock_guard lock(mutex_);
    std::vector<aws::S3Object> found;
    for (auto at = objects.lower_bound(prefix); at != objects.end() && at->first.starts_with(prefix); ++at)
      found.push_back({at->first, at->second.size(), modified_ms});
    return found;
  }
  Result<Page> page(const std::string& prefix, const std::string& after) override {
    Page page;
    for (aws::S3Object& object : TRY(list(prefix))) {
      if (object.key <= after) continue;
      page.is_last = page.objects.size() < objects_a_page;
      if (!page.is_last) break;
      page.objects.push_back(std::move(object));
    }
    return page;
  }
  Result<void> remove(const std::string& key) override {
    if (auto error = fault("remove " + key)) return *error;
    const std::lock_guard lock(mutex_);
    objects.erase(key);
    return {};
  }

  int count(const std::string& prefix) const {
    int found = 0;
    for (const auto& [key, body] : objects) found += key.starts_with(prefix) ? 1 : 0;
    return found;
  }

 private:
  std::mutex mutex_;
};

}  // namespace sluice::lambda
