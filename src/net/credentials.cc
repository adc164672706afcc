#include "net/credentials.h"

#include <mutex>
#include <optional>
#include <utility>

#include "net/credential_sources.h"
#include "net/shared_config.h"

namespace sluice::net {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kRenewBeforeNs = 300 * kSecond;
constexpr int64_t kRenewAgainNs = 30 * kSecond;  // after a renewal that failed while the old ones still serve

class FixedCredentials final : public CredentialsProvider {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> get() override { return credentials_; }
  void forget() override {}

 private:
  Credentials credentials_;
};

// The chain, and what it gave last. A renewal holds the lock, so that one thread asks and the others wait for
// it.
class ChainedCredentials final : public CredentialsProvider {
 public:
  explicit ChainedCredentials(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

  Result<Credentials> get() override {
    const std::lock_guard lock(mutex_);
    const int64_t now = surroundings_.clock->wall_ns();
    const bool usable = held_ && (held_->expires_ns == 0 || now < held_->expires_ns);
    if (usable && (held_->expires_ns == 0 || now < held_->expires_ns - kRenewBeforeNs || now < renew_at_ns_))
      return *held_;
    auto found = find();
    if (found.ok()) {
      held_ = found.value();
      // Credentials that live shorter than the margin are not asked for at every request.
      renew_at_ns_ = now + kRenewAgainNs;
      return found;
    }
    if (!usable) return found;
    renew_at_ns_ = now + kRenewAgainNs;
    return *held_;
  }

  void forget() override {
    const std::lock_guard lock(mutex_);
    held_.reset();
  }

 private:
  Result<Credentials> find() const {
    if (auto found = TRY(credentials_of_environment(surroundings_))) return *found;
    if (auto found = TRY(credentials_of_web_identity(surroundings_))) return *found;
    const SharedConfig shared = TRY(read_shared_config(surroundings_.environment));
    const std::string profile = profile_name(surroundings_.environment);
    if (profile != "default" && !shared.profiles.contains(profile))
      return refused("there is no profile " + profile + " (--profile or AWS_PROFILE). Looked in " +
                     shared.looked_at + ".");
    if (auto found = TRY(credentials_of_profile(surroundings_, shared, profile))) return *found;
    if (auto found = TRY(credentials_of_container(surroundings_))) return *found;
    std::string why;
    if (auto found = TRY(credentials_of_instance(surroundings_, why))) return *found;
    return refused(
        "no AWS credentials were found. Looked at: AWS_ACCESS_KEY_ID in the environment (not set); "
        "AWS_WEB_IDENTITY_TOKEN_FILE (not set); the profile " +
        profile + " in " + shared.looked_at +
        "; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI (not set); the instance (" + why +
        "). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give --profile.");
  }

  Surroundings surroundings_;
  std::mutex mutex_;
  std::optional<Credentials> held_;
  int64_t renew_at_ns_ = 0;
};

}  // namespace

std::unique_ptr<CredentialsProvider> fixed_credentials(Credentials credentials) {
  return std::make_unique<FixedCredentials>(std::move(credentials));
}

std::unique_ptr<CredentialsProvider> default_credentials(Surroundings surroundings) {
  return std::make_unique<ChainedCredentials>(std::move(surroundings));
}

}  // namespace sluice::net
