// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.concurrent.Deadline;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Changes and reads, in few words. */
final class Changes {
  private Changes() {}

  /** A key that no other test uses. */
  static String key() {
    return "orders||" + UUID.randomUUID();
  }

  static StateChange put(String key, String text) {
    return put(key, text, Condition.none(), null);
  }

  static StateChange put(String key, String text, Condition condition) {
    return put(key, text, condition, null);
  }

  static StateChange put(
      String key, String text, Condition condition, @Nullable Duration timeToLive) {
    return new StateChange.Put(
        key,
        new StateValue(text.getBytes(UTF_8), false),
        condition,
        timeToLive,
        Consistency.EVENTUAL,
        Map.of());
  }

  static StateChange strong(String key, String text) {
    return new StateChange.Put(
        key,
        new StateValue(text.getBytes(UTF_8), false),
        Condition.none(),
        null,
        Consistency.STRONG,
        Map.of());
  }

  static StateChange json(String key, String json, Condition condition) {
    return new StateChange.Put(
        key,
        new StateValue(json.getBytes(UTF_8), true),
        condition,
        null,
        Consistency.EVENTUAL,
        Map.of("contentType", "application/json"));
  }

  static StateChange delete(String key) {
    return delete(key, Condition.none());
  }

  static StateChange delete(String key, Condition condition) {
    return new StateChange.Delete(key, condition, Map.of());
  }

  static Optional<StoredValue> get(StateStoreComponent store, String key) {
    return store.get(key, ReadOptions.defaults(), Deadline.none());
  }

  static String text(StateStoreComponent store, String key) {
    return get(store, key).map(value -> new String(value.bytes(), UTF_8)).orElse("(none)");
  }

  static void apply(StateStoreComponent store, StateChange change) {
    store.apply(change, Deadline.none());
  }
}
