#include "net/status_server.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

namespace sluice::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kPauseAfterFailure = std::chrono::milliseconds(100);
constexpr uint32_t kMaxRequestBytes = 16U << 10;
constexpr int kMaxConnections = 32;

Result<Tcp::endpoint> endpoint_of(const std::string& address) {
  const auto wrong = [&] {
    return refused(fmt::format(
        "'{}' is no address to listen on. Write ADDRESS:PORT, for example 127.0.0.1:9464.", address));
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong();
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
  error_code failed;
  const auto ip = asio::ip::make_address(host, failed);
  if (parsed.ec != std::errc() || parsed.ptr != end || failed) return wrong();
  return Tcp::endpoint(ip, port);
}

// One connection: reads a request, answers, and again while the client keeps it alive. Owned by the operation
// that is under way, so it goes when nothing is.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const StatusPages& pages, int& open)
      : stream_(std::move(socket)), pages_(pages), open_(open) {
    ++open_;
  }
  ~Connection() { --open_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxRequestBytes);
    parser_->body_limit(kMaxRequestBytes);
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failed, size_t) {
      if (!failed) self->answer();
    });
  }

 private:
  void answer() {
    const auto& request = parser_->get();
    const bool known = request.method() == http::verb::get || request.method() == http::verb::head;
    StatusPage page{.status = 405, .body = "Only GET is answered here.\n"};
    if (known) {
      const std::string_view target(request.target().data(), request.target().size());
      page = pages_(target.substr(0, target.find('?')));
    }
    reply_ = {};
    reply_.result(static_cast<unsigned>(page.status));
    reply_.version(request.version());
    reply_.keep_alive(request.keep_alive());
    reply_.set(http::field::content_type, page.content_type);
    reply_.set(http::field::cache_control, "no-store");
    reply_.content_length(page.body.size());
    if (request.method() != http::verb::head) reply_.body() = std::move(page.body);
    http::async_write(stream_, reply_, [self = shared_from_this()](error_code failed, size_t) {
      if (!failed && self->reply_.keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> reply_;
  const StatusPages& pages_;
  int& open_;
};

class BeastServer final : public StatusServer {
 public:
  explicit BeastServer(StatusPages pages) : pages_(std::move(pages)), acceptor_(context_), pause_(context_) {}
  ~BeastServer() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;

  Result<void> listen(const std::string& address) {
    const Tcp::endpoint endpoint = TRY(endpoint_of(address));
    error_code failed;
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) port_ = acceptor_.local_endpoint(failed).port();
    if (failed)
      return refused(
          fmt::format("cannot listen on {}: {}. Name another address and port.", address, failed.message()));
    accept();
    thread_ = std::thread([this] { context_.run(); });
    return {};
  }
  uint16_t port() const override { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code failed, Tcp::socket socket) {
      if (!failed && open_ < kMaxConnections)
        std::make_shared<Connection>(std::move(socket), pages_, open_)->read();
      if (!failed) return accept();
      // Out of descriptors, most likely: not at once again.
      pause_.expires_after(kPauseAfterFailure);
      pause_.async_wait([this](error_code) { accept(); });
    });
  }

  // The connections go with the context, which therefore stands behind what they refer to.
  const StatusPages pages_;
  int open_ = 0;
  asio::io_context context_{1};
  Tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<StatusServer>> serve_status(const std::string& address, StatusPages pages) {
  auto server = std::make_unique<BeastServer>(std::move(pages));
  TRY(server->listen(address));
  return std::unique_ptr<StatusServer>(std::move(server));
}

}  // namespace sluice::net
