// ScriptedServer: an HTTP/1.1 server on 127.0.0.1 that answers by rule, for tests; with TLS when asked.
//
// It keeps every request that it has read whole, and can misbehave: cut a reply, be slow, close at once. The
// sockets are the system's own, so that it shares no code with what it tests. Threads: one per connection;
// the rule is called under a lock, one request at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "net/http.h"

namespace sluice::net {

struct SeenRequest {
  std::string method;
  std::string target;
  std::vector<Header> headers;
  std::string body;
  int connection = 0;  // from 1, in the order in which they came

  std::string header(std::string_view name) const {
    for (const Header& one : headers)
      if (same_header_name(one.name, name)) return one.value;
    return {};
  }
};

struct ScriptedReply {
  int status = 200;
  std::string body = {};
  std::vector<Header> headers = {};
  std::optional<size_t> cut_after = {};  // so many bytes of the whole reply, and then the end
  bool silent = false;                   // says nothing until the server is stopped
  bool close_after = false;              // without saying so in the reply
  bool tunnel = false;                   // as a proxy: joins the connection with the one that target names
};

// A certificate with its key, both PEM, signed by itself and valid for the names given ("DNS:localhost").
struct TestCertificate {
  std::string certificate;
  std::string key;

  static TestCertificate make(const std::string& names) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 86400);
    X509_set_pubkey(x509.get(), key.get());
    X509_NAME* name = X509_get_subject_name(x509.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("sluice test"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509.get(), x509.get(), nullptr, nullptr, 0);
    for (const auto& [kind, text] : {std::pair<int, std::string>{NID_subject_alt_name, names},
                                     {NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str());
      CHECK(extension != nullptr);
      X509_add_ext(x509.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    CHECK(X509_sign(x509.get(), key.get(), EVP_sha256()) > 0);
    TestCertificate made;
    made.certificate = pem([&](BIO* out) { PEM_write_bio_X509(out, x509.get()); });
    made.key = pem(
        [&](BIO* out) { PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return made;
  }

 private:
  template <typename Write>
  static std::string pem(const Write& write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    write(memory.get());
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<size_t>(size)};
  }
};

class ScriptedServer {
 public:
  using Rule = std::function<ScriptedReply(const SeenRequest&)>;

  explicit ScriptedServer(Rule rule, std::optional<TestCertificate> certificate = {})
      : rule_(std::move(rule)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a client that has gone as any other
    if (certificate) use(*certificate);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_, 64) == 0);
    socklen_t length = sizeof address;
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedServer() {
    stopping_ = true;
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
    SSL_CTX_free(tls_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  // From the next request on.
  void change(Rule rule) {
    const std::lock_guard lock(mutex_);
    rule_ = std::move(rule);
  }
  int port() const { return port_; }
  // "http://127.0.0.1:PORT", or https with the host's name.
  std::string url(const std::string& host = "127.0.0.1") const {
    return (tls_ != nullptr ? "https://" : "http://") + host + ":" + std::to_string(port_);
  }
  std::vector<SeenRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  int connections() const { return connections_; }

 private:
  // One connection's bytes, with TLS or without.
  struct Stream {
    int socket = -1;
    SSL* ssl = nullptr;
    std::string buffer;

    bool fill() {
      std::array<char, 65536> bytes{};
      const ssize_t got = ssl != nullptr ? SSL_read(ssl, bytes.data(), bytes.size())
                                         : ::recv(socket, bytes.data(), bytes.size(), 0);
      if (got <= 0) return false;
      buffer.append(bytes.data(), static_cast<size_t>(got));
      return true;
    }
    void send(std::string_view text) const {
      while (!text.empty()) {
        const ssize_t sent = ssl != nullptr ? SSL_write(ssl, text.data(), static_cast<int>(text.size()))
                                            : ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        text.remove_prefix(static_cast<size_t>(sent));
      }
    }
  };

  void use(const TestCertificate& made) {
    tls_ = SSL_CTX_new(TLS_server_method());
    const std::unique_ptr<BIO, decltype(&BIO_free)> certificate(
        BIO_new_mem_buf(made.certificate.data(), static_cast<int>(made.certificate.size())), BIO_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> key(
        BIO_new_mem_buf(made.key.data(), static_cast<int>(made.key.size())), BIO_free);
    X509* x509 = PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr);
    EVP_PKEY* private_key = PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr);
    CHECK(SSL_CTX_use_certificate(tls_, x509) == 1 && SSL_CTX_use_PrivateKey(tls_, private_key) == 1);
    X509_free(x509);
    EVP_PKEY_free(private_key);
  }

  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      const int number = ++connections_;
      threads_.emplace_back([this, socket, number] { serve(socket, number); });
    }
  }

  void serve(int socket, int number) {
    Stream stream{socket, nullptr, {}};
    bool ready = true;
    if (tls_ != nullptr) {
      stream.ssl = SSL_new(tls_);
      SSL_set_fd(stream.ssl, socket);
      ready = SSL_accept(stream.ssl) == 1;
    }
    while (ready && answer(stream, number)) {
    }
    {
      const std::lock_guard lock(mutex_);
      open_.remove(socket);
    }
    if (stream.ssl != nullptr) {
      if (ready) SSL_shutdown(stream.ssl);
      SSL_free(stream.ssl);
    }
    ::close(socket);
  }

  static std::optional<SeenRequest> read_request(Stream& stream) {
    size_t head_end = 0;
    while ((head_end = stream.buffer.find("\r\n\r\n")) == std::string::npos)
      if (!stream.fill()) return std::nullopt;
    SeenRequest request;
    size_t line_end = stream.buffer.find("\r\n");
    const std::string first = stream.buffer.substr(0, line_end);
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
    while (line_end < head_end) {
      const size_t start = line_end + 2;
      line_end = stream.buffer.find("\r\n", start);
      const size_t colon = stream.buffer.find(':', start);
      const size_t value = stream.buffer.find_first_not_of(' ', colon + 1);
      request.headers.push_back({stream.buffer.substr(start, colon - start),
                                 value < line_end ? stream.buffer.substr(value, line_end - value) : ""});
    }
    const size_t length = parse_uint64(request.header("Content-Length")).value_or(0);
    while (stream.buffer.size() < head_end + 4 + length)
      if (!stream.fill()) return std::nullopt;
    request.body = stream.buffer.substr(head_end + 4, length);
    stream.buffer.erase(0, head_end + 4 + length);
    return request;
  }

  bool answer(Stream& stream, int number) {
    std::optional<SeenRequest> request = read_request(stream);
    if (!request) return false;
    request->connection = number;
    ScriptedReply reply;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(*request);
      reply = rule_(*request);
    }
    if (reply.silent) {
      while (!stopping_ && stream.fill()) {
      }
      return false;
    }
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\n";
    for (const Header& header : reply.headers) text += header.name + ": " + header.value + "\r\n";
    if (!reply.tunnel) text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    text += "\r\n" + reply.body;
    stream.send(std::string_view(text).substr(0, reply.cut_after.value_or(text.size())));
    if (reply.tunnel) join(stream, request->target);
    return !reply.cut_after && !reply.close_after && !reply.tunnel;
  }

  // Copies both ways between a client and 127.0.0.1 at the target's port, until one of them ends.
  void join(Stream& client, const std::string& target) const {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<uint16_t>(parse_uint64(target.substr(target.rfind(':') + 1)).value_or(0)));
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      Stream other{server, nullptr, {}};
      bool open = true;
      while (open && !stopping_) {
        std::array<pollfd, 2> both = {{{client.socket, POLLIN, 0}, {server, POLLIN, 0}}};
        if (::poll(both.data(), 2, 20) <= 0) continue;
        if (both[0].revents != 0) open = client.fill();
        if (both[1].revents != 0) open = other.fill() && open;
        other.send(std::exchange(client.buffer, {}));
        client.send(std::exchange(other.buffer, {}));
      }
    }
    ::close(server);
  }

  Rule rule_;
  int listener_;
  int port_ = 0;
  SSL_CTX* tls_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::list<int> open_;
  std::vector<std::thread> threads_;
  std::vector<SeenRequest> seen_;
};

}  // namespace sluice::net
