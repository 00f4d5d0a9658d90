// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import java.util.Optional;

/** A store that can do no transactions: none of Pillion's is so. */
final class PlainStateStore implements StateStoreComponent {
  private final InMemoryStateStore values = new InMemoryStateStore();

  @Override
  public void open(ComponentContext context) {
    values.open(context);
  }

  @Override
  public String type() {
    return "state.plain";
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    return values.get(key, options, deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    values.apply(change, deadline);
  }

  @Override
  public void close() {
    values.close();
  }
}
