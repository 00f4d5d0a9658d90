// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommitNoteTest {
  @Test
  void neighboursOfTheSameCountAreOneRun() {
    var attempts = new TreeMap<Long, Integer>();
    attempts.put(100L, 1);
    attempts.put(101L, 1);
    attempts.put(102L, 1);
    attempts.put(107L, 3);

    assertThat(new CommitNote(2_100, attempts).write(100)).isEqualTo("pillion/1 2000 0-2x1,7x3");
    assertThat(CommitNote.clean(100).write(100)).isEqualTo("pillion/1 0");
  }

  @RepeatedTest(20)
  void whatIsWrittenIsRead() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    long committed = random.nextInt(1_000_000);
    var attempts = new TreeMap<Long, Integer>();
    for (int i = random.nextInt(100); i > 0; i--) {
      attempts.put(committed + random.nextInt(200), 1 + random.nextInt(3));
    }
    var note = new CommitNote(committed + random.nextInt(3_000), attempts);

    assertThat(CommitNote.read(committed, note.write(committed)))
        .as("seed %d", seed)
        .isEqualTo(note);
  }

  @Test
  void whatIsDoneIsNotWritten() {
    var attempts = new TreeMap<Long, Integer>();
    attempts.put(5L, 2);
    attempts.put(9L, 2);

    assertThat(new CommitNote(9, attempts).write(7)).isEqualTo("pillion/1 2 2x2");
  }

  @Test
  void aNoteNeverOutgrowsWhatKafkaTakes() {
    var attempts = new TreeMap<Long, Integer>();
    IntStream.range(0, 5_000).forEach(i -> attempts.put(i * 1_000_000_000L, i + 1));

    var text = new CommitNote(0, attempts).write(0);

    assertThat(text.length()).isBetween(3_000, 4_000);
    assertThat(CommitNote.read(0, text).attempts())
        .containsEntry(0L, 1)
        .containsEntry(1_000_000_000L, 2);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "sarama",
        "pillion/2 7",
        "pillion/1",
        "pillion/1 x",
        "pillion/1 5 1x",
        "pillion/1 5 1x2;"
      })
  void whatOthersHaveWrittenIsNoNote(String metadata) {
    assertThat(CommitNote.read(42, metadata)).isEqualTo(CommitNote.clean(42));
  }
}
