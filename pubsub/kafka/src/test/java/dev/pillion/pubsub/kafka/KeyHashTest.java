// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyHashTest {
  @ParameterizedTest
  @CsvSource({
    "order-1, 2b7fcd6d, 1, 9, 1",
    "A, c40bf6cc, 1, 4, 4",
    "customer-42, fe68adbe, 0, 0, 6",
    "k, ee0c38ea, 1, 6, 10",
    "'', 811c9dc5, 0, 5, 3",
  })
  void aKeyGoesWhereDaprSendsIt(String key, String hash, int of3, int of10, int of12) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);

    assertThat(Integer.toHexString(KeyHash.of(bytes))).isEqualTo(hash);
    assertThat(KeyHash.partition(bytes, 3)).isEqualTo(of3);
    assertThat(KeyHash.partition(bytes, 10)).isEqualTo(of10);
    assertThat(KeyHash.partition(bytes, 12)).isEqualTo(of12);
  }

  @Test
  void bytesAboveAsciiAreUnsigned() {
    // FNV-1a of the one byte 0xff.
    assertThat(KeyHash.of(new byte[] {(byte) 0xff})).isEqualTo((0x811c9dc5 ^ 0xff) * 0x01000193);
  }
}
