// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StateValue;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;

/**
 * The rows of one store that say which transactions were applied: {@code outbox-<uuid>} without any
 * prefix, never encrypted. Thread-safe.
 */
public final class OutboxMarkers {
  private final StateStoreComponent component;
  private final CallChain calls;
  private final Call get;
  private final Call delete;

  OutboxMarkers(String store, StateStoreComponent component, CallChain calls) {
    this.component = component;
    this.calls = calls;
    this.get = Call.outbound("state", store, "get", true);
    this.delete = Call.outbound("state", store, "delete", true);
  }

  static String newKey() {
    return "outbox-" + UUID.randomUUID();
  }

  static StateChange.Put put(String key) {
    return new StateChange.Put(
        key,
        new StateValue("\"0\"".getBytes(StandardCharsets.US_ASCII), true),
        Condition.none(),
        null,
        Consistency.EVENTUAL,
        Map.of());
  }

  /**
   * Whether the marker is there.
   *
   * @throws dev.pillion.BuildingBlockException when the store does not tell
   */
  public boolean isThere(String key) {
    return calls.run(get, call -> component
        .get(key, ReadOptions.defaults(), call.context().deadline())
        .filter(value -> value.bytes().length > 0)
        .isPresent());
  }

  /**
   * Deletes the marker; fine when there is none.
   *
   * @throws dev.pillion.BuildingBlockException when the store fails
   */
  public void delete(String key) {
    calls.run(delete, call -> {
      component.apply(
          new StateChange.Delete(key, Condition.none(), Map.of()),
          call.context().deadline());
      return true;
    });
  }
}
