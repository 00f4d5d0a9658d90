// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.secrets.spi.SecretStoreComponent;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Resolves what a document refers to: secrets, variables, and Dapr's placeholders within values.
 */
final class Settings {
  private final String appId;
  private final String namespace;
  private final Environment environment;
  private final Function<String, @Nullable SecretStoreComponent> secretStores;
  private final List<String> problems;

  Settings(
      String appId,
      String namespace,
      Environment environment,
      Function<String, @Nullable SecretStoreComponent> secretStores,
      List<String> problems) {
    this.appId = appId;
    this.namespace = namespace;
    this.environment = environment;
    this.secretStores = secretStores;
    this.problems = problems;
  }

  ComponentSpec resolve(ComponentDocument document) {
    var values = new LinkedHashMap<String, String>();
    var secretNames = new HashMap<String, String>();
    for (var item : document.metadata()) {
      var secret = item.secret();
      var envRef = item.envRef();
      if (secret != null) {
        secretNames.put(item.name(), secret.name());
        values.put(item.name(), secret(document, item.name(), secret));
      } else if (envRef != null && item.value() == null) {
        var refusal = environment.refusal(envRef);
        if (refusal != null) {
          problem(document, "\"%s\": the variable %s".formatted(item.name(), refusal));
        }
        var value = environment.get(envRef);
        values.put(item.name(), value == null || refusal != null ? "" : value);
      } else {
        values.put(item.name(), item.value() == null ? "" : item.value());
      }
    }
    values.replaceAll((key, value) -> filled(document, key, value));
    return new ComponentSpec(
        document.name(),
        document.type(),
        document.version(),
        ComponentMetadata.of(values, secretNames),
        document.initTimeout(),
        document.ignoreErrors());
  }

  private String secret(ComponentDocument document, String key, ComponentDocument.SecretRef ref) {
    var storeName = document.secretStore();
    if (storeName == null) {
      problem(
          document,
          "\"%s\" refers to a secret, but the document has no auth.secretStore".formatted(key));
      return "";
    }
    var store = secretStores.apply(storeName);
    if (store == null) {
      problem(document, "\"%s\": there is no secret store \"%s\"".formatted(key, storeName));
      return "";
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
    return "";
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
    return filled.replace("{namespace}", namespace + "." + appId).replace("{appID}", appId);
  }

  private void problem(ComponentDocument document, String message) {
    problems.add(document.describe() + ": " + message);
  }
}
