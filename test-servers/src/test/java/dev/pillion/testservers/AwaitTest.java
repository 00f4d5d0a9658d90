// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {
  @Test
  void returnsAsSoonAsTheConditionHolds() {
    AtomicInteger asked = new AtomicInteger();
    Await.until(Duration.ofSeconds(10), () -> "never", () -> asked.incrementAndGet() == 3);
    assertThat(asked).hasValue(3);
  }

  @Test
  void saysWhatWasMissingAndWhy() {
    assertThatThrownBy(() -> Await.until(Duration.ofMillis(20), () -> "no answer", () -> {
          throw new IOException("refused");
        }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("after 20 ms: no answer")
        .hasRootCauseMessage("refused");
  }

  @Test
  void keepsTheInterruption() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Await.until(Duration.ofHours(1), () -> "no answer", () -> false))
        .hasMessage("interrupted while waiting: no answer");
    assertThat(Thread.interrupted()).isTrue();
  }
}
