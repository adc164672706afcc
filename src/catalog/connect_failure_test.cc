#include "catalog/connect_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::catalog {
namespace {

ErrorKind kind_of(std::string_view words) { return connect_failure(words, "PostgreSQL").kind; }

TEST(ConnectFailureTest, WhatMayPassByItselfIsUnavailable) {
  for (const char* words :
       {"connection to server at \"127.0.0.1\", port 1 failed: Connection refused Is the server running on "
        "that "
        "host and accepting TCP/IP connections?",
        "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory",
        "could not translate host name \"db\" to address: Temporary failure in name resolution",
        "connection to server at \"::1\" failed: FATAL:  the database system is starting up",
        "connection to server at \"::1\" failed: FATAL:  sorry, too many clients already", "timeout expired"})
    EXPECT_EQ(kind_of(words), ErrorKind::Unavailable) << words;
}

TEST(ConnectFailureTest, WhatAPersonMustChangeIsRefused) {
  for (const char* words :
       {"connection to server at \"::1\" failed: FATAL:  password authentication failed for user \"me\"",
        "connection to server at \"::1\" failed: FATAL:  database \"shop\" does not exist",
        "connection to server at \"::1\" failed: fe_sendauth: no password supplied",
        "connection to server at \"::1\" failed: SSL error: certificate verify failed",
        "connection to server at \"::1\" failed: server does not support SSL, but SSL was required",
        "connection to server at \"::1\" failed: FATAL:  unable to accept connection, access denied"})
    EXPECT_EQ(kind_of(words), ErrorKind::Refused) << words;
}

TEST(ConnectFailureTest, TheSentenceEndsOnceAndTheAdviceIsForARefusalAlone) {
  EXPECT_EQ(connect_failure("is it accepting connections?", "PostgreSQL", "Check the password.").message,
            "cannot connect to PostgreSQL: is it accepting connections?");
  EXPECT_EQ(connect_failure("FATAL:  no", "PostgreSQL", "Check the password.").message,
            "cannot connect to PostgreSQL: FATAL:  no. Check the password.");
}

}  // namespace
}  // namespace sluice::catalog
