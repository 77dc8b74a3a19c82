// A stream of which some bytes have been read already: it yields those first.
#pragma once

#include <memory>
#include <string>

#include "runtime/stream.h"

namespace bulkhead::egress {

class PrefixedStream final : public runtime::Stream {
 public:
  PrefixedStream(std::unique_ptr<runtime::Stream> inner, std::string prefix)
      : inner_(std::move(inner)), prefix_(std::move(prefix)) {}

  runtime::IoResult try_read(std::span<std::byte> buffer) override;
  runtime::IoResult try_write(std::span<const std::byte> bytes) override {
    return inner_->try_write(bytes);
  }
  void shutdown_write() override { inner_->shutdown_write(); }
  runtime::Socket& socket() override { return inner_->socket(); }
  runtime::Direction read_blocked_on() const override { return inner_->read_blocked_on(); }
  runtime::Direction write_blocked_on() const override { return inner_->write_blocked_on(); }
  bool is_raw() const override { return used_ == prefix_.size() && inner_->is_raw(); }

 private:
  std::unique_ptr<runtime::Stream> inner_;
  std::string prefix_;
  std::size_t used_ = 0;
};

// The stream itself if there is nothing to put in front of it.
std::unique_ptr<runtime::Stream> with_prefix(std::unique_ptr<runtime::Stream> stream,
                                             std::string prefix);

}  // namespace bulkhead::egress
