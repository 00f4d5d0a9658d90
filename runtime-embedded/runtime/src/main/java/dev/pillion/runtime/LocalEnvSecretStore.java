// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.secrets.spi.SecretStoreComponent;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Dapr's {@code secretstores.local.env}: each environment variable is a secret of one field, both
 * with its name. Its only setting, {@code prefix}, is put before the name that is asked for.
 * Thread-safe.
 */
public final class LocalEnvSecretStore implements SecretStoreComponent {
  private final UnaryOperator<@Nullable String> environment;
  private final String prefix;

  LocalEnvSecretStore(UnaryOperator<@Nullable String> environment, String prefix) {
    this.environment = environment;
    this.prefix = prefix;
  }

  @Override
  public String type() {
    return "secretstores.local.env";
  }

  @Override
  public void open(ComponentContext context) {}

  @Override
  public Map<String, String> secret(String name) {
    // Dapr never hands out its own variables this way.
    if (Environment.isReserved(name) || Environment.isReserved(prefix + name)) {
      return Map.of();
    }
    var value = environment.apply(prefix + name);
    return value == null ? Map.of() : Map.of(name, value);
  }

  @Override
  public void close() {}

  /** Makes environment secret stores over the variables that the runtime was given. */
  static final class Provider implements ComponentProvider {
    private final Environment environment;

    Provider(Environment environment) {
      this.environment = environment;
    }

    @Override
    public String type() {
      return "secretstores.local.env";
    }

    @Override
    public Component create(ComponentSpec spec) {
      return new LocalEnvSecretStore(
          environment::get, spec.metadata().text("prefix").orElse(""));
    }
  }
}
