// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.StateStore;
import java.time.Duration;
import java.time.Instant;

/** The contract on a right store whose clock the contract may move. */
class ReferenceStoreTest extends StateStoreContract {
  private final ManualTime time = new ManualTime();
  private final BareStateStore store =
      BareStateStore.open(new ReferenceStore(Flaw.NONE, time), time);

  @Override
  protected StateStore store() {
    return store;
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
