// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class MetadataTextTest {
  @Test
  void whatIsReadIsWhatWasWritten() {
    var metadata =
        Map.of("cloudevent.id", "1", "quoted \"", "line\nbreak", "empty", "", "ö", "\u0000");
    assertThat(MetadataText.read(MetadataText.write(metadata))).isEqualTo(metadata);
    assertThat(MetadataText.read(MetadataText.write(Map.of()))).isEmpty();
  }

  @Test
  void peopleCanReadIt() {
    assertThat(MetadataText.write(Map.of("b", "2", "a", "1")))
        .isEqualTo("{\"a\":\"1\",\"b\":\"2\"}");
  }
}
