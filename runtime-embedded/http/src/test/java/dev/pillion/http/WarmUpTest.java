// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

/** One call before the first. */
class WarmUpTest {
  private static boolean runs(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith(name));
  }

  @Test
  void itIsAWholeCallThatLeavesNothingBehind() throws Exception {
    assertThat(WarmUp.callOnce(Asking.options(3000))).asString().isEqualTo("ok");
    await("Jetty's threads end").atMost(Asking.PATIENCE).until(() -> !runs("pillion/app-http"));
  }
}
