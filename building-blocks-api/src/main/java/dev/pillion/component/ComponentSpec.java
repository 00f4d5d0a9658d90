// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import java.time.Duration;
import java.util.Map;

/**
 * One Dapr Component document, or the same written in code.
 *
 * @param name the component's name
 * @param type Dapr's type name, such as {@code state.redis}; case does not matter
 * @param version {@code spec.version}; empty for the type's default
 * @param metadata the settings, secrets and environment references resolved
 * @param initTimeout how long opening may take, retries included
 * @param ignoreErrors whether the runtime starts without the component when it can't be opened
 */
public record ComponentSpec(
    String name,
    String type,
    String version,
    ComponentMetadata metadata,
    Duration initTimeout,
    boolean ignoreErrors) {
  /** Dapr's default for {@code spec.initTimeout}. */
  public static final Duration DEFAULT_INIT_TIMEOUT = Duration.ofSeconds(5);

  /** A component with default version, timeout and error handling. */
  public static ComponentSpec of(String name, String type, Map<String, String> metadata) {
    return new ComponentSpec(
        name, type, "", ComponentMetadata.of(metadata), DEFAULT_INIT_TIMEOUT, false);
  }

  /** The same component with another {@code spec.version}. */
  public ComponentSpec version(String other) {
    return new ComponentSpec(name, type, other, metadata, initTimeout, ignoreErrors);
  }

  /** The same component with another {@code spec.initTimeout}; must be positive. */
  public ComponentSpec initTimeout(Duration other) {
    return new ComponentSpec(name, type, version, metadata, other, ignoreErrors);
  }
}
