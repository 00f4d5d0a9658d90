// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.state.StateStore;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;

/** The contract of state stores through a runtime's handle. */
class RuntimeStateStoreTest extends StateStoreContract {
  private final ManualTime time = new ManualTime();
  private final EmbeddedRuntime runtime = EmbeddedRuntime.builder("contract")
      .time(time)
      .component("statestore", new InMemoryStateStore())
      .start();

  @AfterEach
  void close() {
    runtime.close();
  }

  @Override
  protected StateStore store() {
    return runtime.state("statestore");
  }

  @Override
  protected void advance(Duration duration) {
    time.advance(duration);
  }

  @Override
  protected Instant now() {
    return time.now();
  }
}
