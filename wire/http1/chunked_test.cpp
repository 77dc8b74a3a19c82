#include "wire/http1/chunked.h"

#include <gtest/gtest.h>

#include "wire/http1/body.h"

namespace bulkhead::wire::http1 {
namespace {

using namespace std::string_literals;
using Kind = BodyFraming::Kind;

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  ParseError error = ParseError::none;
  std::size_t trailers = 0;
};

Decoded decode(std::string_view input, const ChunkLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Decoded result;
  while (result.consumed < input.size() && !result.done && result.error == ParseError::none) {
    const auto step = decoder.feed(input.substr(result.consumed));
    EXPECT_GT(step.consumed, 0u);
    result.payload.append(step.payload);
    result.consumed += step.consumed;
    result.done = step.done;
    result.error = step.error;
  }
  result.trailers = decoder.trailers().size();
  return result;
}

TEST(Chunked, DecodesAndStopsAtTheEnd) {
  const std::string body =
      "5\r\nhello\r\n1;a=b\r\n \r\n00a \t; c=\"d\"\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
  const auto result = decode(body + "GET");
  EXPECT_EQ(result.payload, "hello 0123456789");
  EXPECT_EQ(result.consumed, body.size());
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.trailers, 1u);
}

struct Refused {
  std::string text;
  ParseError error;
};

class RefusedChunks : public testing::TestWithParam<Refused> {};

TEST_P(RefusedChunks, WithTheirOwnError) {
  const auto result = decode(GetParam().text);
  EXPECT_EQ(result.error, GetParam().error) << GetParam().text << "\n" << name(result.error);
  EXPECT_FALSE(result.done);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedChunks,
    testing::Values(Refused{"\r\n", ParseError::missing_chunk_size},
                    Refused{";a\r\n", ParseError::missing_chunk_size},
                    Refused{"\n", ParseError::missing_chunk_size},
                    Refused{"0x5\r\n", ParseError::invalid_chunk_size},
                    Refused{"+5\r\n", ParseError::invalid_chunk_size},
                    Refused{"-5\r\n", ParseError::invalid_chunk_size},
                    Refused{" 5\r\n", ParseError::invalid_chunk_size},
                    Refused{"g\r\n", ParseError::invalid_chunk_size},
                    Refused{"5,5\r\n", ParseError::invalid_chunk_size},
                    Refused{"8000000000000000\r\n", ParseError::chunk_size_overflow},
                    Refused{"ffffffffffffffff\r\n", ParseError::chunk_size_overflow},
                    Refused{"00000000000000005\r\n", ParseError::chunk_size_overflow},
                    Refused{"5\n", ParseError::bare_line_feed},
                    Refused{"5;a\n", ParseError::bare_line_feed},
                    Refused{"5 \n", ParseError::bare_line_feed},
                    Refused{"5\rx", ParseError::bare_carriage_return},
                    Refused{"5 \r\n", ParseError::invalid_chunk_extension},
                    Refused{"5 a\r\n", ParseError::invalid_chunk_extension},
                    Refused{"5;\0\r\n"s, ParseError::invalid_chunk_extension},
                    Refused{"5;a\x7f", ParseError::invalid_chunk_extension},
                    Refused{"5;a\rb", ParseError::bare_carriage_return},
                    Refused{"5;" + std::string(2000, 'x'), ParseError::chunk_line_too_long},
                    Refused{"1\r\nab", ParseError::missing_chunk_terminator},
                    Refused{"1\r\na\n", ParseError::missing_chunk_terminator},
                    Refused{"1\r\na\rb", ParseError::missing_chunk_terminator},
                    Refused{"1\r\na0\r\n\r\n", ParseError::missing_chunk_terminator},
                    Refused{"0\r\n\n", ParseError::bare_line_feed},
                    Refused{"0\r\nA: b\n", ParseError::bare_line_feed},
                    Refused{"0\r\nA: b\rc\r\n", ParseError::bare_carriage_return},
                    Refused{"0\r\nA : b\r\n", ParseError::whitespace_before_colon},
                    Refused{"0\r\n A: b\r\n", ParseError::obsolete_line_folding},
                    Refused{"0\r\nContent-Length: 5\r\n", ParseError::forbidden_trailer_field},
                    Refused{"0\r\ntransfer-encoding: chunked\r\n",
                            ParseError::forbidden_trailer_field},
                    Refused{"0\r\nHost: a\r\n", ParseError::forbidden_trailer_field},
                    Refused{"0\r\nA: " + std::string(9000, 'x'), ParseError::trailers_too_large}));

TEST(Chunked, SizesUpToTheBoundAreTaken) {
  EXPECT_EQ(decode("7fffffffffffffff\r\nabc").error, ParseError::none);
  EXPECT_EQ(decode("000000000000000A\r\n0123456789\r\n0\r\n\r\n").payload, "0123456789");
}

TEST(Chunked, ExtensionsOfABodyAreBoundedTogether) {
  std::string body;
  for (int i = 0; i < 10; ++i) body += "1;" + std::string(20, 'x') + "\r\na\r\n";
  body += "0\r\n\r\n";
  EXPECT_TRUE(decode(body, {.max_extensions = 200}).done);
  EXPECT_EQ(decode(body, {.max_extensions = 199}).error, ParseError::chunk_extensions_too_large);
}

TEST(Chunked, TrailersAreCountedAndSomeDropped) {
  EXPECT_EQ(decode("0\r\nA: b\r\nA: c\r\n\r\n", {.max_trailer_fields = 1}).error,
            ParseError::trailers_too_large);
  const auto result =
      decode("0\r\nAuthorization: x\r\nset-cookie: a\r\nVia: x\r\nChecksum: z\r\n\r\n");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.trailers, 1u);
}

TEST(Chunked, ErrorsStay) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.feed("x").error, ParseError::invalid_chunk_size);
  const auto step = decoder.feed("0\r\n\r\n");
  EXPECT_EQ(step.error, ParseError::invalid_chunk_size);
  EXPECT_EQ(step.consumed, 0u);
}

TEST(Chunked, EncodesWhatItDecodes) {
  Headers trailers;
  trailers.add("Checksum", "z");
  std::string out;
  append_chunk(out, "");
  append_chunk(out, "hello");
  append_chunk(out, std::string(300, 'x'));
  append_last_chunk(out, trailers);
  EXPECT_TRUE(out.starts_with("5\r\nhello\r\n12c\r\nxxx"));
  EXPECT_TRUE(out.ends_with("xx\r\n0\r\nChecksum: z\r\n\r\n"));
  const auto result = decode(out);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.payload, "hello" + std::string(300, 'x'));
  EXPECT_EQ(ChunkHeader(~0ull).view(), "ffffffffffffffff\r\n");
}

TEST(Body, OfALength) {
  BodyDecoder body({Kind::length, 5});
  auto step = body.feed("abc");
  EXPECT_EQ(step.payload, "abc");
  EXPECT_FALSE(step.done);
  EXPECT_EQ(body.remaining(), 2u);
  EXPECT_FALSE(body.end_of_input());
  step = body.feed("defg");
  EXPECT_EQ(step.payload, "de");
  EXPECT_EQ(step.consumed, 2u);
  EXPECT_TRUE(step.done);
  EXPECT_TRUE(body.end_of_input());
  EXPECT_EQ(body.feed("x").consumed, 0u);
}

TEST(Body, OfNothingIsDoneFromTheStart) {
  EXPECT_TRUE(BodyDecoder().done());
  EXPECT_TRUE(BodyDecoder({Kind::length, 0}).done());
  EXPECT_FALSE(BodyDecoder({Kind::chunked, 0}).done());
  BodyDecoder body;
  EXPECT_EQ(body.feed("GET").consumed, 0u);
}

TEST(Body, UntilClose) {
  BodyDecoder body({Kind::until_close, 0});
  EXPECT_EQ(body.feed("abc").payload, "abc");
  EXPECT_FALSE(body.done());
  EXPECT_TRUE(body.end_of_input());
  EXPECT_TRUE(body.feed("x").done);
}

TEST(Body, ChunkedCountsPayloadAndRawOctets) {
  BodyDecoder body({Kind::chunked, 0});
  const std::string text = "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
  std::size_t at = 0;
  while (!body.done()) at += body.feed(std::string_view(text).substr(at)).consumed;
  EXPECT_EQ(body.payload_octets(), 3u);
  EXPECT_EQ(body.raw_octets(), text.size());
  EXPECT_EQ(body.trailers().get("a"), "b");
  BodyDecoder cut({Kind::chunked, 0});
  cut.feed("3\r\nabc\r\n");
  EXPECT_FALSE(cut.end_of_input());
}

}  // namespace
}  // namespace bulkhead::wire::http1
