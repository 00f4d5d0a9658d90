// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestMetadataTest {
  @ParameterizedTest
  @ValueSource(strings = {"1", "t", "T", "TRUE", "true", "True"})
  void rawPayloadIsTrueInGosWords(String value) {
    assertThat(RequestMetadata.isRaw(Map.of("rawPayload", value))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "f", "F", "FALSE", "false", "False"})
  void rawPayloadIsFalseInGosWordsOrEmpty(String value) {
    assertThat(RequestMetadata.isRaw(Map.of("rawPayload", value))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tRUE", "yes", "on", " true", "2"})
  void anyOtherRawPayloadIsAnErrorInDaprsWords(String value) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestMetadata.isRaw(Map.of("rawPayload", value)))
        .withMessage("failed deserializing metadata. Error: rawPayload value must be a valid "
            + "boolean: actual is '" + value + "'");
  }

  @Test
  void rawPayloadHasOneSpelling() {
    assertThat(RequestMetadata.isRaw(Map.of("rawpayload", "true"))).isFalse();
    assertThat(RequestMetadata.isRaw(Map.of())).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "30, PT30S",
    "+30, PT30S",
    "030, PT30S",
    "1m30s, PT1M30S",
    "500ms, PT0.5S",
    "-5s, PT0S",
    "0, PT0S",
    "-0, PT0S",
    "9223372036, PT9223372036S",
  })
  void aTimeToLiveIsADurationOfGoOrElseSeconds(String text, Duration expected) {
    assertThat(RequestMetadata.timeToLive(Map.of("ttl", text))).isEqualTo(expected);
    assertThat(RequestMetadata.timeToLive(Map.of("TTLInseconds", text))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-5", "00", " 5", "5 ", "1.5", "5d", "9223372037", "3000000h"})
  void anInvalidTimeToLiveIsPassedOver(String text) {
    assertThat(RequestMetadata.timeToLive(Map.of("ttl", text))).isNull();
  }

  @Test
  void ttlGoesBeforeTtlInSecondsEvenWhenItIsInvalid() {
    assertThat(RequestMetadata.timeToLive(Map.of("TTL", "1s", "ttlInSeconds", "9")))
        .isEqualTo(Duration.ofSeconds(1));
    assertThat(RequestMetadata.timeToLive(Map.of("ttl", "", "ttlInSeconds", "9")))
        .isNull();
  }

  @Test
  void anEntryOfManyHasItsOwnMetadataBeforeTheRequestsOrElseNone() {
    var request = Map.of("tenant", "x", "ttl", "1s");
    assertThat(RequestMetadata.ofEntry(Map.of("ttl", "2s", "partitionKey", "A"), request))
        .isEqualTo(Map.of("tenant", "x", "ttl", "2s", "partitionKey", "A"));
    assertThat(RequestMetadata.ofEntry(Map.of(), request)).isEqualTo(request);
    assertThat(RequestMetadata.ofEntry(null, request)).isNull();
  }
}
