// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.pubsub.PublishOptions;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The write side; cases named G are those of the specification. */
class EnvelopeTest {
  private static final String TAIL = "\"id\":\"i1\",\"pubsubname\":\"bus\",\"source\":\"shop\","
      + "\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"orders\","
      + "\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"com.dapr.event.sent\"}";
  private static final String CLOUD_EVENT = "application/cloudevents+json";
  private static final PublishOptions NOTHING = PublishOptions.defaults();

  private final ManualTime time = new ManualTime();
  private final Envelope envelope = envelope("shop", false, ZoneOffset.UTC);

  private Envelope envelope(String appId, boolean expiresMessages, ZoneId zone) {
    return new Envelope(appId, "bus", expiresMessages, new Stamps(time, zone), () -> "i1");
  }

  private String write(PublishOptions options, byte[] data) {
    return new String(envelope.write("orders", data, options).json(), UTF_8);
  }

  private String write(String contentType, String data) {
    return write(NOTHING.contentType(contentType), data.getBytes(UTF_8));
  }

  private String json(PublishOptions options) {
    return write(options.contentType("application/json"), "{\"n\":1}".getBytes(UTF_8));
  }

  /** What stands before the id. */
  private static String head(String event) {
    return event.substring(0, event.indexOf(",\"id\":"));
  }

  @Test
  void g1JsonIsSortedAndEscaped() {
    assertThat(write("application/json", "{ \"b\": 1.0, \"a\": \"<x>\" }"))
        .isEqualTo("{\"data\":{\"a\":\"\\u003cx\\u003e\",\"b\":1.0},"
            + "\"datacontenttype\":\"application/json\"," + TAIL);
  }

  @Test
  void g2NumbersKeepTheirDigits() {
    assertThat(write("application/json", "{\"n\":9007199254740993}"))
        .startsWith("{\"data\":{\"n\":9007199254740993},");
  }

  @Test
  void g3TextIsAString() {
    assertThat(write("text/plain; charset=utf-8", "hé \"x\""))
        .isEqualTo(
            "{\"data\":\"hé \\\"x\\\"\",\"datacontenttype\":\"text/plain; charset=utf-8\"," + TAIL);
  }

  @Test
  void g4WithoutAContentTypeDataIsText() {
    String expected = "{\"data\":\"{\\\"n\\\":1}\",\"datacontenttype\":\"text/plain\"," + TAIL;
    assertThat(write("", "{\"n\":1}")).isEqualTo(expected);
    assertThat(write(NOTHING, "{\"n\":1}".getBytes(UTF_8))).isEqualTo(expected);
  }

  @Test
  void g5BytesAreBase64() {
    assertThat(
            write(NOTHING.contentType("application/octet-stream"), new byte[] {1, 2, (byte) 0xff}))
        .isEqualTo(
            "{\"data_base64\":\"AQL/\",\"datacontenttype\":\"application/octet-stream\"," + TAIL);
  }

  @Test
  void g6XmlAndVendorJsonAreText() {
    assertThat(head(write("application/xml", "<a/>")))
        .isEqualTo("{\"data\":\"\\u003ca/\\u003e\",\"datacontenttype\":\"application/xml\"");
    assertThat(head(write("application/vnd.shop+json", "{\"n\":1}")))
        .isEqualTo("{\"data\":\"{\\\"n\\\":1}\",\"datacontenttype\":\"application/vnd.shop+json\"");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{\"n\":            | \"{\\\"n\\\":\"",
        "``                 | \"\"",
        "null               | null",
        "{\"n\":1}{\"n\":2} | {\"n\":1}",
        "{\"a\":1}xyz       | {\"a\":1}",
        "12 34              | 12",
        "2024-01-01         | 2024",
        "012                | 0",
        "truely             | true",
        "1.x                | \"1.x\"",
        "-                  | \"-\"",
        "1e+                | \"1e+\"",
        "1e5.3              | 1e5",
        "\"a\"b             | \"a\"",
        "nul                | \"nul\"",
        "+1                 | \"+1\"",
        "NaN                | \"NaN\"",
        "{\"a\":01}         | \"{\\\"a\\\":01}\"",
        "[1,]               | \"[1,]\"",
      })
  void g7OddJsonIsReadUpToTheEndOfItsFirstValueOrElseText(String body, String data) {
    assertThat(head(write("application/json", body)))
        .isEqualTo("{\"data\":" + data + ",\"datacontenttype\":\"application/json\"");
  }

  @Test
  void g8OverridesAndTimeToLive() {
    var options = NOTHING
        .metadata("cloudevent.id", "e1")
        .metadata("cloudevent.Source", "/s")
        .metadata("cloudevent.type", "t.x")
        .metadata("cloudevent.subject", "sub")
        .metadata("ttlInSeconds", "30");
    String event = "{\"data\":{\"n\":1},\"datacontenttype\":\"application/json\","
        + "\"expiration\":\"2026-01-01T00:00:30Z\",\"id\":\"e1\",\"pubsubname\":\"bus\","
        + "\"source\":\"/s\",\"specversion\":\"1.0\",\"subject\":\"sub\","
        + "\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"orders\",\"traceid\":\"\","
        + "\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"t.x\"}";
    assertThat(json(options)).isEqualTo(event);
    assertThat(new String(
            envelope("shop", true, ZoneOffset.UTC)
                .write(
                    "orders", "{\"n\":1}".getBytes(UTF_8), options.contentType("application/json"))
                .json(),
            UTF_8))
        .isEqualTo(event.replace("\"expiration\":\"2026-01-01T00:00:30Z\",", ""));
  }

  @Test
  void g9TraceOverrides() {
    assertThat(json(NOTHING.metadata("cloudevent.traceparent", "X")))
        .contains("\"traceid\":\"X\",\"traceparent\":\"X\"");
    assertThat(json(NOTHING.metadata("cloudevent.traceid", "Y")))
        .contains("\"traceid\":\"Y\",\"traceparent\":\"Y\"");
  }

  @Test
  void g10ACompleteEventPassesThrough() {
    String event = "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/s\",\"type\":\"t.x\","
        + "\"ext\":7,\"topic\":\"zzz\",\"datacontenttype\":\"application/json\","
        + "\"data\":{\"b\":2,\"a\":1}}";
    assertThat(write(CLOUD_EVENT, event))
        .isEqualTo("{\"data\":{\"a\":1,\"b\":2},\"datacontenttype\":\"application/json\",\"ext\":7,"
            + "\"id\":\"e1\",\"pubsubname\":\"bus\",\"source\":\"/s\",\"specversion\":\"1.0\","
            + "\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"orders\",\"traceid\":\"\","
            + "\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"t.x\"}");
  }

  @Test
  void g11AMinimalEventIsCompletedButGetsNoId() {
    String start = "{\"data\":\"x\",\"pubsubname\":\"bus\",\"source\":\"Dapr\","
        + "\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"orders\",";
    String end = "\"tracestate\":\"\",\"type\":\"com.dapr.event.sent\"}";
    assertThat(write(CLOUD_EVENT, "{\"data\":\"x\"}"))
        .isEqualTo(start + "\"traceid\":\"\",\"traceparent\":\"\"," + end);
    assertThat(write(CLOUD_EVENT, "{\"data\":\"x\",\"traceid\":\"t1\"}"))
        .isEqualTo(start + "\"traceid\":\"t1\"," + end);
  }

  @Test
  void aCompleteEventKeepsWhatItHasAndLosesItsTraceparentWithoutTraceid() {
    var options = NOTHING
        .contentType("Application/CloudEvents+JSON;charset=utf-8")
        .traceContext("tp", "ts")
        .metadata("cloudevent.id", "no")
        .metadata("ttl", "1m");
    String event = "{\"time\":null,\"source\":null,\"type\":null,\"specversion\":null,"
        + "\"traceparent\":\"mine\",\"expiration\":\"x\",\"A\":[1.0,{}]} and more";
    assertThat(write(options, event.getBytes(UTF_8)))
        .isEqualTo("{\"A\":[1.0,{}],\"expiration\":\"2026-01-01T00:01:00Z\",\"pubsubname\":\"bus\","
            + "\"source\":\"Dapr\",\"specversion\":\"1.0\",\"time\":null,\"topic\":\"orders\","
            + "\"traceid\":\"tp\",\"traceparent\":\"tp\",\"tracestate\":\"ts\","
            + "\"type\":\"com.dapr.event.sent\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "\"x\"", "7", "{\"secret\":", "{\"secret\":1,}"})
  void whatCallsItselfAnEventAndIsNoneIsRefusedWithoutQuotingIt(String body) {
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(() -> write(CLOUD_EVENT, body))
        .satisfies(e -> assertThat(e.errorCode()).isEqualTo("ERR_PUBSUB_CLOUD_EVENTS_SER"))
        .withMessageStartingWith("cannot create cloudevent: it")
        .withMessageNotContaining("secret")
        .withNoCause();
  }

  @Test
  void emptyOverridesReplaceTheRequestsOwnValuesAndThenTheFallbacksApply() {
    var options = NOTHING
        .traceContext("tp", "ts")
        .metadata("cloudevent.id", "")
        .metadata("cloudevent.source", "")
        .metadata("cloudevent.type", "")
        .metadata("cloudevent.subject", "")
        .metadata("cloudevent.traceid", "")
        .metadata("cloudevent.traceparent", "")
        .metadata("cloudevent.tracestate", "")
        .metadata("cloudevent.time", "ignored");
    assertThat(json(options)).endsWith(TAIL.replace("\"source\":\"shop\"", "\"source\":\"Dapr\""));
    assertThat(json(NOTHING.traceContext("tp", "ts").metadata("cloudevent.traceparent", "")))
        .contains("\"traceid\":\"tp\",\"traceparent\":\"tp\",\"tracestate\":\"ts\"");
  }

  @Test
  void theExactSpellingOfAnOverrideWins() {
    assertThat(json(NOTHING
            .metadata("CLOUDEVENT.ID", "upper")
            .metadata("cloudevent.id", "exact")
            .metadata("Cloudevent.type", "t")))
        .contains("\"id\":\"exact\"")
        .contains("\"type\":\"t\"");
  }

  @Test
  void anAppWithoutAnIdIsDapr() {
    var data = "x".getBytes(UTF_8);
    assertThat(new String(
            envelope("", false, ZoneOffset.UTC).write("t", data, NOTHING).json(), UTF_8))
        .contains("\"source\":\"Dapr\"");
  }

  @Test
  void theTimeIsLocalAndTheExpirationIsUtc() {
    var berlin = envelope("shop", false, ZoneId.of("Europe/Berlin"));
    var options = NOTHING.metadata("ttl", "1h");
    assertThat(new String(berlin.write("t", new byte[0], options).json(), UTF_8))
        .contains("\"expiration\":\"2026-01-01T01:00:00Z\"")
        .contains("\"time\":\"2026-01-01T01:00:00+01:00\"");
    time.advance(Duration.ofMillis(1999));
    assertThat(new String(berlin.write("t", new byte[0], options).json(), UTF_8))
        .contains("\"expiration\":\"2026-01-01T01:00:01Z\"")
        .contains("\"time\":\"2026-01-01T01:00:01+01:00\"");
  }

  @Test
  void eachEventHasTheTimeOfItsOwnSecondEvenWhenTheClockGoesBack() {
    json(NOTHING);
    time.jump(Duration.ofSeconds(-61));
    assertThat(json(NOTHING)).contains("\"time\":\"2025-12-31T23:58:59Z\"");
  }

  @Test
  void namesAndTopicsAreEscapedLikeAnyText() {
    var odd = new Envelope("a<", "b\"", false, new Stamps(time, ZoneOffset.UTC), () -> "i");
    assertThat(new String(odd.write("o&p/\u2028", new byte[0], NOTHING).json(), UTF_8))
        .contains("\"pubsubname\":\"b\\\"\",\"source\":\"a\\u003c\"")
        .contains("\"topic\":\"o\\u0026p/\\u2028\"");
  }

  @Test
  void protobufIsBase64WhenItIsAnEvent() {
    byte[] event = {0x0a, 2, 'e', '1', 0x12, 1, 's'};
    assertThat(head(write(NOTHING.contentType("application/x-protobuf"), event)))
        .isEqualTo(
            "{\"data_base64\":\"CgJlMRIBcw==\",\"datacontenttype\":\"application/x-protobuf\"");
    assertThat(head(write("application/x-protobuf", "hello")))
        .isEqualTo("{\"data\":\"hello\",\"datacontenttype\":\"application/x-protobuf\"");
    assertThat(head(write("application/cloudevents+protobuf", "hi")))
        .startsWith("{\"data_base64\":\"aGk=\"");
  }

  @ParameterizedTest
  @CsvSource({"application/json;", "APPLICATION/JSON", "application/json; charset=utf-8"})
  void contentTypesAreComparedWithoutCaseAndParameters(String type) {
    assertThat(write(type, "{}")).startsWith("{\"data\":{},\"datacontenttype\":\"" + type + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {" application/json", "application/json ;x", "application/jsonx"})
  void contentTypesAreNotTrimmed(String type) {
    assertThat(write(type, "{}")).startsWith("{\"data\":\"{}\"");
  }

  @Test
  void aBombOfNestingIsRefused() {
    for (String type : new String[] {"application/json", CLOUD_EVENT}) {
      String bomb = (CLOUD_EVENT.equals(type) ? "{\"a\":" : "") + "[".repeat(1_000_000);
      assertThatExceptionOfType(MalformedEventException.class)
          .isThrownBy(() -> write(type, bomb))
          .withMessage("cannot create cloudevent: its JSON is nested deeper than 500 levels");
    }
  }

  @Test
  void theDeepestJsonAllowedIsWritten() {
    String deep = "{\"a\":".repeat(500) + "1" + "}".repeat(500);
    assertThat(write("application/json", deep)).startsWith("{\"data\":" + deep);
  }

  @Test
  void brokenUtf8BecomesReplacementCharacters() {
    byte[] broken = {'"', 'a', (byte) 0xe2, (byte) 0x82, '"'};
    assertThat(write(NOTHING.contentType("application/json"), broken))
        .startsWith("{\"data\":\"a\ufffd\ufffd\",");
    assertThat(write(NOTHING.contentType("text/plain"), broken))
        .startsWith("{\"data\":\"\\\"a\\ufffd\\ufffd\\\"\",");
  }

  @Test
  void anExpirationFarAwayIsWritten() {
    assertThat(json(NOTHING.metadata("ttl", "2000000h")))
        .contains("\"expiration\":\""
            + Instant.parse("2026-01-01T00:00:00Z").plus(Duration.ofHours(2_000_000)) + "\"");
  }
}
