// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.SharesStoredValues;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The contract on a store with no more than it must have: no transactions, no bulk of its own, not
 * even arrays that it gives away.
 */
class PlainStoreTest extends StateStoreContract {
  private final ManualTime time = new ManualTime();
  private final BareStateStore store =
      BareStateStore.open(new Plain(new ReferenceStore(Flaw.RETURNS_ITS_OWN_ARRAY, time)), time);

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

  private record Plain(ReferenceStore store) implements SharesStoredValues {
    @Override
    public void open(ComponentContext context) {
      store.open(context);
    }

    @Override
    public void close() {
      store.close();
    }

    @Override
    public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
      return store.get(key, options, deadline);
    }

    @Override
    public void apply(StateChange change, Deadline deadline) {
      store.apply(change, deadline);
    }
  }
}
