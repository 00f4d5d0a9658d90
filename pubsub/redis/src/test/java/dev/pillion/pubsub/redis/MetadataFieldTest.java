// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** The JSON that Go's encoder writes for a map of texts. */
class MetadataFieldTest {
  @Test
  void namesAreSortedByTheirBytesAndNothingIsSpaced() {
    assertThat(write(Map.of("b", "1", "B", "2", "a.b", "3", "", "4")))
        .isEqualTo("{\"\":\"4\",\"B\":\"2\",\"a.b\":\"3\",\"b\":\"1\"}");
    // By UTF-16 units the second would come first.
    assertThat(write(Map.of("\ufb01", "x", "\ud83d\ude00", "y")))
        .isEqualTo("{\"\ufb01\":\"x\",\"\ud83d\ude00\":\"y\"}");
  }

  @Test
  void anEmptyMapIsAnEmptyObject() {
    assertThat(write(Map.of())).isEqualTo("{}");
  }

  @Test
  void theCharactersOfHtmlAndLineSeparatorsAreEscapedAndSlashesAreNot() {
    assertThat(write(Map.of("k", "<a href='/x'>&</a>\u2028\u2029")))
        .isEqualTo("{\"k\":\"\\u003ca href='/x'\\u003e\\u0026\\u003c/a\\u003e\\u2028\\u2029\"}");
  }

  @Test
  void controlCharactersAreEscapedAsGoDoes() {
    assertThat(write(Map.of("k", "\"\\\b\f\n\r\t\u0001\u001f\u007f")))
        .isEqualTo("{\"k\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u007f\"}");
  }

  @Test
  void halfACharacterIsTheReplacementCharacter() {
    assertThat(write(Map.of("k", "a\ud800z"))).isEqualTo("{\"k\":\"a\\ufffdz\"}");
  }

  @Test
  void whatWasWrittenIsRead() {
    var metadata = Map.of("rawPayload", "true", "k", "<\u00e9\u2028\"\ud83d\ude00>");
    assertThat(MetadataField.read(MetadataField.write(metadata))).isEqualTo(metadata);
  }

  @Test
  void whatIsNoObjectOfTextsIsNoMetadata() {
    for (var json : new String[] {
      "",
      "{}",
      "null",
      "[\"a\",\"b\"]",
      "{\"a\":1234}",
      "{\"a\":{\"b\":\"c\"}}",
      "{\"a\":\"b\"",
      "{\"a\":\"b\"}x",
      "no json at all"
    }) {
      assertThat(MetadataField.read(json.getBytes(UTF_8))).as(json).isEmpty();
    }
    assertThat(MetadataField.read(null)).isEmpty();
  }

  @Test
  void nullIsTheEmptyTextAndTheLastOfTwoCounts() {
    assertThat(MetadataField.read("{\"a\":null, \"b\":\"1\", \"b\":\"2\"}".getBytes(UTF_8)))
        .isEqualTo(Map.of("a", "", "b", "2"));
  }

  private static String write(Map<String, String> metadata) {
    return new String(MetadataField.write(metadata), UTF_8);
  }
}
