// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.pubsub.spi.Message;
import dev.pillion.testkit.ManualTime;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The bytes of an outbox's events, on the internal topic and on the final one. */
class OutboxEnvelopeTest {
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final OutboxEnvelope envelope =
      new OutboxEnvelope("shop", "inner", new Stamps(new ManualTime(), ZoneOffset.UTC));

  private String written(String data, String contentType, Map<String, String> metadata) {
    return new String(
        envelope.write("outbox-1", data.getBytes(UTF_8), contentType, metadata, TRACE, "k=v"),
        UTF_8);
  }

  private static OutboxEnvelope.Waiting read(String json) {
    return OutboxEnvelope.Waiting.read(new Message() {
      @Override
      public byte[] data() {
        return json.getBytes(UTF_8);
      }

      @Override
      public Map<String, String> metadata() {
        return Map.of();
      }

      @Override
      public int attempts() {
        return 0;
      }

      @Override
      public boolean isRedelivered() {
        return false;
      }

      @Override
      public void recordAttempts(int attempts) {}
    });
  }

  @Test
  void jsonIsHeldAsJson() {
    assertThat(written("{\"b\": 1.0, \"a\": \"<\"}", "application/json", Map.of()))
        .isEqualTo(
            "{\"data\":{\"a\":\"\\u003c\",\"b\":1.0},\"datacontenttype\":\"application/json\","
                + "\"id\":\"outbox-1\",\"pubsubname\":\"inner\",\"source\":\"shop\",\"specversion\":\"1.0\","
                + "\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"\",\"traceid\":\"" + TRACE
                + "\",\"traceparent\":\"\",\"tracestate\":\"k=v\",\"type\":\"com.dapr.event.sent\"}");
  }

  @Test
  void withoutATypeItIsText() {
    assertThat(written("{\"a\":1}", "", Map.of()))
        .startsWith("{\"data\":\"{\\\"a\\\":1}\",\"datacontenttype\":\"text/plain\",");
  }

  @Test
  void bytesAreHeldInBase64() {
    assertThat(written("abc", "application/octet-stream", Map.of()))
        .startsWith("{\"data_base64\":\"YWJj\",\"datacontenttype\":\"application/octet-stream\",");
  }

  @Test
  void metadataBecomesAttributesAndOverwritesAllButIdAndData() {
    assertThat(written(
            "x",
            "",
            Map.of(
                "id", "mine",
                "data", "mine",
                "source", "elsewhere",
                "type", "placed",
                "cloudevent.subject", "s",
                "ttlInSeconds", "60")))
        .isEqualTo(
            "{\"cloudevent.subject\":\"s\",\"data\":\"x\",\"datacontenttype\":\"text/plain\","
                + "\"id\":\"outbox-1\",\"pubsubname\":\"inner\",\"source\":\"elsewhere\","
                + "\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"\",\"traceid\":\""
                + TRACE + "\",\"traceparent\":\"\",\"tracestate\":\"k=v\",\"ttlInSeconds\":\"60\","
                + "\"type\":\"placed\"}");
  }

  @Test
  void theFinalEventDiffersInItsAddressAlone() {
    var waiting = read(written("{\"n\":12345678901234567890}", "application/json", Map.of()));
    assertThat(waiting.marker()).isEqualTo("outbox-1");
    assertThat(waiting.dataContentType()).isEqualTo("application/json");
    assertThat(new String(waiting.addressedTo("bus", "news"), UTF_8))
        .as("digits are kept")
        .isEqualTo(written("{\"n\":12345678901234567890}", "application/json", Map.of())
            .replace("\"topic\":\"\"", "\"topic\":\"news\"")
            .replace("\"pubsubname\":\"inner\"", "\"pubsubname\":\"bus\""));
  }

  @Test
  void anEventWithoutATypeIsNoCrash() {
    assertThat(read("{\"id\":\"outbox-1\"}").dataContentType()).isNull();
  }

  @Test
  void whatHasNoIdIsMalformed() {
    assertThatExceptionOfType(MalformedEventException.class).isThrownBy(() -> read("{}"));
    assertThatExceptionOfType(MalformedEventException.class).isThrownBy(() -> read("{\"id\":1}"));
    assertThatExceptionOfType(MalformedEventException.class).isThrownBy(() -> read("[]"));
  }
}
