// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class ContiguousOffsetsTest {
  @RepeatedTest(50)
  void thePositionIsBehindTheLastOfWhichAllBeforeAreDone() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    long start = random.nextInt(100);
    var offsets = new ContiguousOffsets(start);
    var model = new TreeMap<Long, Boolean>();
    List<ContiguousOffsets.Handed> handed = new ArrayList<>();
    List<Long> handedOffsets = new ArrayList<>();
    long next = start;
    for (int i = 0; i < 500; i++) {
      if (handed.isEmpty() || random.nextInt(100) < 45) {
        next += 1 + random.nextInt(3);
        handed.add(offsets.handed(next));
        handedOffsets.add(next);
        model.put(next, false);
      } else {
        int which = random.nextInt(handed.size());
        offsets.done(handed.get(which));
        model.put(handedOffsets.get(which), true);
        if (random.nextBoolean()) {
          handed.remove(which);
          handedOffsets.remove(which);
        }
      }
      assertThat(offsets.position())
          .as("seed %d, step %d", seed, i)
          .isEqualTo(position(start, model));
    }
  }

  /** The rule, said in the plainest way. */
  private static long position(long start, TreeMap<Long, Boolean> model) {
    long position = start;
    for (var entry : model.entrySet()) {
      if (!entry.getValue()) {
        return position;
      }
      position = entry.getKey() + 1;
    }
    return position;
  }

  @Test
  void recordsAreHandedOverInOrder() {
    var offsets = new ContiguousOffsets(10);
    offsets.handed(12);

    assertThatThrownBy(() -> offsets.handed(12)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ContiguousOffsets(10).handed(9))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
