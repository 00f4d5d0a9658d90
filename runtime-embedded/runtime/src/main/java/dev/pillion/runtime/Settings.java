// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.secrets.spi.SecretStoreComponent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Resolves what a document refers to: secrets, variables, and Dapr's placeholders within values.
 */
final class Settings {
  private static final Pattern QUOTED = Pattern.compile("\"[^\"\\\\\\n]*\"|`[^`]*`");

  private final String appId;
  private final String namespace;
  private final Environment environment;
  private final Registry registry;
  private final List<String> problems;

  Settings(
      String appId,
      String namespace,
      Environment environment,
      Registry registry,
      List<String> problems) {
    this.appId = appId;
    this.namespace = namespace;
    this.environment = environment;
    this.registry = registry;
    this.problems = problems;
  }

  /**
   * A document as its provider gets it.
   *
   * @param unresolved the settings whose reference led to nothing, which is a problem already
   */
  record Resolved(ComponentSpec spec, Set<String> unresolved) {}

  Resolved resolve(ComponentDocument document) {
    var values = new LinkedHashMap<String, String>();
    var secretNames = new HashMap<String, String>();
    var unresolved = new HashSet<String>();
    boolean namespaced = false;
    for (var item : document.metadata()) {
      var secret = item.secret();
      var envRef = item.envRef();
      String value = item.value() == null ? "" : item.value();
      if (secret != null) {
        secretNames.put(item.name(), secret.name());
        value = unquoted(secret(document, item.name(), secret));
      } else if (envRef != null && item.value() == null) {
        // Variables hold secrets as often as not: what came from one is not shown.
        secretNames.put(item.name(), "");
        value = unquoted(variable(document, item.name(), envRef));
      }
      if (value == null) {
        unresolved.add(item.name());
      }
      namespaced |= value != null && value.contains("{namespace}");
      values.put(item.name(), value == null ? "" : filled(document, item.name(), value));
    }
    var metadata = ComponentMetadata.of(values, secretNames);
    var spec = new ComponentSpec(
        document.name(),
        document.type(),
        document.version(),
        namespaced ? metadata.inNamespace() : metadata,
        document.initTimeout(),
        document.ignoreErrors());
    return new Resolved(spec, unresolved);
  }

  private @Nullable String variable(ComponentDocument document, String key, String name) {
    var refusal = environment.refusal(name);
    if (refusal != null) {
      problem(document, "\"%s\": the variable %s".formatted(key, refusal));
      return null;
    }
    return environment.get(name);
  }

  private @Nullable String secret(
      ComponentDocument document, String key, ComponentDocument.SecretRef ref) {
    var storeName = document.secretStore();
    if (storeName == null) {
      problem(
          document,
          "\"%s\" refers to a secret, but the document has no auth.secretStore".formatted(key));
      return null;
    }
    var store = registry.find(storeName, SecretStoreComponent.class);
    if (store == null) {
      // One that is left out has been reported itself.
      if (!registry.isLeftOut(storeName)) {
        problem(document, "\"%s\": there is no secret store \"%s\"".formatted(key, storeName));
      }
      return null;
    }
    try {
      var value = store.secret(ref.name()).get(ref.field());
      if (value != null && !value.isEmpty()) {
        return value;
      }
      problem(
          document,
          "\"%s\": the secret store \"%s\" has no secret \"%s\" with a field \"%s\""
              .formatted(key, storeName, ref.name(), ref.field()));
    } catch (BuildingBlockException e) {
      problem(
          document,
          "\"%s\": the secret store \"%s\" failed: %s".formatted(key, storeName, e.getMessage()));
    }
    return null;
  }

  /** Dapr takes the quotes off a secret or variable that is quoted as a whole. */
  private static @Nullable String unquoted(@Nullable String text) {
    return text != null && QUOTED.matcher(text).matches()
        ? text.substring(1, text.length() - 1)
        : text;
  }

  private String filled(ComponentDocument document, String key, String value) {
    if (value.indexOf('{') < 0) {
      return value;
    }
    var filled = value;
    while (filled.contains("{uuid}")) {
      // Each occurrence gets one of its own.
      filled = filled.replaceFirst("\\{uuid}", UUID.randomUUID().toString());
    }
    if (filled.contains("{podName}")) {
      var pod = environment.get("POD_NAME");
      if (pod == null) {
        problem(document, "\"%s\" refers to {podName} but POD_NAME is not set".formatted(key));
        pod = "";
      }
      filled = filled.replace("{podName}", pod);
    }
    var scope = namespace.isEmpty() ? "default" : namespace;
    return filled.replace("{namespace}", scope + "." + appId).replace("{appID}", appId);
  }

  private void problem(ComponentDocument document, String message) {
    problems.add(document.describe(message) + ": " + message);
  }
}
