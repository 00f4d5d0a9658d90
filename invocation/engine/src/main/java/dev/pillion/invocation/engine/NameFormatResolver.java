// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.Resolution;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes an app's address from its id by a pattern such as {@code {appid}.internal:50002}: Dapr's
 * {@code nameresolution.nameformat}. Every app has an address so, whether it is there or not;
 * namespaces are not told apart. Registers nothing. Thread-safe.
 */
public final class NameFormatResolver implements NameResolverComponent {
  private static final String PLACE = "{appid}";
  private static final Duration VALID_FOR = Duration.ofHours(1);

  private final String format;
  private volatile boolean open;

  private NameFormatResolver(String format) {
    this.format = format;
  }

  /**
   * A resolver with this pattern.
   *
   * @throws IllegalArgumentException when it lacks {@code {appid}} or a port
   */
  public static NameFormatResolver of(String format) {
    var problem = problem(format);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    return new NameFormatResolver(format);
  }

  private static @Nullable String problem(String format) {
    if (!format.contains(PLACE)) {
      return "\"format\" must contain {appid}";
    }
    try {
      PeerAddress.parse(format.replace(PLACE, "app"));
      return null;
    } catch (IllegalArgumentException e) {
      return "\"format\" must make an address with a port, such as {appid}.internal:50002";
    }
  }

  @Override
  public String type() {
    return "nameresolution.nameformat";
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
    var address = format.replace(PLACE, appId);
    try {
      var parsed = PeerAddress.parse(address);
      if (HostLookup.isHost(parsed.host())) {
        return new Resolution(List.of(parsed), VALID_FOR);
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw ComponentException.failed(
        "app \"%s\" has no address: \"%s\" is no host and port".formatted(appId, address), null);
  }

  @Override
  public void close() {
    open = false;
  }

  /** Makes it from Dapr's {@code spec.nameResolution} with component {@code nameformat}. */
  public static final class Provider implements ComponentProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "nameresolution.nameformat";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var format = spec.metadata().required("format");
      var problem = format.isEmpty() ? null : problem(format);
      if (problem != null) {
        spec.metadata().problem(problem);
      }
      return new NameFormatResolver(format);
    }
  }
}
