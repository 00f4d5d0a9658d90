// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/** The contract through a runtime whose store is encrypted and has a prefix of its own. */
class EncryptedStateStoreTest extends StateStoreContract {
  private final ManualTime time = new ManualTime();
  private final EmbeddedRuntime runtime = EmbeddedRuntime.builder("contract")
      .time(time)
      .component(new ComponentSpec(
          "statestore",
          "state.in-memory",
          "v1",
          ComponentMetadata.of(
              Map.of(
                  "keyPrefix", "Team A", "primaryEncryptionKey", "000102030405060708090a0b0c0d0e0f"),
              Map.of("primaryEncryptionKey", "state-key")),
          Duration.ofSeconds(5),
          false))
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
