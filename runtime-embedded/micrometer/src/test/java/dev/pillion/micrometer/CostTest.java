// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.runtime.EmbeddedRuntime;
import io.micrometer.observation.ObservationRegistry;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class CostTest {
  private static final int CALLS = 10_000;
  private static final Call GET = Call.outbound("state", "orders", "get", true);

  /** An object with four references: what the chain itself makes for an interceptor. */
  private static final long ONE_SMALL_OBJECT = 32;

  @Test
  void aRegistryWithoutHandlersAddsNoGarbageToTheChainsOwn() {
    assertThat(allocatedPerCall(ObservationRegistry.create()))
        .isLessThanOrEqualTo(ONE_SMALL_OBJECT);
  }

  @Test
  void theNoopRegistryAddsNothingAtAll() {
    var builder =
        EmbeddedRuntime.builder("checkout").with(Observations.to(ObservationRegistry.NOOP));
    try (var runtime = builder.start()) {
      assertThat(allocatedPerCall(runtime.calls())).isZero();
    }
  }

  private static long allocatedPerCall(ObservationRegistry registry) {
    return allocatedPerCall(CallChain.of(List.of(new ObservedCalls(registry))));
  }

  /** The least of several rounds: compilation on the way may allocate, or take allocations away. */
  private static long allocatedPerCall(CallChain chain) {
    var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = thread.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) {
        chain.run(GET, call -> true);
      }
      least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
    }
    return least / CALLS;
  }
}
