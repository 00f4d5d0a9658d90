// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.TransactionalStateStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The components of one runtime by name. Filled while the runtime starts, only read afterwards. */
final class Registry {
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> leftOut = new LinkedHashMap<>();

  /** One component with what its document said. */
  record Entry(
      String name,
      String version,
      Component component,
      ComponentMetadata metadata,
      Duration initTimeout,
      boolean ignoreErrors) {
    String describe() {
      return "component \"%s\" (%s/%s)"
          .formatted(name, component.type(), version.isEmpty() ? "v1" : version);
    }
  }

  void add(Entry entry) {
    entries.put(entry.name, entry);
  }

  List<Entry> entries() {
    return List.copyOf(entries.values());
  }

  /** Takes out a component that can't be used, and remembers why. */
  void leaveOut(String name, String reason) {
    entries.remove(name);
    leftOut.put(name, reason);
  }

  boolean isLeftOut(String name) {
    return leftOut.containsKey(name);
  }

  /** The component of that name if it is of that kind; null otherwise. */
  <C> @Nullable C find(String name, Class<C> kind) {
    var entry = entries.get(name);
    return entry != null && kind.isInstance(entry.component) ? kind.cast(entry.component) : null;
  }

  NoSuchComponentException missing(
      String name, Class<?> kind, String block, String notFound, String notConfigured) {
    var known = entries.values().stream()
        .filter(entry -> kind.isInstance(entry.component))
        .map(Entry::name)
        .toList();
    return new NoSuchComponentException(
        known.isEmpty() ? notConfigured : notFound, block, name, known);
  }

  List<ComponentDescription> describe() {
    return entries.values().stream()
        .map(entry -> new ComponentDescription(
            entry.name,
            entry.component.type(),
            entry.version.isEmpty() ? "v1" : entry.version,
            capabilities(entry.component),
            printable(entry.metadata)))
        .toList();
  }

  /** The implemented interfaces are the only truth; the words are Dapr's. */
  private static List<String> capabilities(Component component) {
    var capabilities = new ArrayList<String>();
    if (component instanceof StateStoreComponent) {
      capabilities.add("ETAG");
      if (component instanceof TransactionalStateStore) {
        capabilities.add("TRANSACTIONAL");
      }
      capabilities.add("TTL");
    }
    if (component instanceof PubSubComponent pubsub && pubsub.expiresMessages()) {
      capabilities.add("MESSAGE_TTL");
    }
    return capabilities;
  }

  private static Map<String, String> printable(ComponentMetadata metadata) {
    var printable = new TreeMap<String, String>();
    metadata
        .asMap()
        .forEach((key, value) ->
            printable.put(key, metadata.isSecret(key) || mayHoldSecret(key) ? "***" : value));
    return printable;
  }

  /**
   * A plain value under such a name may be a secret all the same, or a connection string with one
   * in it.
   */
  private static boolean mayHoldSecret(String key) {
    var lower = key.toLowerCase(Locale.ROOT);
    return List.of(
            "password", "secret", "token", "key", "cert", "connectionstring", "url", "username")
        .stream()
        .anyMatch(word -> lower.contains(word) && !lower.equals("keyprefix"));
  }

  List<ComponentHealth> health(Duration timeout, TimeSource time) {
    var health = new ArrayList<ComponentHealth>();
    entries.values().forEach(entry -> health.add(health(entry, Deadline.after(timeout, time))));
    leftOut.forEach((name, reason) ->
        health.add(new ComponentHealth(name, ComponentHealth.Status.ABSENT, reason)));
    return List.copyOf(health);
  }

  private static ComponentHealth health(Entry entry, Deadline deadline) {
    try {
      entry.component.probe(deadline);
      return new ComponentHealth(entry.name, ComponentHealth.Status.READY, null);
    } catch (RuntimeException e) {
      return new ComponentHealth(entry.name, ComponentHealth.Status.DEGRADED, reason(e));
    }
  }

  /** Our own exceptions are made to be shown; what a driver's message holds nobody knows. */
  private static String reason(Throwable e) {
    return e instanceof BuildingBlockException
        ? String.valueOf(e.getMessage())
        : e.getClass().getName();
  }

  /**
   * What a failed start tells: the component, how often it was tried, and the backend's own words.
   */
  static ComponentException failedToOpen(Entry entry, int attempts, Throwable e) {
    return new ComponentException(
        "ERR_COMPONENT_INIT",
        "%s could not be opened (%s): %s"
            .formatted(
                entry.describe(),
                attempts == 1
                    ? "1 attempt"
                    : attempts + " attempts within " + entry.initTimeout.toMillis() + " ms",
                reason(e)),
        e instanceof ComponentException component && component.isTransient(),
        e);
  }
}
