// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtobufCloudEventTest {
  private static boolean isOne(String hex) {
    return ProtobufCloudEvent.isOne(HexFormat.of().parseHex(hex));
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource({
    "'', a message without fields",
    "0a0165, an id",
    "2a080a016112031a0162, an attribute of text",
    "2a090a016112043a020801, an attribute of time",
    "3202ff00, bytes that are no text",
    "42060a01741201ff, a message within",
    "7801, an unknown field",
    "08ffffffffffffffffff01, a number where a text is known",
    "7b78017c, an unknown group",
    "79000000000000000" + "07d00000000, fixed lengths",
  })
  void isOneWhenItIsWellFormed(String hex, String what) {
    assertThat(isOne(hex)).as(what).isTrue();
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource({
    "0a, a length missing",
    "0a0561, a length beyond the end",
    "0affffffffffffffffff01, a negative length",
    "0a01ff, an id that is no text",
    "2a030a01ff, a name that is no text",
    "2a020a05, a message within that is cut",
    "0001, a field zero",
    "0f01, an unknown wire type",
    "7b7801, a group without its end",
    "7b8401, a group that another one ends",
    "7c, an end without a group",
    "78ffffffffffffffffff02, a number of more than 64 bits",
    "7900, a fixed length cut",
  })
  void isNoneWhenItIsMalformed(String hex, String what) {
    assertThat(isOne(hex)).as(what).isFalse();
  }

  @Test
  void isNoneWhenItIsABombOfGroups() {
    assertThat(isOne("7b".repeat(100_000) + "7c".repeat(100_000))).isFalse();
  }
}
