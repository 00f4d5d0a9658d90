// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.component.NearestName;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The component types on the class path, by Dapr's names. */
final class ComponentTypes {
  private final Map<String, ComponentProvider> providers =
      new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  ComponentTypes(Environment environment) {
    var local = new LocalEnvSecretStore.Provider(environment);
    providers.put(local.type(), local);
    for (var provider : ServiceLoader.load(ComponentProvider.class)) {
      providers.put(provider.type(), provider);
      provider.aliases().forEach(alias -> providers.put(alias, provider));
    }
  }

  /**
   * The component of a spec; null after reporting why there is none. Settings are judged by the
   * caller.
   */
  @Nullable
  Component create(ComponentSpec spec, Consumer<String> problem) {
    var provider = providers.get(spec.type());
    if (provider == null) {
      problem.accept(unknownType(spec.type()));
      return null;
    }
    var version = version(provider, spec.version());
    if (version == null) {
      problem.accept("\"%s\" has no version \"%s\"; it has %s"
          .formatted(spec.type(), spec.version(), provider.versions()));
      return null;
    }
    try {
      return provider.create(spec.version(version));
    } catch (IllegalArgumentException e) {
      problem.accept(String.valueOf(e.getMessage()));
      return null;
    }
  }

  /** Dapr takes an empty version and v0 for v1 of a type that has only one. */
  private static @Nullable String version(ComponentProvider provider, String asked) {
    var wanted = asked.toLowerCase(Locale.ROOT);
    var versions = provider.versions();
    if (wanted.isEmpty() || (versions.size() == 1 && wanted.equals("v0"))) {
      return versions.get(0);
    }
    return versions.contains(wanted) ? wanted : null;
  }

  private String unknownType(String type) {
    var artifact = artifacts().getProperty(type.toLowerCase(Locale.ROOT));
    if (artifact != null) {
      return "the type \"%s\" needs an artifact that is not on the class path; add the dependency dev.pillion:%s:%s"
          .formatted(type, artifact, PillionVersion.current());
    }
    var known = new TreeSet<>(providers.keySet());
    known.addAll(artifacts().stringPropertyNames());
    var nearest = NearestName.to(type, known);
    return "unknown type \"%s\"%s; Pillion has %s"
        .formatted(type, nearest == null ? "" : ", did you mean \"" + nearest + "\"?", known);
  }

  private static Properties artifacts() {
    return PillionVersion.properties("artifacts.properties");
  }
}
