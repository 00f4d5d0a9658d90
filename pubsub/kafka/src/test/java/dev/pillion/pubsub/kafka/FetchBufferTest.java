// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class FetchBufferTest {
  private final FetchBuffer buffer = new FetchBuffer(0, 1);

  private void fetch(int count, int size) {
    fetch(buffer, count, size);
  }

  private static void fetch(FetchBuffer into, int count, int size) {
    for (int i = 0; i < count; i++) {
      var record = new ConsumerRecord<byte[], byte[]>(
          "t",
          0,
          i,
          0L,
          TimestampType.CREATE_TIME,
          0,
          size,
          null,
          new byte[0],
          new RecordHeaders(),
          Optional.empty());
      into.add(new KafkaMessage(record, HeaderRules.PLAIN, null, 0, false));
    }
  }

  @Test
  void fetchingPausesWhenThereAreEnoughMessagesAndGoesOnWhenHalfAreGone() {
    assertThat(buffer.pausesNow()).isFalse();
    fetch(999, 10);
    assertThat(buffer.pausesNow()).isNull();
    fetch(1, 10);
    assertThat(buffer.pausesNow()).isTrue();
    while (buffer.size() >= 500) {
      assertThat(buffer.pausesNow()).isNull();
      buffer.removeFirst();
    }
    assertThat(buffer.pausesNow()).isFalse();
  }

  @Test
  void fewLargeMessagesAreEnoughToo() {
    buffer.pausesNow();
    fetch(10, 100_000);
    assertThat(buffer.pausesNow()).isNull();
    fetch(1, 100_000);
    assertThat(buffer.pausesNow()).isTrue();
  }

  @Test
  void aBatchAlwaysFindsRoom() {
    var wide = new FetchBuffer(0, 5_000);
    wide.pausesNow();
    fetch(wide, 2_000, 10);
    assertThat(wide.pausesNow()).isNull();
  }
}
