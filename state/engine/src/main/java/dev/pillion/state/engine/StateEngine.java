// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.Serializer;
import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.SharesStoredValues;
import dev.pillion.state.spi.StateStoreComponent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes what a program holds, a {@link StateStore}, of what a store implements. Immutable,
 * thread-safe.
 */
public final class StateEngine {
  private final String appId;
  private final String namespace;
  private final Serializer serializer;
  private final CallChain calls;

  /**
   * The engine of one runtime.
   *
   * @param namespace empty when there is none
   */
  public StateEngine(String appId, String namespace, Serializer serializer, CallChain calls) {
    this.appId = appId;
    this.namespace = namespace;
    this.serializer = serializer;
    this.calls = calls;
  }

  /**
   * Makes the state building block's own settings known to {@code metadata} ({@code keyPrefix},
   * encryption keys, actor and outbox settings), and collects there what is wrong with them.
   */
  public void check(String name, ComponentMetadata metadata) {
    KeyPrefix.of(name, appId, namespace, metadata);
    StateEncryption.of(name, metadata);
    metadata.accept("actorStateStore");
    OutboxSettings.of(metadata);
  }

  /** The handle of a component whose settings {@link #check} has found right. */
  public StateStore store(String name, StateStoreComponent component, ComponentMetadata metadata) {
    return store(name, component, metadata, null);
  }

  /** The same with an outbox, which takes what transactions save; null for none. */
  public StateStore store(
      String name,
      StateStoreComponent component,
      ComponentMetadata metadata,
      @Nullable StateOutbox outbox) {
    return new StoreClient(
        name,
        component,
        KeyPrefix.of(name, appId, namespace, metadata),
        new Values(
            serializer,
            StateEncryption.of(name, metadata),
            component instanceof SharesStoredValues,
            component.maxValueSize()),
        calls,
        outbox);
  }

  /** Where the store's transactions publish what they save; empty when they don't. */
  public Optional<OutboxSettings> outbox(ComponentMetadata metadata) {
    return OutboxSettings.of(metadata);
  }

  /** The rows by which the store's outbox knows what was applied. */
  public OutboxMarkers markers(String name, StateStoreComponent component) {
    return new OutboxMarkers(name, component, calls);
  }
}
