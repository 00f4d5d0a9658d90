// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import dev.pillion.Registration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Runtimes of one JVM that are built with the same one of these call each other without a socket.
 * Thread-safe.
 *
 * <pre>{@code
 * var network = InProcessNetwork.create();
 * var inventory = EmbeddedRuntime.builder("inventory").network(network)…
 * var checkout = EmbeddedRuntime.builder("checkout").network(network)…
 * }</pre>
 */
public final class InProcessNetwork {
  /** Dapr's name for the namespace of whoever has none, which nobody need say. */
  private static final String NO_NAMESPACE = "default";

  private final Map<Name, List<Object>> members = new ConcurrentHashMap<>();

  private record Name(String namespace, String appId) {}

  private InProcessNetwork() {}

  /** A network without members. */
  public static InProcessNetwork create() {
    return new InProcessNetwork();
  }

  /**
   * Adds a runtime, {@code default} being the namespace of one that has none; for the invocation
   * engine, which alone knows what a member is. Several of one app are its replicas.
   *
   * @return what takes it out again
   */
  public Registration join(String namespace, String appId, Object member) {
    var replicas =
        members.computeIfAbsent(new Name(namespace, appId), name -> new CopyOnWriteArrayList<>());
    replicas.add(member);
    return () -> replicas.remove(member);
  }

  /** The replicas of an app at this moment: empty when it has none, and unmodifiable. */
  public List<Object> replicas(String namespace, String appId) {
    return List.copyOf(members.getOrDefault(new Name(namespace, appId), List.of()));
  }

  /**
   * The ids of the apps that have a runtime now, sorted; with their namespace where it is another
   * than {@code default}.
   */
  public List<String> apps() {
    var apps = new TreeSet<String>();
    members.forEach((name, replicas) -> {
      if (!replicas.isEmpty()) {
        apps.add(
            name.namespace().equals(NO_NAMESPACE)
                ? name.appId()
                : name.appId() + "." + name.namespace());
      }
    });
    return List.copyOf(apps);
  }
}
