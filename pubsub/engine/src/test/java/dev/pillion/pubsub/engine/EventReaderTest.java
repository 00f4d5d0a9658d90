// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The read side; cases named G are those of the specification. */
class EventReaderTest {
  private static final String JSON = ",\"datacontenttype\":\"application/json\"}";

  private final EventReader reader = new EventReader("bus", "orders", false, () -> "i1");
  private final EventReader rawReader = new EventReader("bus", "orders", true, () -> "i1");

  private ReceivedEvent read(String json) {
    return reader.read(ScriptedMessage.of(json));
  }

  private String data(String json) {
    byte[] data = read(json).data();
    return data == null ? "none" : new String(data, UTF_8);
  }

  @Test
  void g1JsonIsHandedOverAsItStands() {
    byte[] bytes = ("{\"data\":{\"a\":\"\\u003cx\\u003e\",\"b\":1.0},"
            + "\"datacontenttype\":\"application/json\",\"id\":\"e1\",\"pubsubname\":\"bus\","
            + "\"source\":\"shop\",\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:00Z\","
            + "\"topic\":\"orders\",\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\","
            + "\"type\":\"com.dapr.event.sent\"}")
        .getBytes(UTF_8);
    var event = reader.read(ScriptedMessage.of(bytes));
    assertThat(event.data()).asString(UTF_8).isEqualTo("{\"a\":\"\\u003cx\\u003e\",\"b\":1.0}");
    assertThat(event.envelope()).isSameAs(bytes);
    assertThat(event.dataContentType()).isEqualTo("application/json");
    assertThat(event.attributes())
        .containsOnly(
            entry("datacontenttype", "application/json"),
            entry("id", "e1"),
            entry("pubsubname", "bus"),
            entry("source", "shop"),
            entry("specversion", "1.0"),
            entry("time", "2026-01-01T00:00:00Z"),
            entry("topic", "orders"),
            entry("traceid", ""),
            entry("traceparent", ""),
            entry("tracestate", ""),
            entry("type", "com.dapr.event.sent"));
    assertThat(event.variables())
        .extractingByKey("event")
        .isEqualTo(event.membersWith("data", Map.of("a", "<x>", "b", 1.0)));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        // G2, G3, G4, G6: numbers and texts.
        "{\"data\":{\"n\":9007199254740993}  | application/json       | {\"n\":9007199254740993}",
        "{\"data\":\"hé \\\"x\\\"\"          | text/plain; charset=x  | hé \"x\"",
        "{\"data\":\"{\\\"n\\\":1}\"         | text/plain             | {\"n\":1}",
        "{\"data\":\"\\u003ca/\\u003e\"      | application/xml        | <a/>",
        "{\"data\":\"{\\\"n\\\":1}\"         | application/vnd.x+json | {\"n\":1}",
        "{\"data\":{\"n\": 1}                | application/vnd.x+json | {\"n\":1}",
        // G5, G7: bytes, and odd JSON.
        "{\"data_base64\":\"aGk=\"           | application/octet-stream | hi",
        "{\"data_base64\":\"aG\\nk=\"        | application/octet-stream | hi",
        "{\"data\":1,\"data_base64\":\"aGk=\"| application/json       | hi",
        "{\"data\":1,\"data_base64\":null    | application/json       | 1",
        "{\"data\":\"{\\\"n\\\":\"           | application/json       | \"{\\\"n\\\":\"",
        "{\"data\":\"\"                      | application/json       | \"\"",
        "{\"data\":\"x\"                     | application/cloudevents+json | \"x\"",
        "{\"data\":null                      | application/json       | none",
        "{\"x\":1                            | application/json       | none",
        // Where the value ends.
        "{\"data\": 12                       | application/json       | 12",
        "{\"data\":true                      | application/json       | true",
        "{\"data\" : [ 1 , \" \\\" \" ]      | application/json       | [1,\" \\\" \"]",
        "{\"data\":1,\"data\":{\"a\":2}      | application/json       | {\"a\":2}",
        "{\"data\":1,\"data\":null           | application/json       | none",
        "{\"data\":\"a\\ud800\"              | text/plain             | a\ufffd",
      })
  void dataIsHandedOverByItsType(String event, String type, String data) {
    assertThat(data(event + ",\"datacontenttype\":\"" + type + "\"}")).isEqualTo(data);
    // The other way round, as other producers write it.
    assertThat(data("{\"datacontenttype\":\"" + type + "\" , " + event.substring(1) + " } "))
        .isEqualTo(data);
  }

  @Test
  void dataWithoutATypeIsItsText() {
    assertThat(data("{\"data\":\"x\"}")).isEqualTo("x");
    assertThat(data("{\"data\":[1.0]}")).isEqualTo("[1.0]");
    assertThat(data("{\"data\":\"x\",\"datacontenttype\":7}")).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"data\":{\"secret\":1},\"datacontenttype\":\"text/plain\"}",
        "{\"data\":[\"secret\"],\"datacontenttype\":\"application/xml\"}",
        "{\"data_base64\":\"secret!\"}",
        "{\"data_base64\":{\"secret\":1}}",
      })
  void dataThatDoesNotFitItsTypeFailsWhenItIsAskedFor(String json) {
    var event = read(json);
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(event::data)
        .withMessageStartingWith("the message is no CloudEvent: its data")
        .withMessageNotContaining("secret")
        .withNoCause();
  }

  @Test
  void attributesLoseNothing() {
    var event = read("{\"l\":7,\"max\":9223372036854775807,\"min\":-9223372036854775808,"
        + "\"big\":9223372036854775808,\"d\":0.1,\"e\":1e3,\"one\":1.0,\"zero\":-0,"
        + "\"fine\":0.1000000000000000055511151231257827,\"huge\":1e400,\"tiny\":1e-400,"
        + "\"t\":true,\"n\":null,\"list\":[1,null,{\"a\":2.5}]}");
    assertThat(event.attributes())
        .containsOnly(
            entry("l", 7L),
            entry("max", Long.MAX_VALUE),
            entry("min", Long.MIN_VALUE),
            entry("big", new BigDecimal("9223372036854775808")),
            entry("d", 0.1),
            entry("e", 1000.0),
            entry("one", 1.0),
            entry("zero", -0.0),
            entry("fine", new BigDecimal("0.1000000000000000055511151231257827")),
            entry("huge", new BigDecimal("1e400")),
            entry("tiny", new BigDecimal("1e-400")),
            entry("t", true),
            entry("list", Arrays.asList(1L, null, Map.of("a", 2.5))));
  }

  @Test
  void ofAMemberThatComesTwiceTheLastCounts() {
    assertThat(read("{\"id\":\"a\",\"id\":\"b\",\"x\":1,\"x\":null}").attributes())
        .containsOnly(entry("id", "b"));
  }

  @Test
  void rulesSeeDoublesAndNulls() {
    var event = read("{\"n\":1,\"z\":null,\"data\":{\"vip\":true,\"n\":[1,2.5]}" + JSON);
    assertThat(event.members())
        .containsEntry("n", 1.0)
        .containsEntry("z", null)
        .containsEntry("data", Map.of("vip", true, "n", List.of(1.0, 2.5)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "hi",
        "[1]",
        "7",
        "\"x\"",
        "true",
        "{\"a\":1} x",
        "{\"a\":1}{}",
        "{\"a\":1}}",
        "{\"a\"",
        "{a:1}",
        "{\"a\":01}",
        "null 1",
        "nullx",
        "{\"data\":\"\\x\"}",
        "\ufeff{}"
      })
  void g14AMessageThatIsNoObjectIsRefused(String body) {
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(() -> read(body))
        .withMessageStartingWith("the message is no CloudEvent: it")
        .withNoCause();
  }

  @Test
  void g14AnyObjectIsAnEvent() {
    var event = read(" {\"n\":1} \n");
    assertThat(event.attributes()).containsOnly(entry("n", 1L));
    assertThat(event.data()).isNull();
    assertThat(event.dataContentType()).isEmpty();
    assertThat(event.envelope()).asString(UTF_8).isEqualTo(" {\"n\":1} \n");
  }

  @Test
  void g14NullIsAnEventWithoutMembers() {
    var event = read("null");
    assertThat(event.attributes()).isEmpty();
    assertThat(event.data()).isNull();
    assertThat(event.members()).isEmpty();
    assertThat(event.envelope()).asString(UTF_8).isEqualTo("null");
  }

  @Test
  void missingTraceAttributesComeFromTheMetadata() {
    var metadata = Map.of("traceparent", "p", "tracestate", "s", "traceid", "i");
    var filled = reader.read(ScriptedMessage.of("{\"traceid\":\"own\"}").with(metadata));
    assertThat(filled.attributes())
        .containsOnly(entry("traceid", "p"), entry("traceparent", "p"), entry("tracestate", "s"));
    assertThat(filled.members()).isEqualTo(filled.attributes());
    var own = reader.read(
        ScriptedMessage.of("{\"traceparent\":\"\",\"tracestate\":\"\"}").with(metadata));
    assertThat(own.attributes())
        .containsOnly(entry("traceid", "i"), entry("traceparent", ""), entry("tracestate", ""));
    assertThat(own.envelope()).asString(UTF_8).doesNotContain("traceid");
  }

  @Test
  void theTraceContextIsTheTraceparentOrElseTheTraceid() {
    assertThat(read("{\"traceid\":\"i\",\"traceparent\":\"p\"}").traceparent()).isEqualTo("p");
    assertThat(read("{\"traceid\":\"i\",\"tracestate\":\"s\"}").traceparent()).isEqualTo("i");
    assertThat(read("{\"tracestate\":\"s\"}").tracestate()).isEqualTo("s");
    assertThat(read("{}").traceparent()).isEmpty();
  }

  @Test
  void g12ARawSubscriptionGetsAnEventAroundTheBytes() {
    byte[] hi = "hi".getBytes(UTF_8);
    var event = rawReader.read(
        ScriptedMessage.of(hi).with(Map.of("rawPayload", "true")).as("application/json"));
    assertThat(event.envelope())
        .asString(UTF_8)
        .isEqualTo("{\"data_base64\":\"aGk=\",\"datacontenttype\":\"application/octet-stream\","
            + "\"id\":\"i1\",\"pubsubname\":\"bus\",\"source\":\"Dapr\",\"specversion\":\"1.0\","
            + "\"topic\":\"orders\",\"type\":\"com.dapr.event.sent\"}");
    assertThat(event.data()).isEqualTo(hi).isNotSameAs(hi);
    assertThat(event.members()).containsEntry("data_base64", "aGk=").doesNotContainKey("data");
  }

  @Test
  void g13ARawEventHasTheTraceContextOfItsMetadata() {
    var empty =
        rawReader.read(ScriptedMessage.of("hi").with(Map.of("traceid", "", "tracestate", "")));
    assertThat(empty.envelope())
        .asString(UTF_8)
        .contains("\"topic\":\"orders\",\"traceid\":\"\",\"tracestate\":\"\",\"type\"");
    var full =
        rawReader.read(ScriptedMessage.of("hi").with(Map.of("traceid", "i", "traceparent", "p")));
    assertThat(full.envelope())
        .asString(UTF_8)
        .contains("\"traceid\":\"p\",\"traceparent\":\"p\",\"type\"");
  }

  @Test
  void g15ARawSubscriptionDoesNotLookIntoAnEvent() {
    String json = "{\"expiration\":\"2020-01-01T00:00:00Z\",\"traceparent\":\"p\"}";
    var event = rawReader.read(ScriptedMessage.of(json));
    assertThat(event.data()).asString(UTF_8).isEqualTo(json);
    assertThat(event.isExpired(Instant.MAX)).isFalse();
    assertThat(event.traceparent()).isEmpty();
  }

  @Test
  void g24BinaryMode() {
    byte[] bytes = {1, 2};
    var metadata = Map.of(
        "content-type", "application/octet-stream", "ce_id", "7", "Ce_Type", "t.x", "CE_data", "x");
    var event = reader.read(ScriptedMessage.of(bytes).with(metadata));
    assertThat(event.attributes())
        .containsOnly(
            entry("id", "7"),
            entry("type", "t.x"),
            entry("datacontenttype", "application/octet-stream"));
    assertThat(event.data()).isEqualTo(bytes);
    assertThat(event.envelope()).isSameAs(bytes);
    assertThat(event.members()).containsEntry("data", bytes);
  }

  @Test
  void theContentTypeOfTheMessageGoesBeforeItsMetadata() {
    var message = ScriptedMessage.of("{\"id\":\"e\"}");
    assertThat(reader.read(message.as("application/octet-stream")).attribute("id"))
        .isEmpty();
    assertThat(reader
            .read(message
                .with(Map.of("content-type", "application/octet-stream"))
                .as("application/json"))
            .attribute("id"))
        .isEqualTo("e");
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-01T00:00:00Z, true",
    "2026-01-01T01:00:00+01:00, true",
    "2026-01-01T00:00:00.5Z, true",
    "2026-01-01T00:00:01Z, false",
    "2026-01-01T00:00:02Z, false",
    "2025-12-31T23:00Z, false",
    "2025-12-31T23:00+01:00, false",
    "yesterday, false",
    "'', false",
  })
  void anEventExpiresAfterItsExpirationIfThatIsATime(String expiration, boolean expired) {
    var now = Instant.parse("2026-01-01T00:00:01Z");
    assertThat(read("{\"expiration\":\"" + expiration + "\"}").isExpired(now)).isEqualTo(expired);
    assertThat(reader
            .read(ScriptedMessage.of("x")
                .as("application/octet-stream")
                .with(Map.of("ce_expiration", expiration)))
            .isExpired(now))
        .isEqualTo(expired);
  }

  @Test
  void anExpirationThatIsNoTextIsNone() {
    assertThat(read("{\"expiration\":1}").isExpired(Instant.MAX)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":", "{\"data\":", "{\"data_base64\":"})
  void aBombOfNestingIsRefused(String start) {
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(() -> read(start + "[".repeat(1_000_000)))
        .withMessage("the message is no CloudEvent: its JSON is nested deeper than 500 levels");
  }

  @Test
  void numbersBeyondAllTypesAreRefusedAsAttributesAndPassedOnAsData() {
    String digits = "1".repeat(100_000);
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(() -> read("{\"a\":" + digits + "}"))
        .withMessageEndingWith("it has an attribute of more than 1000 digits");
    assertThatExceptionOfType(MalformedEventException.class)
        .isThrownBy(() -> read("{\"a\":1e99999999999}"))
        .withMessageEndingWith("it has an attribute whose exponent is out of all range");
    assertThat(data("{\"data\":" + digits + JSON)).isEqualTo(digits);
  }

  @Test
  void brokenUtf8IsRepairedInWhatIsReadAndKeptInWhatIsPassedOn() {
    byte[] broken = ("{\"id\":\"a?\",\"data\":{\"b\":\"?\"}" + JSON).getBytes(UTF_8);
    for (int i = 0; i < broken.length; i++) {
      broken[i] = broken[i] == '?' ? (byte) 0xff : broken[i];
    }
    var event = reader.read(ScriptedMessage.of(broken));
    assertThat(event.attribute("id")).isEqualTo("a\ufffd");
    assertThat(event.data()).asString(UTF_8).isEqualTo("{\"b\":\"\ufffd\"}");
    assertThat(event.envelope()).isSameAs(broken);
  }
}
