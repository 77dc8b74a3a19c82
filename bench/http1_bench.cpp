// What the HTTP/1 codec costs a message: parse, prepare for forwarding, serialise, decode bodies.
#include <benchmark/benchmark.h>

#include "wire/http1/body.h"
#include "wire/http1/forward.h"

namespace {

using namespace bulkhead::wire::http1;

// About 500 octets, as a browser sends it to a proxy.
const std::string browser_get =
    "GET http://www.example.com/articles/2024/overview.html?lang=en&page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Referer: http://www.example.com/articles/\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n"
    "Proxy-Connection: keep-alive\r\n"
    "Connection: keep-alive\r\n\r\n";

const std::string origin_answer =
    "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: origin\r\nContent-Type: "
    "text/html; charset=utf-8\r\n"
    "Content-Length: 12345\r\nCache-Control: max-age=600\r\nETag: \"0123456789abcdef\"\r\nVary: "
    "Accept-Encoding\r\n\r\n";

void parse_request(benchmark::State& state) {
  RequestParser parser;
  for (auto _ : state) {
    parser.reset();
    benchmark::DoNotOptimize(parser.parse(browser_get));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * browser_get.size()));
}
BENCHMARK(parse_request);

void parse_request_new_parser(benchmark::State& state) {
  for (auto _ : state) {
    RequestParser parser;
    benchmark::DoNotOptimize(parser.parse(browser_get));
  }
}
BENCHMARK(parse_request_new_parser);

void parse_response(benchmark::State& state) {
  ResponseParser parser;
  for (auto _ : state) {
    parser.reset();
    benchmark::DoNotOptimize(parser.parse(origin_answer));
  }
}
BENCHMARK(parse_response);

void forward_request(benchmark::State& state) {
  RequestParser parser;
  std::string out;
  for (auto _ : state) {
    parser.reset();
    parser.parse(browser_get);
    benchmark::DoNotOptimize(prepare_request(parser.head(), {.pseudonym = "bulkhead"}));
    out.clear();
    append_request_head(out, parser.head(), TargetForm::origin);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(forward_request);

void decode_chunked(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i)
    append_chunk(body, std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  append_last_chunk(body);
  for (auto _ : state) {
    BodyDecoder decoder({BodyFraming::Kind::chunked, 0});
    std::size_t at = 0;
    while (!decoder.done()) at += decoder.feed(std::string_view(body).substr(at)).consumed;
    benchmark::DoNotOptimize(at);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(decode_chunked)->Arg(16)->Arg(1024)->Arg(16384);

}  // namespace

BENCHMARK_MAIN();
