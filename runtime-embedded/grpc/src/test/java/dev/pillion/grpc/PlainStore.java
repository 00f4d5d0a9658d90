// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import java.util.Optional;

/** A store without transactions. */
final class PlainStore implements StateStoreComponent {
  private final InMemoryStateStore store = new InMemoryStateStore();

  @Override
  public void open(ComponentContext context) {
    store.open(context);
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    return store.get(key, options, deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    store.apply(change, deadline);
  }

  @Override
  public void close() {
    store.close();
  }
}
