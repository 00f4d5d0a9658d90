// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.Resolution;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds apps at addresses that the program gives it. Registers nothing.
 *
 * <pre>{@code
 * StaticNameResolver.of("inventory", "10.0.0.2:50002", "10.0.0.3:50002").and("mail.prod", "[fd00::2]:50002")
 * }</pre>
 *
 * <p>An app is named {@code appId}, which holds for every namespace, or {@code appId.namespace},
 * which comes first for that one. Immutable but for being open, and thread-safe.
 */
public final class StaticNameResolver implements NameResolverComponent {
  private static final Duration VALID_FOR = Duration.ofHours(1);

  private final Map<String, List<PeerAddress>> apps;
  private volatile boolean open;

  private StaticNameResolver(Map<String, List<PeerAddress>> apps) {
    this.apps = Map.copyOf(apps);
  }

  /**
   * Addresses, each {@code host:port}, by app.
   *
   * @throws IllegalArgumentException when an app has no address, or one of another form
   */
  public static StaticNameResolver of(Map<String, List<String>> addresses) {
    var apps = new LinkedHashMap<String, List<PeerAddress>>();
    addresses.forEach((app, texts) -> apps.put(app, parse(app, texts)));
    return new StaticNameResolver(apps);
  }

  /** One app; {@link #and} adds more. */
  public static StaticNameResolver of(String app, String... addresses) {
    return of(Map.of(app, Arrays.asList(addresses)));
  }

  /**
   * The same with a further app, not yet open.
   *
   * @throws IllegalArgumentException when it has addresses already
   */
  public StaticNameResolver and(String app, String... addresses) {
    var more = new LinkedHashMap<>(apps);
    if (more.put(app, parse(app, Arrays.asList(addresses))) != null) {
      throw new IllegalArgumentException("app \"" + app + "\" has addresses already");
    }
    return new StaticNameResolver(more);
  }

  private static List<PeerAddress> parse(String app, List<String> texts) {
    if (app.isBlank() || texts.isEmpty()) {
      throw new IllegalArgumentException("app \"" + app + "\" needs a name and an address");
    }
    return texts.stream().map(PeerAddress::parse).toList();
  }

  @Override
  public void open(ComponentContext context) {
    open = true;
  }

  @Override
  public Registration register(AppInstance self) {
    return () -> {};
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    if (!open) {
      throw new IllegalStateException("the name resolver is not open");
    }
    var addresses = apps.get(appId + "." + namespace);
    if (addresses == null) {
      addresses = apps.get(appId);
    }
    return addresses == null ? Resolution.unknown() : new Resolution(addresses, VALID_FOR);
  }

  @Override
  public void close() {
    open = false;
  }
}
