// Status and Result<T>: how every fallible function of Tamis reports failure.
//
// A Status is a code plus a message made for the person who reads it: it names the field, the value and what was
// expected. Result<T> holds either a T or a Status that is not ok. Both are [[nodiscard]]. Thread-safe as values are:
// distinct objects may be used from distinct threads. One table in server/ maps codes to HTTP.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tamis {

enum class StatusCode {
  kOk,
  kNotFound,            // the named thing does not exist
  kInvalidArgument,     // the request is malformed or out of range; retrying it unchanged cannot succeed
  kAlreadyExists,       // the thing exists with a different definition
  kFailedPrecondition,  // well-formed, but the database is not in a state that allows it
  kResourceExhausted,   // disk watermark or memory cap reached; reads and deletes still work
  kUnavailable,         // busy, recovering or shutting down; retry later
  kCorruption,          // stored bytes fail their checksum or grammar
  kIoError,             // the operating system refused a read or a write
  kInternal,            // a defect of Tamis
};

// "invalid_argument" and so on; stable, used in logs and in problem documents.
std::string_view status_code_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status ok() { return {}; }
  static Status not_found(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
  static Status invalid_argument(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
  static Status already_exists(std::string message) { return {StatusCode::kAlreadyExists, std::move(message)}; }
  static Status failed_precondition(std::string message) {
    return {StatusCode::kFailedPrecondition, std::move(message)};
  }
  static Status resource_exhausted(std::string message) { return {StatusCode::kResourceExhausted, std::move(message)}; }
  static Status unavailable(std::string message) { return {StatusCode::kUnavailable, std::move(message)}; }
  static Status corruption(std::string message) { return {StatusCode::kCorruption, std::move(message)}; }
  static Status io_error(std::string message) { return {StatusCode::kIoError, std::move(message)}; }
  static Status internal(std::string message) { return {StatusCode::kInternal, std::move(message)}; }

  bool is_ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // The path of the offending field, as "features.price" or "vector[3]"; empty where no one field is to blame.
  const std::string& field() const { return field_; }

  // The same status, blamed on `field`.
  Status at_field(std::string field) && {
    field_ = std::move(field);
    return std::move(*this);
  }
  // The same code and field, with "context: " before the message.
  Status with_context(std::string_view context) && {
    message_ = std::string(context) + ": " + message_;
    return std::move(*this);
  }

  // "invalid_argument: price is ..." or "ok".
  std::string to_string() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::string field_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor): reads as `return value;`
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    assert(!status_.is_ok() && "a Result without a value needs a failed Status");
  }

  bool is_ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // REQUIRES: is_ok().
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace tamis

// Returns the failed Status of `expression` from the enclosing function, which returns Status or Result<T>.
#define TAMIS_RETURN_IF_ERROR(expression)                                                           \
  do {                                                                                              \
    if (::tamis::Status tamis_status_ = (expression); !tamis_status_.is_ok()) return tamis_status_; \
  } while (false)

#define TAMIS_CONCAT_INNER(a, b) a##b
#define TAMIS_CONCAT(a, b) TAMIS_CONCAT_INNER(a, b)

// `TAMIS_ASSIGN_OR_RETURN(auto row, store.get(id));` declares `row`, or returns the failed Status.
#define TAMIS_ASSIGN_OR_RETURN(declaration, expression) \
  TAMIS_ASSIGN_OR_RETURN_INNER(TAMIS_CONCAT(tamis_result_, __LINE__), declaration, expression)
#define TAMIS_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                         \
  if (!result.is_ok()) return result.status();                        \
  declaration = std::move(result).value()
